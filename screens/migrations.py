"""The migrations of an app: applied, pending, without a file; what can be undone, what is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Static

from screens.place import bindings_of
from screens.table_moves import TableMoves
from tui.messages import PlanAsked
from tui.model.keys import keys_of
from tui.model.migration_cells import WIDE, cells_of, columns_for, note_lines, whole_lines
from tui.model.migration_views import (
    Key,
    MigrationRow,
    MigrationsSeen,
    plan_params,
    repo_line,
    rows_of,
    view_lines,
)
from tui.model.words import duration
from tui.widgets.frame import key_sign
from tui.widgets.host_table import Column, HostTable, Row

if TYPE_CHECKING:
    from tui.operations.deck import Deck


class MigrationsScreen(TableMoves):
    """Place 4: whose views, a line each repo, then the migrations, the newest first.

    Read when it is first opened and by its key: a read starts two small BEAMs on the host.
    """

    place = "migrations"
    CSS_PATH = "migrations.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("migrations")

    def __init__(self, deck: Deck) -> None:
        super().__init__(deck)
        self._marked: set[Key] = set()
        self._rows: tuple[MigrationRow, ...] = ()
        self._drawn: MigrationsSeen | None = None
        self._reading = False
        self._planned = False

    def compose_body(self) -> ComposeResult:
        """Head, table, notes."""
        yield Static(Content(""), id="head")
        yield HostTable()
        yield Static(Content(""), id="chosen")
        yield Static(Content(""), id="notes")

    def on_mount(self) -> None:
        """Read once, if nothing was read before; the age moves once a second."""
        self.set_interval(1.0, self.refresh_head)
        self.query_one(HostTable).focus()
        if self.deck.migrations is None:
            self.action_read()
        self.refresh_migrations()

    def on_screen_resume(self) -> None:
        """After a plan of this screen, what it may have changed is read again."""
        if self._planned:
            self.action_read()
        self.refresh_migrations()

    def on_resize(self) -> None:
        """Other columns may fit now."""
        self.refresh_migrations()

    # -- reading -------------------------------------------------------------------------

    def action_read(self) -> None:
        """Ask the migration host's node and the code on its disk, once."""
        if not self._reading:
            self._reading = True
            self.refresh_head()
            self._read()

    @work(group="read", exclusive=False)
    async def _read(self) -> None:
        from tui.operations.migration_read import read_both

        context = self.deck.context
        try:
            self.deck.migrations = await read_both(context, context.migration_host)
        finally:
            self._reading = False
        self.refresh_migrations()
        self.refresh_frame()

    # -- painting ------------------------------------------------------------------------

    def refresh_migrations(self) -> None:
        """Draw everything as it was read last; costs nothing if nothing changed."""
        if not self.is_current or not self.size.width:
            return
        seen = self.deck.migrations
        if seen is not self._drawn:
            self._drawn = seen
            self._rows = rows_of(seen) if seen is not None else ()
            self._marked &= {row.key for row in self._rows}
        width = self.size.width - 1
        rows = [
            Row(_name(row.key), cells_of(row, wide=width >= WIDE), row.key in self._marked)
            for row in self._rows
        ]
        nothing = "reading" if self._reading else "nothing is known yet"
        columns = tuple(Column(*column) for column in columns_for(width, self._rows))
        self.query_one(HostTable).show(columns, rows, nothing=nothing)
        self._draw_chosen()
        self._draw_notes(seen)
        self.refresh_head()

    def refresh_head(self) -> None:
        """Whose views these are, and how old."""
        if not self.is_current:
            return
        seen = self.deck.migrations
        lines: list[Content] = []
        if seen is not None:
            lines += [Content(f" {line}") for line in view_lines(seen)]
            lines += [Content.styled(f" {repo_line(seen, repo)}", "bold") for repo in seen.repos]
        lines.append(Content.styled(f" {self._age(seen)}", "$foreground-muted"))
        self.query_one("#head", Static).update(Content("\n").join(lines))

    def _age(self, seen: MigrationsSeen | None) -> str:
        keys = keys_of("migrations", self.deck.config.keys)
        sign = next(key_sign(key.keys) for key in keys if key.id == "read_migrations")
        host = self.deck.context.migration_host
        if self._reading:
            return f"asking {host or 'no host'}: its node, then the code on its disk"
        if seen is None:
            return f"{sign} reads them: two small BEAMs on {host}, about a second of CPU"
        age = duration(max(0.0, self.deck.clock() - seen.taken_at))
        return f"read {age} ago; {sign} reads again"

    def on_host_table_highlighted(self) -> None:
        """What is said below follows the highlight."""
        self._draw_chosen()

    def _draw_chosen(self) -> None:
        row = self.highlighted()
        lines = whole_lines(row) if row is not None else ()
        self.query_one("#chosen", Static).update(Content("\n").join(map(Content, lines)))

    def _draw_notes(self, seen: MigrationsSeen | None) -> None:
        lines = [Content.styled(f" {line}", "$text-warning") for line in note_lines(seen)]
        if self._marked:
            lines.append(Content(f" {len(self._marked)} marked; M opens a plan for them"))
        notes = self.query_one("#notes", Static)
        notes.display = bool(lines)
        notes.update(Content("\n").join(lines))

    # -- what can be done ----------------------------------------------------------------

    def highlighted(self) -> MigrationRow | None:
        """The migration under the cursor."""
        name = self.query_one(HostTable).highlighted
        return next((row for row in self._rows if _name(row.key) == name), None)

    def action_mark(self) -> None:
        """Mark the highlighted migration, or take the mark back, and go one down."""
        row = self.highlighted()
        if row is not None:
            self._marked ^= {row.key}
            self.query_one(HostTable).move(1)
            self.refresh_migrations()

    def action_back(self) -> None:
        """Esc: forget the marks."""
        self._marked.clear()
        self.refresh_migrations()

    def action_details(self) -> None:
        """Source and judgements of the highlighted migration; never an action."""
        from screens.migration_source import MigrationSourceScreen

        row = self.highlighted()
        if row is not None:
            self.app.push_screen(MigrationSourceScreen(row))

    def action_migrate(self) -> None:
        """Open a plan: the marked ones, or all that is pending. Nothing goes down unmarked."""
        seen = self.deck.migrations
        if seen is None:
            self.notify("they have not been read yet", severity="warning", markup=False)
            return
        params = plan_params(seen, self._marked)
        if isinstance(params, str):
            self.notify(params, title="not possible", severity="warning", markup=False)
            return
        self._planned = True
        self.post_message(PlanAsked(self.deck.key, "migrate", params))

    def action_copy(self) -> None:
        """The highlighted line to the clipboard."""
        row = self.highlighted()
        if row is not None:
            self.app.copy_to_clipboard("  ".join(text for _, text, _ in cells_of(row, wide=True)))
            self.notify("copied", timeout=2, markup=False)


def _name(key: Key) -> str:
    return f"{key[0]} {key[1]}"

"""The hosts of an app: who is reachable, what runs, what would boot next, the odd one out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Input, Static

from screens.host_acts import HostActs
from screens.place import bindings_of
from tui.model.drift import odd_ones
from tui.model.host import HostView
from tui.model.host_rows import cells_of, columns_for, filter_text
from tui.model.sparks import spark_line
from tui.model.words import counted
from tui.widgets.cells import short_names
from tui.widgets.filter_line import FilterInput, FilterLine
from tui.widgets.host_table import Column, HostTable, Row
from tui.widgets.notice_panel import NoticePanel

if TYPE_CHECKING:
    from tui.operations.deck import Deck

MINUTES = 8
NAME_CELLS = 24


class HostsScreen(HostActs):
    """Place 1: the table, below it what the console noticed, errors a minute at the bottom."""

    place = "hosts"
    CSS_PATH = "hosts.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("hosts")

    def __init__(self, deck: Deck) -> None:
        super().__init__(deck)
        self._marked: set[str] = set()
        self._typed = ""
        self._errors = ""
        self._stop: Callable[[], None] | None = None

    def compose_body(self) -> ComposeResult:
        """Table, notices, filter, errors a minute."""
        yield HostTable()
        yield NoticePanel(id="notices")
        yield FilterLine()
        yield Static(Content(""), id="errors")

    def on_mount(self) -> None:
        """Follow the board; ages move once a second."""
        line = self.query_one(FilterLine)
        line.input.placeholder = "host, state, version or tool"
        line.display = False
        self._stop = self.deck.board.watch(self.refresh_hosts)
        self.set_interval(1.0, self.refresh_hosts)
        self.query_one(HostTable).focus()
        self.refresh_hosts()

    def on_unmount(self) -> None:
        """Stop following."""
        if self._stop is not None:
            self._stop()

    def on_screen_resume(self) -> None:
        """What changed while another place was in view."""
        self.refresh_hosts()

    def on_resize(self) -> None:
        """Other columns may fit now."""
        self.refresh_hosts()

    # -- painting ------------------------------------------------------------------------

    def refresh_hosts(self) -> None:
        """Draw the table and what is below it as things stand; what did not change stays."""
        if not self.is_current or not self.size.width:
            return
        now, every = self.deck.clock(), self.deck.board.views
        odd = odd_ones(every)
        wanted = self._typed.strip().lower()
        views = [view for view in every if wanted in filter_text(view, now)]
        # Without the domain that all share: what tells hosts apart is what there is room for.
        names = short_names([view.host for view in every], NAME_CELLS)
        cells = [cells_of(view, odd.get(view.host, ()), now, names[view.host]) for view in views]
        columns = tuple(
            Column(choice.key, choice.label, width, choice.right)
            for choice, width in columns_for(self.size.width - 1, cells)
        )
        rows = [
            Row(view.host, row, view.host in self._marked)
            for view, row in zip(views, cells, strict=True)
        ]
        self.query_one(HostTable).show(columns, rows, nothing=f"no host matches {self._typed}")
        self.query_one(NoticePanel).show(self.deck.notices(), self.key_signs(), names)
        self._show_filter(len(views), len(every))
        self._show_errors(every)

    def _show_filter(self, shown: int, total: int) -> None:
        line = self.query_one(FilterLine)
        line.display = bool(self._typed) or line.is_open
        hidden = counted(total - shown, "host")
        line.show(f"filter {self._typed}", f"{hidden} hidden" if shown < total else "")

    def _show_errors(self, views: tuple[HostView, ...]) -> None:
        per_minute = self.deck.store.per_minute
        counts = {view.host: per_minute(view.host, MINUTES) for view in views}
        said = spark_line("errors/min", counts, self.size.width - 1)
        if said == self._errors:
            return
        self._errors = said
        line = self.query_one("#errors", Static)
        line.display = bool(said)
        line.update(Content.styled(f" {said}", "$text-error"))

    # -- filter and marks ----------------------------------------------------------------

    def action_filter(self) -> None:
        """Narrow the table by text."""
        line = self.query_one(FilterLine)
        line.display = True
        line.open(self._typed)

    def on_input_changed(self, event: Input.Changed) -> None:
        """The table follows what is typed."""
        self._typed = event.value
        self.refresh_hosts()

    def on_filter_input_done(self, event: FilterInput.Done) -> None:
        """Keep the filter or forget it; back to the table."""
        if not event.keep:
            self._typed = ""
        self.query_one(FilterLine).close()
        self.query_one(HostTable).focus()
        self.refresh_hosts()

    def action_back(self) -> None:
        """Esc: clear the filter, then the marks."""
        if self._typed:
            self._typed = ""
        else:
            self._marked.clear()
        self.refresh_hosts()

    def action_mark(self) -> None:
        """Mark or unmark the highlighted host and go one down."""
        table = self.query_one(HostTable)
        if table.highlighted:
            self._marked ^= {table.highlighted}
            table.move(1)
            self.refresh_hosts()

    def action_mark_all(self) -> None:
        """Mark every host shown, or none if all of them are."""
        shown = set(self.query_one(HostTable).hosts)
        self._marked = set() if shown <= self._marked else self._marked | shown
        self.refresh_hosts()

    def chosen(self) -> tuple[str, ...]:
        """The marked hosts in the table's order, else the highlighted one."""
        highlighted = self.highlighted()
        return self.marked() or ((highlighted,) if highlighted else ())

    def marked(self) -> tuple[str, ...]:
        """The marked hosts in the table's order."""
        shown = self.query_one(HostTable).hosts
        return tuple(host for host in shown if host in self._marked)

    def highlighted(self) -> str:
        """The host under the cursor."""
        return self.query_one(HostTable).highlighted

    # -- what can be done ----------------------------------------------------------------

    def action_details(self) -> None:
        """Every fact of the highlighted host with its age; never an action."""
        from screens.host_details import HostDetailsScreen

        host = self.highlighted()
        if host:
            self.app.push_screen(HostDetailsScreen(self.deck, host))

    def action_copy(self) -> None:
        """The highlighted host's line to the clipboard."""
        view = self.view_of(self.highlighted())
        if view is not None:
            cells = cells_of(view, (), self.deck.clock())
            self.app.copy_to_clipboard("  ".join(f"{key} {text}" for key, text, _ in cells))
            self.notify("copied", timeout=2, markup=False)

"""Place 2: release versions by host: what runs, boots next, is whole, lies in the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Input, Static

from screens.place import bindings_of
from screens.release_acts import ReleaseActs
from tui.model.release_columns import columns, fits_apart
from tui.model.release_rows import fleet_notes, matrix, version_notes
from tui.model.words import counted, duration
from tui.widgets.cells import short_names, wrap_words
from tui.widgets.filter_line import FilterInput, FilterLine
from tui.widgets.host_table import Column, HostTable, Row

if TYPE_CHECKING:
    from tui.operations.deck import Deck

AGAIN_AFTER_S = 30.0
"""Coming back after this long reads again: what is shown must not be taken for the present."""
NAME_CELLS = 12
_STYLES = {
    "plain": "",
    "good": "$text-success",
    "warning": "$text-warning",
    "bad": "bold $text-error",
    "muted": "$foreground-muted",
}


class ReleasesScreen(ReleaseActs):
    """The matrix, how old it is, and what there is to say of the highlighted version."""

    place = "releases"
    CSS_PATH = "releases.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("releases")

    def __init__(self, deck: Deck) -> None:
        super().__init__(deck)
        self._typed = ""
        self._reading = False
        self._marked: list[str] = []

    def compose_body(self) -> ComposeResult:
        """Matrix, filter, age of what is shown, notes."""
        yield HostTable()
        yield FilterLine()
        yield Static(Content(""), id="read")
        yield Static(Content(""), id="notes")

    def on_mount(self) -> None:
        """Read once; ages move once a second."""
        line = self.query_one(FilterLine)
        line.input.placeholder = "version, branch, revision, host state or owner"
        line.display = False
        self.set_interval(1.0, self.refresh_releases)
        self.query_one(HostTable).focus()
        self.refresh_releases()

    def on_screen_resume(self) -> None:
        """Read if nothing was read, or not for a while."""
        age = self.deck.clock() - self.releases.taken_at
        if not self._reading and (not self.releases.taken_at or age > AGAIN_AFTER_S):
            self.action_read_again()
        self.refresh_releases()

    def on_resize(self) -> None:
        """Other columns may fit now."""
        self.refresh_releases()

    # -- reading -------------------------------------------------------------------------

    def action_read_again(self) -> None:
        """Read every host's folder and the store anew."""
        if not self._reading:
            self._reading = True
            self._read()
            self.refresh_releases()

    @work(group="read", exclusive=True)
    async def _read(self) -> None:
        from tui.operations.releases import read_releases

        try:
            await self.deck.settled(self.deck.config.limits.connect_timeout_s)
            self.releases = await read_releases(self.deck.context, self.deck.oplog.folder)
        finally:
            self._reading = False
            self.refresh_releases()

    # -- painting ------------------------------------------------------------------------

    def refresh_releases(self) -> None:
        """Draw the matrix and the notes as things stand."""
        if not self.is_current or not self.size.width:
            return
        now, hosts, room = self.deck.clock(), self.deck.hosts, self.size.width - 1
        apart = fits_apart(room, hosts)
        rows = matrix(self.releases, hosts, now, apart=apart)
        wanted = self._typed.strip().lower()
        shown = [(v, c) for v, c in rows if wanted in " ".join(t for _, t, _ in c).lower()]
        names = short_names(hosts, NAME_CELLS)
        fits = columns(room, hosts if apart else (), names, [cells for _, cells in shown])
        table = self.query_one(HostTable)
        nothing = f"no version matches {self._typed}" if wanted else self._nothing()
        table.show(
            tuple(Column(*fit) for fit in fits),
            [Row(v, tuple(cells), v in self._marked) for v, cells in shown],
            nothing=nothing,
        )
        self._show_lines(len(rows) - len(shown), now)

    def _nothing(self) -> str:
        if self._reading:
            return "reading every host's release folder"
        return "no release on any host" if self.releases.taken_at else "nothing was read yet"

    def _show_lines(self, hidden: int, now: float) -> None:
        line = self.query_one(FilterLine)
        line.display = bool(self._typed) or line.is_open
        said = f"{counted(hidden, 'version')} hidden" if hidden else ""
        line.show(f"filter {self._typed}", said)
        age = duration(now - self.releases.taken_at) if self.releases.taken_at else ""
        words = "reading…" if self._reading else f"read {age} ago" if age else ""
        if self._marked:
            words = f"{words}   marked: {', '.join(self._marked)}"
        self.query_one("#read", Static).update(Content(f" {words}"))
        self.query_one("#notes", Static).update(self._notes())
        self.show_shut()

    def _notes(self) -> Content:
        version = self.highlighted()
        notes = fleet_notes(self.releases)
        if version:
            notes = version_notes(self.releases, version) + notes
        room = max(10, self.size.width - 4)
        lines = [
            Content.styled(piece, _STYLES[style])
            for text, style in notes
            for piece in wrap_words(text, room)
        ]
        return Content("\n").join(lines)

    # -- moving, marks, filter -----------------------------------------------------------

    def on_host_table_highlighted(self) -> None:
        """The notes follow the highlight."""
        self.refresh_releases()

    def highlighted(self) -> str:
        """The version under the cursor; empty without one."""
        return self.query_one(HostTable).highlighted

    def marked(self) -> tuple[str, ...]:
        """The marked versions that are shown, in the order they were marked."""
        return tuple(v for v in self._marked if v in self.query_one(HostTable).hosts)

    def action_mark(self) -> None:
        """Mark a version for a comparison; a third mark takes the first one's place."""
        version = self.highlighted()
        if version in self._marked:
            self._marked.remove(version)
        elif version:
            self._marked = [*self._marked[-1:], version]
        self.refresh_releases()

    def action_filter(self) -> None:
        """Narrow the matrix by text."""
        line = self.query_one(FilterLine)
        line.display = True
        line.open(self._typed)

    def on_input_changed(self, event: Input.Changed) -> None:
        """The matrix follows what is typed."""
        self._typed = event.value
        self.refresh_releases()

    def on_filter_input_done(self, event: FilterInput.Done) -> None:
        """Keep the filter or forget it; back to the matrix."""
        if not event.keep:
            self._typed = ""
        self.query_one(FilterLine).close()
        self.query_one(HostTable).focus()
        self.refresh_releases()

    def action_back(self) -> None:
        """Esc: clear the filter, then the marks."""
        if self._typed:
            self._typed = ""
        else:
            self._marked.clear()
        self.refresh_releases()

    def action_copy(self) -> None:
        """The highlighted version's full name to the clipboard."""
        if self.highlighted():
            self.app.copy_to_clipboard(self.highlighted())
            self.notify("copied", timeout=2, markup=False)

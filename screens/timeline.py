"""The timeline: what was done to the fleet, by whom, with what outcome, and what was noted."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Input, Static

from screens.note import NoteScreen
from screens.place import bindings_of
from screens.table_place import TablePlace
from tui.errors import BeamdeckError
from tui.messages import MomentAsked
from tui.model.timeline import Entry, Filter, Kind, filtered, open_incidents
from tui.model.timeline_rows import SHOWN, cells_of, columns_for, entry_lines
from tui.model.words import counted
from tui.operations.audit_log import who_acts
from tui.operations.timeline_store import TimelineStore
from tui.widgets.filter_line import FilterInput, FilterLine
from tui.widgets.host_table import Column, HostTable, Row

if TYPE_CHECKING:
    from tui.operations.deck import Deck


class TimelineScreen(TablePlace):
    """One stream, the newest at the end; below it all of the highlighted entry."""

    place = "timeline"
    CSS_PATH = "timeline.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("timeline")

    def __init__(self, deck: Deck) -> None:
        super().__init__(deck)
        self._store = TimelineStore.beside(deck.audit.path)
        self._entries: tuple[Entry, ...] = ()
        self._problems: tuple[str, ...] = ()
        self._typed = ""

    def compose_body(self) -> ComposeResult:
        """What it is about, the stream, the filter, the entry."""
        yield Static(Content(""), id="head", markup=False)
        yield HostTable()
        yield FilterLine()
        yield Static(Content(""), id="notes", markup=False)

    def on_mount(self) -> None:
        """Read it, and stand at its end."""
        super().on_mount()
        line = self.query_one(FilterLine)
        line.input.placeholder = "text, host, kind, who"
        line.display = False
        self.query_one(HostTable).focus()
        self.action_read_again()

    def action_read_again(self) -> None:
        """Read the files anew."""
        self._read()

    @work(group="read", exclusive=True)
    async def _read(self) -> None:
        # A long audit takes a second and more: never on the screen's own thread.
        stream = await asyncio.to_thread(self._store.read)
        mine = Filter(self.deck.environment.name, self.deck.app.name)
        self._entries, self._problems = filtered(stream.entries, mine), stream.problems
        self.draw()
        self.query_one(HostTable).to_end()

    def _listed(self) -> Sequence[Entry]:
        return filtered(self._entries, Filter(text=self._typed))[-SHOWN:]

    def draw(self) -> None:
        """Everything as it was read last."""
        if not self.is_current or not self.size.width:
            return
        listed = self._listed()
        columns = tuple(Column(*c) for c in columns_for(self.size.width - 1, listed))
        rows = [Row(str(number), cells_of(entry)) for number, entry in enumerate(listed)]
        nothing = "nothing fits the filter" if self._typed else "nothing was done or noted yet"
        self.query_one(HostTable).show(columns, rows, nothing)
        hidden = len(self._entries) - len(listed)
        said = f"{counted(hidden, 'entry', 'entries')} not listed" if hidden else ""
        under_way = open_incidents(self._entries)
        incident = f"   incident open: {', '.join(under_way)}" if under_way else ""
        self.query_one("#head", Static).update(
            Content.assemble(
                (f" Timeline of {self.deck.environment.name} {self.deck.app.name}", "bold"),
                (incident, "bold $text-error"),
            )
        )
        line = self.query_one(FilterLine)
        line.display = bool(self._typed or hidden) or line.is_open
        line.show(f"filter {self._typed}", said)
        chosen = self._chosen(listed)
        lines = [(text, "plain") for text in entry_lines(chosen)] if chosen is not None else []
        problems = [(problem, "bad") for problem in self._problems[:3]]
        self.query_one("#notes", Static).update(self.folded([*problems, *lines]))

    def _chosen(self, listed: Sequence[Entry]) -> Entry | None:
        name = self.highlighted()
        return listed[int(name)] if name.isdigit() and int(name) < len(listed) else None

    # -- filter and notes ----------------------------------------------------------------

    def action_filter(self) -> None:
        """Narrow the stream by text."""
        line = self.query_one(FilterLine)
        line.display = True
        line.open(self._typed)

    def on_input_changed(self, event: Input.Changed) -> None:
        """The stream follows what is typed."""
        self._typed = event.value
        self.draw()

    def on_filter_input_done(self, event: FilterInput.Done) -> None:
        """Back to the stream, with the filter or without."""
        if not event.keep:
            self._typed = ""
        self.query_one(FilterLine).close()
        self.query_one(HostTable).focus()
        self.draw()

    def action_back(self) -> None:
        """Esc: forget the filter, then leave."""
        if self._typed:
            self._typed = ""
            self.draw()
        else:
            self.app.pop_screen()

    def action_copy(self) -> None:
        """The highlighted entry to the clipboard."""
        chosen = self._chosen(self._listed())
        if chosen is not None:
            self.app.copy_to_clipboard("\n".join(entry_lines(chosen)))
            self.notify("copied", timeout=2, markup=False)

    def action_details(self) -> None:
        """Enter: what the journal holds of that moment; I comes back."""
        chosen = self._chosen(self._listed())
        if chosen is not None:
            self.post_message(MomentAsked(self.deck.key, chosen.at, chosen.host))

    def action_note(self) -> None:
        """Write a line into it."""

        def answered(text: str | None) -> None:
            if text:
                self._add(text)

        self.app.push_screen(NoteScreen(), answered)

    @work(group="note", exclusive=False)
    async def _add(self, text: str) -> None:
        place = (self.deck.environment.name, self.deck.app.name)
        entry = Entry(self.deck.clock(), Kind.NOTE, text, *place, who=who_acts())
        try:
            await asyncio.to_thread(self._store.add, entry)
        except BeamdeckError as error:
            self.notify(error.detail, title="not written", severity="error", markup=False)
        self.action_read_again()

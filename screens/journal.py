"""The journal of an app on its hosts: merged, followed, filtered, searched, copied, exported."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from screens.journal_choices import ExportScreen, ExportTo, QueryScreen
from screens.journal_filters import JournalFilters
from screens.place import bindings_of
from tui.errors import BeamdeckError
from tui.model.journal import Entry, JournalQuery
from tui.model.timeline import Entry as Pinned
from tui.model.timeline import Kind
from tui.model.timespec import parse_since
from tui.model.words import counted
from tui.operations.audit_log import who_acts
from tui.operations.export import export_lines
from tui.operations.timeline_store import TimelineStore
from tui.widgets.filter_line import FilterLine
from tui.widgets.journal_head import JournalHead, JournalTroubles
from tui.widgets.journal_histogram import JournalHistogram
from tui.widgets.journal_view import JournalView
from tui.widgets.journal_window import Window
from tui.widgets.journal_words import (
    count_words,
    filter_words,
    nothing_because,
    query_words,
    state_words,
    store_trouble,
    troubles,
)

if TYPE_CHECKING:
    from tui.operations.deck import Deck

_MINUTES = (5, 240)
"""Least and most minutes of the line of errors."""


class JournalScreen(JournalFilters):
    """What the fleet says now, merged in time order."""

    CSS_PATH = "journal.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("journal")
    place = "journal"

    def __init__(self, deck: Deck) -> None:
        super().__init__(deck)
        self._feed_watch: Callable[[], None] | None = None
        self._sync_due = False

    def compose_body(self) -> ComposeResult:
        """Errors a minute, the entries, hosts in trouble, the filter."""
        yield JournalHead()
        yield JournalHistogram()
        yield JournalView(self.deck.store, [view.host for view in self.deck.board.views])
        yield JournalTroubles()
        yield FilterLine(self._offers, self.deck.asked)

    # -- keeping up ----------------------------------------------------------------------

    def on_mount(self) -> None:
        """Follow the feed; once a second what goes with the clock. (Place's own runs as well.)"""
        self._feed_watch = self.deck.feed.watch(self._feed_changed)
        self.set_interval(1.0, self._tick)
        self.view.reader.carded = self.deck.diagnosis.marks
        self.view.focus()
        self._tick()

    def on_unmount(self) -> None:
        """Stop following the feed."""
        if self._feed_watch is not None:
            self._feed_watch()
            self._feed_watch = None

    def on_screen_resume(self) -> None:
        """Take over what came while another place was in view."""
        self._feed_changed()

    def _feed_changed(self) -> None:
        if not self._sync_due and self.is_current:
            self._sync_due = True
            self.call_later(self._sync)

    def _sync(self) -> None:
        self._sync_due = False
        if not self.is_attached or not self.is_current:
            return
        self.view.sync(self.deck.clock())
        self.say()

    def _tick(self) -> None:
        if not self.is_current:
            return
        self._sync()
        now = self.deck.clock()
        since = parse_since(self.deck.feed.query.since, now)
        minutes = min(max(_MINUTES[0], int((now - since) / 60) + 1), _MINUTES[1])
        errors = self.deck.store.per_minute(None, minutes)
        self.query_one(JournalHead).show_errors(errors, now)
        histogram = self.query_one(JournalHistogram)
        if histogram.display:
            histogram.show(self.deck.store.lines_per_minute(minutes), errors, now)

    def on_journal_view_changed(self) -> None:
        """Counts and states, once a frame."""
        self.say()

    def say(self) -> None:
        """Counts, states and the filter, as they stand."""
        if self.filter.problem and not self._given_up:
            # A pattern that was given up lets everything pass: what it listed so far is no answer.
            self._filter_by(self.filter)
            return
        summary = self.view.summary
        counts = count_words(summary)
        states = self.deck.feed.states
        if not summary.listed:
            self.view.say_instead(nothing_because(states, self.deck.feed.query, summary))
        # Without entries their place says it already.
        said = troubles(states) if summary.held else []
        said += store_trouble(self.deck.store.problem, summary.held)
        self.query_one(JournalTroubles).show(said)
        self.query_one(JournalHead).show(query_words(self.deck.feed.query), state_words(summary))
        self.query_one(FilterLine).show(
            filter_words(self.filter, self._typed, self._only_hits),
            f"{self.note}   {counts}" if self.note else counts,
            self.filter.problem,
        )

    def action_histogram(self) -> None:
        """Show lines and errors a minute above the entries, or hide them."""
        histogram = self.query_one(JournalHistogram)
        histogram.display = not histogram.display
        self._tick()

    # -- asking --------------------------------------------------------------------------

    def action_since(self) -> None:
        """Ask for since, until and boot, and read anew from the hosts."""

        def answered(query: JournalQuery | None) -> None:
            if query is not None:
                self._read(query)

        self.app.push_screen(QueryScreen(self.deck.feed.query, self.deck.clock), answered)

    def _read(self, query: JournalQuery) -> None:
        try:
            self.deck.feed.restart(query)
        except BeamdeckError as error:
            self.notify(error.detail, title=error.title, severity="error", markup=False)
            return
        if self.view.summary.paused:
            self.view.pause()
        self._move(Window.follow)
        self._tick()
        self.say()

    def action_pin(self) -> None:
        """The highlighted entry into the timeline, where it outlives the journal."""
        entry = self.view.highlighted
        if entry is not None:
            self.run_worker(self._pin(entry), group="pin", exclusive=False)

    async def _pin(self, entry: Entry) -> None:
        pinned = Pinned(
            entry.at_us / 1e6,
            Kind.PIN,
            entry.message,
            self.deck.environment.name,
            self.deck.app.name,
            host=entry.host,
            who=who_acts(),
            cursor=entry.cursor,
        )
        try:
            await asyncio.to_thread(TimelineStore.beside(self.deck.audit.path).add, pinned)
        except BeamdeckError as error:
            self.notify(error.detail, title="not pinned", severity="error", markup=False)
        else:
            self.notify("pinned: I shows the timeline", timeout=2, markup=False)

    def action_export(self) -> None:
        """Write what is listed into a file that is asked for."""
        now = datetime.fromtimestamp(self.deck.clock(), UTC)
        name = f"{self.deck.app.name}-journal-{now:%Y%m%d-%H%M%S}.txt"
        count = counted(self.view.summary.listed, "entry", "entries")

        def answered(to: ExportTo | None) -> None:
            if to is not None:
                self.run_worker(self._export(self.view.listed(), to), group="export")

        self.app.push_screen(ExportScreen(count, name), answered)

    async def _export(self, entries: Sequence[Entry], to: ExportTo) -> None:
        try:
            await asyncio.to_thread(export_lines, entries, to.path, replace=to.replace)
        except BeamdeckError as error:
            said = f"{error.detail}. {error.remedy}".strip()
            self.notify(said, title=error.title, severity="error", markup=False)
        else:
            count = counted(len(entries), "entry", "entries")
            self.notify(f"{count} in {to.path}", markup=False)

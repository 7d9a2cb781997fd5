"""The journal of an app on its hosts: merged, followed, filtered, searched, copied, exported."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Input

from screens.journal_choices import ExportScreen, ExportTo, HostsChoice, QueryScreen
from screens.journal_moves import JournalMoves
from screens.place import bindings_of
from tui.errors import BeamdeckError
from tui.model.journal import Entry, JournalQuery, Level
from tui.model.query import Query
from tui.model.query_line import completions, parse_query
from tui.model.timespec import parse_since
from tui.model.words import counted
from tui.operations.diagnosis import line_key
from tui.operations.export import export_lines
from tui.widgets.filter_line import FilterInput, FilterLine
from tui.widgets.journal_head import JournalHead, JournalTroubles
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

_LEVELS = (None, Level.INFO, Level.WARNING, Level.ERROR)
"""What `L` goes through, from everything to the worst."""
_ASKED = 100
"""Queries of this run that are remembered."""
_MINUTES = (5, 240)
"""Least and most minutes of the line of errors."""


class JournalScreen(JournalMoves):
    """What the fleet says now, merged in time order."""

    CSS_PATH = "journal.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("journal")
    place = "journal"

    def __init__(self, deck: Deck) -> None:
        super().__init__(deck)
        self._typed = ""
        self._only_hits = True
        self._given_up = False
        self._feed_watch: Callable[[], None] | None = None
        self._sync_due = False

    def compose_body(self) -> ComposeResult:
        """Errors a minute, the entries, hosts in trouble, the filter."""
        yield JournalHead()
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
        self.query_one(JournalHead).show_errors(self.deck.store.per_minute(None, minutes), now)

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

    # -- the filter ----------------------------------------------------------------------

    def action_filter(self) -> None:
        """Type the filter in place."""
        self.remark("")
        self.query_one(FilterLine).open(self._typed)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter as it is typed."""
        line = self.query_one(FilterLine)
        if line.is_open and event.value != self._typed:
            self._typed = event.value
            self._filter_by_typed()

    def on_filter_input_done(self, message: FilterInput.Done) -> None:
        """Keep what was typed, or forget it; the keys are the list's again."""
        self.query_one(FilterLine).close()
        self.view.focus()
        if not message.keep:
            self._clear_text()
        elif self._typed.strip():
            asked = self.deck.asked
            if self._typed in asked:
                asked.remove(self._typed)
            asked.append(self._typed)
            del asked[:-_ASKED]

    def on_filter_input_switched(self) -> None:
        """Tab while typing does what `o` does in the list."""
        self.action_only_hits()

    def action_only_hits(self) -> None:
        """List only what the text lets through, or everything with the hits marked."""
        self._only_hits = not self._only_hits
        self._filter_by(self.filter)

    def action_level(self) -> None:
        """From all levels to the worse ones, and round."""
        levels = [*_LEVELS, None]
        level = self.filter.worse
        after = levels[levels.index(level) + 1] if level in _LEVELS else None
        self._filter_by(replace(self.filter, worse=after))

    def action_which_hosts(self) -> None:
        """Choose the hosts whose entries are listed."""
        says = {
            host: f"{state.word}  {state.detail}".rstrip()
            for host, state in self.deck.feed.states.items()
        }
        hosts = [view.host for view in self.deck.board.views]

        def answered(chosen: frozenset[str] | None) -> None:
            if chosen is not None:
                self.show_only(chosen)

        self.app.push_screen(HostsChoice(hosts, self.filter.hosts, says), answered)

    def show_only(self, hosts: frozenset[str]) -> None:
        """List entries of these hosts only; of every host if it is empty."""
        self._filter_by(replace(self.filter, hosts=hosts))

    def show_line(self, entry: Entry) -> None:
        """Highlight an entry; a filter that hides it goes."""
        if not self.filter.matches(entry):
            self._typed = ""
            self._filter_by(Query())
        self.view.sync(self.deck.clock())
        wanted = line_key(entry)
        self.view.seek(lambda other: line_key(other) == wanted, False)

    def action_back(self) -> None:
        """Esc: the filter's text goes."""
        self.remark("")
        self._clear_text()

    def _clear_text(self) -> None:
        if self._typed:
            self._typed = ""
            self._filter_by_typed()

    def _offers(self, typed: str) -> list[str]:
        """How what is typed may go on: what was asked before, then the fields and their values."""
        hosts = [view.host for view in self.deck.board.views]
        before = [line for line in reversed(self.deck.asked) if line.startswith(typed) and typed]
        return before + completions(typed, hosts, self.deck.config.queries)

    def _filter_by_typed(self) -> None:
        hosts = [view.host for view in self.deck.board.views]
        saved = self.deck.config.queries
        asked = parse_query(self._typed, self.deck.clock(), hosts, saved)
        self._filter_by(replace(asked, worse=self.filter.worse, hosts=self.filter.hosts))

    def _filter_by(self, asked: Query) -> None:
        self.filter = asked
        self._given_up = bool(asked.problem)
        hiding = asked if self._only_hits else replace(asked, terms=())
        self.note = ""
        hits = asked.spans if asked.has_text else None
        self.view.filter_by(None if hiding.empty else hiding, hits)
        self.say()

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

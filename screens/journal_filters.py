"""The journal's filter: typed, by keys, put aside."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from textual.widgets import Input

from screens.journal_choices import HostsChoice
from screens.journal_moves import JournalMoves
from tui.model.journal import Entry, Level
from tui.model.query import Query, Want
from tui.model.query_line import completions, parse_query
from tui.model.trail import trail_of
from tui.widgets.filter_line import FilterInput, FilterLine
from tui.widgets.journal_window import Window

if TYPE_CHECKING:
    from tui.operations.deck import Deck

_LEVELS = (None, Level.INFO, Level.WARNING, Level.ERROR)
"""What `L` goes through, from everything to the worst."""
_ASKED = 100
"""Queries of this run that are remembered."""


class JournalFilters(JournalMoves):
    """Filters the entries; the subclass says how that stands."""

    def __init__(self, deck: Deck) -> None:
        super().__init__(deck)
        self._typed = ""
        self._only_hits = True
        self._given_up = False
        self._put_aside: tuple[str, Query] | None = None

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

    def action_around(self) -> None:
        """List everything around the highlighted entry, whatever was filtered; then that again."""
        if not self.filter.empty:
            self._put_aside = self._typed, self.filter
            self._typed = ""
            # What is highlighted stays, also where the list was followed.
            self.view.move(Window.hold)
            self._filter_by(Query())
            self.view.move(lambda window: window.place(window.highlighted, window.height // 2))
            self.remark("a: the filter again")
        elif self._put_aside is not None:
            self._typed, asked = self._put_aside
            self._put_aside = None
            self._filter_by(asked)
        else:
            self.remark("everything is listed")

    def action_trail(self) -> None:
        """List what belongs to the request of the highlighted entry, else to its process."""
        entry = self.view.highlighted
        line = "" if entry is None else trail_of(entry)
        if not line:
            self.remark("it names no request and no process")
            return
        self._typed, self._only_hits = line, True
        self._filter_by_typed()

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
        own = Want("pid", (str(entry.pid),))
        at_us, hosts = entry.at_us, frozenset({entry.host})
        self.view.seek(Query(hosts=hosts, wants=(own,), since_us=at_us, until_us=at_us), False)

    def show_moment(self, at_us: int, host: str) -> None:
        """Highlight the last entry up to a time, of a host or (empty) of all; filters go."""
        self._typed = ""
        self._filter_by(Query())
        self.view.sync(self.deck.clock())
        self.view.move(Window.follow)
        hosts = frozenset({host}) if host in self.deck.hosts else frozenset[str]()
        self.view.seek(Query(hosts=hosts, until_us=at_us), False)

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

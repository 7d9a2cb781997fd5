"""The keys of the journal that act on what is listed: moving, searching, details, copy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from screens.entry import EntryScreen, clip_of
from screens.place import Place
from tui.model.journal import EntryKind
from tui.model.journal_text import format_line
from tui.model.query import ERRORS, WARNINGS, Query
from tui.widgets.journal_view import JournalView
from tui.widgets.journal_window import Window

if TYPE_CHECKING:
    from tui.operations.deck import Deck


class JournalMoves(Place):
    """Moves and searches in the entries; the subclass says what is listed and how that is."""

    def __init__(self, deck: Deck) -> None:
        super().__init__(deck)
        self.filter = Query()
        self.note = ""

    def say(self) -> None:
        """Draw the lines around the entries; the subclass does."""
        raise NotImplementedError

    def remark(self, note: str) -> None:
        """Say something beside the counts until the next movement."""
        if note != self.note:
            self.note = note
            self.say()

    @property
    def view(self) -> JournalView:
        """The entries."""
        return self.query_one(JournalView)

    # -- moving --------------------------------------------------------------------------

    def _move(self, how: Callable[[Window], None]) -> None:
        self.remark("")
        self.view.move(how)

    def action_down(self) -> None:
        """To the next entry."""
        self._move(Window.down)

    def action_up(self) -> None:
        """To the entry before."""
        self._move(Window.up)

    def action_top(self) -> None:
        """To the oldest entry."""
        self._move(Window.top)

    def action_bottom(self) -> None:
        """To the newest entry, and follow."""
        self._move(Window.follow)

    def action_page_down(self) -> None:
        """A page on."""
        rows = max(1, self.view.size.height - 1)
        self._move(lambda window: window.page(rows))

    def action_page_up(self) -> None:
        """A page back."""
        rows = max(1, self.view.size.height - 1)
        self._move(lambda window: window.page(-rows))

    def action_follow(self) -> None:
        """Keep to the end, or stay where it is."""
        following = self.view.summary.following
        if self.view.summary.paused:
            self.view.pause()
        self._move(Window.hold if following else Window.follow)

    def action_pause(self) -> None:
        """Stand still while entries go on being held, or go on."""
        self.remark("")
        self.view.pause()

    def action_wrap(self) -> None:
        """Wrap long lines, or cut them."""
        self.view.wrap()

    def action_unfold(self) -> None:
        """Show all lines of the highlighted entry, or fold it."""
        self.view.unfold()

    def action_details(self) -> None:
        """Everything of the highlighted entry."""
        entry = self.view.highlighted
        if entry is not None:
            self.app.push_screen(EntryScreen(entry, self.deck.diagnosis.of(entry)))

    def action_cards(self) -> None:
        """The cards, that of the highlighted entry in front."""
        entry = self.view.highlighted
        cards = self.deck.diagnosis.of(entry) if entry is not None else []
        self.show_cards(cards[0] if cards else None)

    def action_copy(self) -> None:
        """Copy the highlighted entry, by this key only."""
        entry = self.view.highlighted
        if entry is not None:
            self.app.copy_to_clipboard(clip_of(format_line(entry)))
            self.remark("copied")

    # -- searching -----------------------------------------------------------------------

    def action_next_hit(self) -> None:
        """To the next hit of the filter's text."""
        self._seek_hit(True)

    def action_previous_hit(self) -> None:
        """To the hit before."""
        self._seek_hit(False)

    def _seek_hit(self, forward: bool) -> None:
        if not self.filter.has_text:
            self.remark("no text to find: / takes one")
        else:
            self.view.seek(self._hits, forward)

    @property
    def _hits(self) -> Query:
        """What is a hit: the texts of the filter, and no gap."""
        return replace(self.filter, kinds=frozenset(EntryKind) - {EntryKind.GAP})

    def action_next_error(self) -> None:
        """To the next error or worse."""
        self.view.seek(ERRORS, True)

    def action_previous_error(self) -> None:
        """To the error before."""
        self.view.seek(ERRORS, False)

    def action_next_warning(self) -> None:
        """To the next warning."""
        self.view.seek(WARNINGS, True)

    def action_previous_warning(self) -> None:
        """To the warning before."""
        self.view.seek(WARNINGS, False)

    def on_journal_view_sought(self, message: JournalView.Sought) -> None:
        """Say where a search went that did not simply go on."""
        if not message.found:
            self.remark("none")
        elif message.went_round:
            self.remark("from the top" if message.forward else "from the end")
        else:
            self.remark("")

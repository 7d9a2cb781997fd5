"""How one host's journal stream stands, as a word with its reason, told at each change."""

from __future__ import annotations

from collections.abc import Callable

from tui.model.host import Link, LinkState
from tui.model.journal import FeedState, FeedWord
from tui.operations.link_gap import link_words

VOLATILE_HINT = "this host forgets its journal at a reboot: it has no /var/log/journal"
_ON_A_LINK = (FeedWord.LIVE, FeedWord.READING)
_FOR_A_LINK = (FeedWord.WAITING, FeedWord.RESUMING)


class Standing:
    """The state of one host's stream; `report` gets each new one."""

    def __init__(
        self, host: str, clock: Callable[[], float], report: Callable[[str, FeedState], None]
    ) -> None:
        self.state = FeedState(since=clock())
        self.volatile: bool | None = None
        self._host = host
        self._clock = clock
        self._report = report

    @property
    def word(self) -> FeedWord:
        """The state in a word."""
        return self.state.word

    def say(self, word: FeedWord, detail: str = "", hint: str = "") -> None:
        """It stands so from now on; `since` stays where the word does."""
        before = self.state
        if word is FeedWord.LIVE and self.volatile and not hint:
            hint = VOLATILE_HINT
        since = before.since if word is before.word else self._clock()
        self.state = FeedState(word, detail, since, hint, self.volatile)
        if self.state != before:
            self._report(self._host, self.state)

    def note_link(self, link: Link) -> None:
        """What a change of the link means for a stream that waits for it or runs on it."""
        if self.word in _FOR_A_LINK and not link.usable:
            self.say(self.word, link_words(link))
        elif self.word in _ON_A_LINK and link.state is LinkState.STALE:
            self.say(FeedWord.STALE, link_words(link))
        elif self.word is FeedWord.STALE and link.state is LinkState.UP:
            self.say(FeedWord.LIVE)

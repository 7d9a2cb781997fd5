"""A time without a link, as an entry where it was: opened when lost, closed by what came after."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from tui.model.host import Link
from tui.model.journal import Entry, EntryKind, Level
from tui.model.words import clock as clock_word
from tui.model.words import duration


class Sink(Protocol):
    """Who gets the entries of a follower."""

    async def take(self, host: str, entries: Sequence[Entry], *, past: bool) -> None:
        """The host's next entries; `past`: from before the reading began. May hold it up."""
        ...

    def amend(self, host: str, entry: Entry) -> bool:
        """Put the entry in the place of the host's last; False if that is out of reach."""
        ...

    def set_skew(self, host: str, seconds: float) -> None:
        """The host's clock is so far ahead of ours."""
        ...

    def skew(self, host: str) -> float:
        """How far the host's clock is taken to be ahead."""
        ...


def remark(host: str, text: str, at_us: int) -> Entry:
    """An entry of this console among the host's."""
    return Entry(host, at_us, Level.WARNING, EntryKind.GAP, text)


class LinkGap:
    """The one gap of a host that may be open."""

    def __init__(self, host: str, sink: Sink, clock: Callable[[], float]) -> None:
        self._host = host
        self._sink = sink
        self._clock = clock
        self._lost_at: float | None = None
        self._back_at: float | None = None

    @property
    def open(self) -> bool:
        """Whether a link was lost and what came after has not told yet what it cost."""
        return self._lost_at is not None

    async def begin(self, link: Link) -> None:
        """The link was lost: say so, unless that is said already."""
        if self._lost_at is None:
            self._lost_at = link.heard_at or self._clock()
            await self._sink.take(self._host, [self._entry("resuming")], past=False)
        self._back_at = None

    def reached(self) -> None:
        """A stream stands again; what it shows will come."""
        self._back_at = self._clock()

    def nothing_came(self) -> None:
        """The stream stands, but the entry that was read last did not come again."""
        if self._lost_at is not None:
            self._sink.amend(self._host, self._entry("connected again, nothing came since"))

    def close(self, words: str) -> list[Entry]:
        """Say at the gap how it ended; what must be added because the gap is out of reach."""
        if self._lost_at is None:
            return []
        after = duration((self._back_at or self._clock()) - self._lost_at)
        entry = self._entry(f"resumed after {after}" + (f", {words}" if words else ""))
        self._lost_at = None
        return [] if self._sink.amend(self._host, entry) else [entry]

    def _entry(self, words: str) -> Entry:
        lost_at = self._lost_at or 0.0
        at_us = round((lost_at + self._sink.skew(self._host)) * 1e6)
        return remark(self._host, f"link lost {clock_word(lost_at)}, {words}", at_us)


def link_words(link: Link) -> str:
    """The state of a link with what is known of it, for a follower's state."""
    heard = "" if link.heard_at is None else f", last heard {clock_word(link.heard_at)}"
    return f"{link.state.value}{heard}" + (f": {link.detail}" if link.detail else "")

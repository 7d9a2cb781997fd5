"""Which entries a filter lets through, as absolute indices, found in slices of a few ms.

Scanning starts where the reader is and goes both ways, so that the screen is right at once.
"""

from __future__ import annotations

import time
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import overload

from tui.model.journal import Entry
from tui.model.query import ERRORS
from tui.widgets.journal_select import Shows, select, stretch_before, stretch_from
from tui.widgets.journal_source import JournalSource, end_of, frozen_of

_FAR = 4096
"""Entries that are looked at again at once; when there are more, the reader's place comes first."""


class Indices:
    """Ascending absolute indices that grow at both ends and are cut at both ends."""

    def __init__(self) -> None:
        self._low = array("q")  # descending: grows towards older entries
        self._high = array("q")
        self._gone = 0  # so many at the head of _high are dropped

    def __len__(self) -> int:
        return len(self._low) + len(self._high) - self._gone

    def __getitem__(self, position: int) -> int:
        below = len(self._low)
        if position < below:
            return self._low[below - 1 - position]
        return self._high[self._gone + position - below]

    def locate(self, index: int) -> int:
        """The position of the first index that is not smaller; the length if there is none."""
        at_least = self._low_at_least(index)
        if at_least:
            return len(self._low) - at_least
        return len(self._low) + bisect_left(self._high, index, self._gone) - self._gone

    def add_older(self, indices: Sequence[int]) -> None:
        """Put ascending indices before all others."""
        self._low.extend(reversed(indices))

    def add_newer(self, indices: Sequence[int]) -> None:
        """Put ascending indices behind all others."""
        self._high.extend(indices)

    def drop_below(self, index: int) -> None:
        """Forget what is smaller than `index`."""
        del self._low[self._low_at_least(index) :]
        if self._low:
            return
        self._gone = bisect_left(self._high, index, self._gone)
        if self._gone > 4096 and self._gone * 2 > len(self._high):
            del self._high[: self._gone]
            self._gone = 0

    def cut_from(self, index: int) -> None:
        """Forget what is not smaller than `index`."""
        del self._high[bisect_left(self._high, index, self._gone) :]
        del self._low[: self._low_at_least(index)]

    def _low_at_least(self, index: int) -> int:
        return bisect_right(self._low, -index, key=_negated)


def _negated(value: int) -> int:
    return -value


class Chosen(Sequence[Entry]):
    """Some of a sequence of entries, by their places in it."""

    def __init__(self, entries: Sequence[Entry], places: Sequence[int]) -> None:
        self._entries = entries
        self._places = places

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> Entry: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Entry]: ...
    def __getitem__(self, index: int | slice) -> Entry | Sequence[Entry]:
        if isinstance(index, slice):
            return Chosen(self._entries, self._places[index])
        return self._entries[self._places[index]]


class Listing:
    """The entries of a source that `shows` lets through, by position, oldest first.

    Without `shows` it lists everything and costs nothing. With it, `scan` looks at what was not
    looked at yet until a moment given; `update` takes over what the source dropped or changed.
    """

    def __init__(self, source: JournalSource, shows: Shows | None, pivot: int) -> None:
        self._source = source
        self._shows = shows
        self._revision = source.revision
        self._shown = Indices()
        self._hidden_errors = Indices()
        start = min(max(pivot, source.dropped), end_of(source))
        self._scanned = (start, start)  # [low, high) was looked at

    @property
    def done(self) -> bool:
        """Whether everything held was looked at."""
        low, high = self._scanned
        source = self._source
        return self._shows is None or (low <= source.dropped and high >= end_of(source))

    @property
    def hidden_errors(self) -> int:
        """Errors or worse that the filter hides, of those looked at."""
        return len(self._hidden_errors)

    def __len__(self) -> int:
        return len(self._source.entries) if self._shows is None else len(self._shown)

    def index(self, position: int) -> int:
        """The absolute index at a position."""
        return self._source.dropped + position if self._shows is None else self._shown[position]

    def entry(self, position: int) -> Entry:
        """The entry at a position."""
        return self._source.entries[self.index(position) - self._source.dropped]

    def frozen(self) -> Sequence[Entry]:
        """All that is listed now, for somebody who reads it while the source goes on."""
        entries = frozen_of(self._source.entries)
        if self._shows is None:
            return entries
        base = self._source.dropped
        places = (self._shown[position] - base for position in range(len(self._shown)))
        return Chosen(entries, array("q", places))

    def locate(self, index: int) -> int:
        """The position of the first listed entry at or behind an absolute index, or the length."""
        if self._shows is not None:
            return self._shown.locate(index)
        return min(max(0, index - self._source.dropped), len(self._source.entries))

    def read_from(self, source: JournalSource) -> None:
        """Go on with another source of the same indices: the frozen one, or the real one again."""
        self._source = source

    @property
    def changed(self) -> int:
        """The smallest absolute index that may differ since the last `update`."""
        return self._source.changed_from(self._revision)

    def update(self, pivot: int) -> None:
        """Take over what was dropped or changed; `pivot` is where the reader is now."""
        source = self._source
        changed = self.changed
        self._revision = source.revision
        low, high = self._scanned
        if changed <= low or (changed < high and pivot - changed > _FAR):
            self._shown, self._hidden_errors = Indices(), Indices()
            low = high = min(max(pivot, source.dropped), end_of(source))
        elif changed < high:
            self._shown.cut_from(changed)
            self._hidden_errors.cut_from(changed)
            high = changed
        if low < source.dropped:
            self._shown.drop_below(source.dropped)
            self._hidden_errors.drop_below(source.dropped)
            low = source.dropped
        self._scanned = (low, max(low, high))
        here = min(pivot, end_of(source) - 1)
        if self._shows is not None and changed <= here < self._scanned[1] + _FAR:
            # The reader's place is listed at once, whatever becomes of the rest.
            while self._scanned[1] <= here:
                self._scan_newer()

    def scan(self, until: float) -> bool:
        """Look at more entries until `until` (time.perf_counter); whether everything was."""
        if self._shows is None:
            return True
        while not self.done:
            self._scan_newer()
            self._scan_older()
            if time.perf_counter() >= until:
                break
        return self.done

    def _scan_newer(self) -> None:
        low, high = self._scanned
        entries, base = self._source.entries, self._source.dropped
        stop = stretch_from(entries, self._wanted, high - base) + base
        shown, errors = self._look(high, stop)
        self._shown.add_newer(shown)
        self._hidden_errors.add_newer(errors)
        self._scanned = (low, max(high, stop))

    def _scan_older(self) -> None:
        low, high = self._scanned
        entries, base = self._source.entries, self._source.dropped
        start = stretch_before(entries, self._wanted, low - base) + base
        if start >= low:
            return
        shown, errors = self._look(start, low)
        self._shown.add_older(shown)
        self._hidden_errors.add_older(errors)
        self._scanned = (start, high)

    def _look(self, start: int, stop: int) -> tuple[list[int], list[int]]:
        """(listed, errors that are not) from one absolute index to before another."""
        entries, base = self._source.entries, self._source.dropped
        shown = [index + base for index in select(entries, self._wanted, start - base, stop - base)]
        errors = select(entries, (ERRORS,), start - base, stop - base)
        if not errors or len(shown) == stop - start:
            return shown, []
        listed = frozenset(shown)
        return shown, [index + base for index in errors if index + base not in listed]

    @property
    def _wanted(self) -> tuple[Shows, ...]:
        return () if self._shows is None else (self._shows,)


class Seek:
    """A search for the next wanted entry, in slices, that goes on from the other end once.

    All of `wanted` must be true. `start` is where the reader is: it is looked at last. `found` is
    the absolute index of `entry`.
    """

    def __init__(
        self, source: JournalSource, wanted: Sequence[Shows], start: int, forward: bool
    ) -> None:
        self.source = source
        self._wanted = wanted
        self._low = source.dropped
        self._count = len(source.entries)
        self.forward = forward
        self._start = start
        self._sign = 1 if forward else -1
        self._tried = 0
        self.found = start
        self.entry: Entry | None = None

    @property
    def went_round(self) -> bool:
        """Whether what was found lies beyond the end at which the search began anew."""
        return (self.found - self._start) * self._sign <= 0

    def step(self, until: float) -> bool:
        """Search until `until` (time.perf_counter); whether the search is over."""
        while self._tried < self._count:
            if self._try_chunk():
                return True
            if time.perf_counter() >= until:
                break
        return self._tried >= self._count

    def _try_chunk(self) -> bool:
        """Look at the next entries that lie next to each other; whether one was wanted."""
        place = (self._start - self._low + self._sign * (self._tried + 1)) % self._count
        # What is dropped meanwhile is passed over; what came is not looked at.
        shift, entries = self._low - self.source.dropped, self.source.entries
        if self.forward:
            left = min(self._count - place, self._count - self._tried)
            begin = place + shift
            stop = stretch_from(entries, self._wanted, begin) if begin >= 0 else 0
            size = min(left, max(1, stop - begin))
            begin, stop = max(0, begin), max(0, begin + size)
        else:
            left = min(place + 1, self._count - self._tried)
            stop = max(0, place + 1 + shift)
            begin = max(stretch_before(entries, self._wanted, stop), stop - left)
            size = stop - begin or left
        self._tried += size
        found = select(entries, self._wanted, begin, stop) if begin < stop else ()
        if not found:
            return False
        index = found[0] if self.forward else found[-1]
        self.found, self.entry = index + self.source.dropped, entries[index]
        return True

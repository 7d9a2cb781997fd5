"""The journal as it is held: entries of all hosts in one order, bounded, the oldest dropped.

What is held is a list sorted by a key: an entry's time less its host's clock offset, never
smaller than the key of the entry before it on the same host, and never below what has stood
for a second. So the order within a host cannot change, whatever its clock does.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from sys import getsizeof
from typing import overload

from tui.model.journal import Entry, EntryKind, Level
from tui.operations.offsets import Offsets
from tui.operations.revisions import Revisions

STRAGGLER_S = 1.0
MAX_BYTES = 256 * 1024 * 1024
# What an entry weighs beside its message: the tuple, its cursor, its key, its place in two lists.
# Measured: some 420 bytes.
ENTRY_BYTES = 440
# An entry from the future is put no later than this after now, once its host's offset is known.
AHEAD_US = 2_000_000
_MINUTE_US = 60_000_000
_SPREAD = 16
_ERROR = Level.ERROR


class Entries(Sequence[Entry]):
    """A live view of what a store holds; index 0 is the oldest. Slices are lists."""

    def __init__(self, held: list[Entry]) -> None:
        self._held = held
        self.skipped = 0

    def __len__(self) -> int:
        return len(self._held) - self.skipped

    @overload
    def __getitem__(self, index: int) -> Entry: ...
    @overload
    def __getitem__(self, index: slice) -> list[Entry]: ...
    def __getitem__(self, index: int | slice) -> Entry | list[Entry]:
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            if step > 0:
                return self._held[start + self.skipped : stop + self.skipped : step]
            return [self._held[i + self.skipped] for i in range(start, stop, step)]
        if not -len(self) <= index < len(self):
            raise IndexError("no such entry")
        return self._held[index + self.skipped if index >= 0 else index]

    def __iter__(self) -> Iterator[Entry]:
        for index in range(self.skipped, len(self._held)):
            yield self._held[index]


class JournalStore:
    """Entries of all hosts in merged time order: at most `limit`, at most `max_bytes` in all.

    An entry is placed when it is added. For STRAGGLER_S another host's entry may still go above
    it; a later one goes to the lowest place that has not stood so long.
    """

    def __init__(self, limit: int, clock: Callable[[], float], max_bytes: int = MAX_BYTES) -> None:
        self._limit = max(1, limit)
        self._clock = clock
        self._max_bytes = max_bytes
        self._offsets = Offsets()
        self._revisions = Revisions()
        self.dropped = 0
        self._held: list[Entry] = []
        self._keys: list[int] = []
        self.entries = Entries(self._held)
        self._reset()

    def _reset(self) -> None:
        self._bytes = 0
        self._last_key: dict[str, int] = {}
        self._last_entry: dict[str, Entry] = {}
        # (arrived at, the greatest key then): what stood at that moment, until it is a second old.
        self._fresh: deque[tuple[float, int]] = deque()
        self._floor = 0
        self._errors: Counter[str] = Counter()
        self._error_minutes: Counter[tuple[str, int]] = Counter()

    @property
    def revision(self) -> int:
        """A number that grows with every change."""
        return self._revisions.current

    @property
    def settled(self) -> int:
        """The absolute index below which only a host's first past may still be inserted."""
        self._settle()
        return self.dropped + self._place(self._floor) - self.entries.skipped

    def changed_from(self, revision: int) -> int:
        """The smallest absolute index that may differ from what it was at `revision`; the end
        (dropped + held) if nothing does. An absolute index is dropped + the index."""
        first = self._revisions.changed_from(revision)
        end = self.dropped + len(self.entries)
        return end if first is None else min(max(first, self.dropped), end)

    def near(self, entry: Entry) -> int:
        """The absolute index of the first entry that is not before this one's time, by the
        clock of its host as it is taken now."""
        key = entry.at_us - round(self._offsets.get(entry.host) * 1_000_000)
        return (
            self.dropped + bisect_left(self._keys, key, self.entries.skipped) - self.entries.skipped
        )

    def skew(self, host: str) -> float:
        """How many seconds the host's clock is taken to be ahead of ours."""
        return self._offsets.get(host)

    def set_skew(self, host: str, seconds: float) -> None:
        """Take the host's clock as `seconds` ahead of ours. What is placed stays where it is."""
        self._offsets.set(host, seconds)

    def add(self, host: str, entries: Sequence[Entry], *, past: bool = False) -> None:
        """Place the host's next entries. `past`: its first reading of what was before; that is
        merged by time wherever it belongs, for nobody has seen this host's order yet."""
        if not entries:
            return
        self._settle()
        keys = self._keys_of(host, entries, past)
        first = self._place(keys[0])
        if first == len(self._held):
            self._held.extend(entries)
            self._keys.extend(keys)
        else:
            self._insert(entries, keys)
        self._last_entry[host] = entries[-1]
        self._count(entries, keys, 1)
        self._fresh.append((self._clock(), self._keys[-1]))
        self._revisions.note(self.dropped + first - self.entries.skipped)
        self._drop()

    def replace_last(self, host: str, entry: Entry) -> bool:
        """Put `entry` in the place of the host's last one, which it replaces in content only.

        False, and nothing changed, if that is not held any more.
        """
        last = self._last_entry.get(host)
        key = self._last_key.get(host)
        if last is None or key is None:
            return False
        lowest = bisect_left(self._keys, key, self.entries.skipped)
        for index in range(self._place(key) - 1, lowest - 1, -1):
            if self._held[index] is last:
                self._count((last,), (key,), -1)
                self._held[index] = entry
                self._count((entry,), (key,), 1)
                self._last_entry[host] = entry
                self._revisions.note(self.dropped + index - self.entries.skipped)
                self._drop()
                return True
        return False

    def clear(self) -> None:
        """Hold nothing, as at the start; clock offsets stay."""
        self._held.clear()
        self._keys.clear()
        self.entries.skipped = 0
        self.dropped = 0
        self._reset()
        self._revisions.note(0)

    def errors(self, host: str) -> int:
        """How many held entries of the host are errors or worse."""
        return self._errors[host]

    def per_minute(self, host: str | None, minutes: int) -> list[int]:
        """Errors a minute, `minutes` of them, the last one the running minute; None: all hosts."""
        now = int(self._clock() // 60)
        hosts = tuple(self._errors) if host is None else (host,)
        return [
            sum(self._error_minutes[name, minute] for name in hosts)
            for minute in range(now - minutes + 1, now + 1)
        ]

    def _keys_of(self, host: str, entries: Sequence[Entry], past: bool) -> list[int]:
        least = self._last_key.get(host, 0)
        if not past:
            least = max(least, self._floor)
        shift = round(self._offsets.get(host) * 1_000_000)
        now_us = round(self._clock() * 1_000_000)
        most = now_us + AHEAD_US if self._offsets.known(host) else None
        keys: list[int] = []
        for entry in entries:
            key = entry.at_us - shift
            if most is not None and key > most:
                key = most
            if key > least:
                least = key
            keys.append(least)
        self._last_key[host] = least
        return keys

    def _place(self, key: int) -> int:
        """Where an entry with this key goes: below those that have the same."""
        return bisect_right(self._keys, key, self.entries.skipped)

    def _insert(self, entries: Sequence[Entry], keys: list[int]) -> None:
        """Merge the sorted batch in; of equal keys the entries that stand there stay first."""
        held_keys, held = self._keys, self._held
        low, high = self._place(keys[0]), self._place(keys[-1])
        if high - low > _SPREAD * len(keys):
            for entry, key in zip(entries, keys, strict=True):
                low = bisect_right(held_keys, key, low)
                held_keys.insert(low, key)
                held.insert(low, entry)
            return
        merged = [*zip(held_keys[low:high], held[low:high], strict=True)]
        merged.extend(zip(keys, entries, strict=True))
        merged.sort(key=_key)
        held_keys[low:high] = [key for key, _ in merged]
        held[low:high] = [entry for _, entry in merged]

    def _settle(self) -> None:
        fresh, oldest = self._fresh, self._clock() - STRAGGLER_S
        while fresh and fresh[0][0] <= oldest:
            self._floor = max(self._floor, fresh.popleft()[1])

    def _count(self, entries: Sequence[Entry], keys: Sequence[int], step: int) -> None:
        """Take entries into the sums (`step` 1) or out of them (-1)."""
        weight = ENTRY_BYTES * len(entries)
        for entry, key in zip(entries, keys, strict=True):
            weight += getsizeof(entry.message)
            if entry.level <= _ERROR and entry.kind is not EntryKind.GAP:
                self._errors[entry.host] += step
                minute = (entry.host, key // _MINUTE_US)
                self._error_minutes[minute] += step
                if not self._error_minutes[minute]:
                    del self._error_minutes[minute]
        self._bytes += step * weight

    def _drop(self) -> None:
        """Drop the oldest until both bounds hold. The lists are cut when much is to be cut."""
        view = self.entries
        over = len(view) - self._limit
        if over > 0:
            first, last = view.skipped, view.skipped + over
            self._count(self._held[first:last], self._keys[first:last], -1)
            view.skipped = last
            self.dropped += over
        while self._bytes > self._max_bytes and len(view) > 1:
            self._count((self._held[view.skipped],), (self._keys[view.skipped],), -1)
            view.skipped += 1
            self.dropped += 1
        if view.skipped > max(1024, self._limit // 16):
            del self._held[: view.skipped], self._keys[: view.skipped]
            view.skipped = 0


def _key(pair: tuple[int, Entry]) -> int:
    return pair[0]

"""The journal as it is held: entries of all hosts in one order, bounded, the oldest dropped.

What is held is sorted by a key: an entry's time less its host's clock offset, never smaller than
the key of the entry before it on the same host, and never below what has stood for a second. So
the order within a host cannot change, whatever its clock does.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from pathlib import Path

from tui.model.journal import Entry
from tui.operations.journal_block import Sums, sums_of
from tui.operations.journal_blocks import Blocks
from tui.operations.journal_held import Held
from tui.operations.offsets import Offsets
from tui.operations.revisions import Revisions
from tui.operations.spill import SEGMENT_BYTES, Spill

STRAGGLER_S = 1.0
MIB = 1024 * 1024
MAX_BYTES = 1024 * MIB
# An entry from the future is put no later than this after now, once its host's offset is known.
AHEAD_US = 2_000_000


class JournalStore:
    """Entries of all hosts in merged time order: at most `limit`, at most `max_bytes` in all.

    They lie in files of `folder` that go with this run; without one in memory. An entry is placed
    when it is added. For STRAGGLER_S another host's entry may still go above it; a later one goes
    to the lowest place that has not stood so long.
    """

    def __init__(
        self,
        limit: int,
        clock: Callable[[], float],
        max_bytes: int = MAX_BYTES,
        folder: Path | None = None,
    ) -> None:
        self._limit = max(1, limit)
        self._clock = clock
        self._max_bytes = max_bytes
        self._offsets = Offsets()
        self._revisions = Revisions()
        self._spill = Spill(folder, min(SEGMENT_BYTES, max(1, max_bytes // 16)))
        self._blocks = Blocks(self._spill)
        self._reset()

    def _reset(self) -> None:
        self._last_key: dict[str, int] = {}
        self._last_entry: dict[str, Entry] = {}
        # (arrived at, the greatest key then): what stood at that moment, until it is a second old.
        self._fresh: deque[tuple[float, int]] = deque()
        self._floor = 0
        self._lines: Counter[int] = Counter()
        self._errors: Counter[str] = Counter()
        self._error_minutes: Counter[tuple[str, int]] = Counter()

    @property
    def entries(self) -> Held:
        """What is held, oldest first."""
        return self._blocks.held

    @property
    def dropped(self) -> int:
        """How many were ever dropped from the head."""
        return self._blocks.held.base

    @property
    def problem(self) -> str:
        """Why less is held than was asked for; `""` if the disk takes it."""
        return self._spill.problem

    @property
    def revision(self) -> int:
        """A number that grows with every change."""
        return self._revisions.current

    @property
    def settled(self) -> int:
        """The absolute index below which only a host's first past may still be inserted."""
        self._settle()
        return self._blocks.row_behind(self._floor)

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
        return self._blocks.row_of(key)

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
        self._count(sums_of(entries, keys), 1)
        first = self._blocks.merge(entries, keys)
        self._last_entry[host] = entries[-1]
        self._fresh.append((self._clock(), self._blocks.last_key))
        self._revisions.note(first)
        self._drop()

    def replace_last(self, host: str, entry: Entry) -> bool:
        """Put `entry` in the place of the host's last one, which it replaces in content only.

        False, and nothing changed, if that is not held any more.
        """
        last = self._last_entry.get(host)
        key = self._last_key.get(host)
        if last is None or key is None:
            return False
        held = self.entries
        for row in range(self._blocks.row_behind(key) - 1, self._blocks.row_of(key) - 1, -1):
            if held.entry(row) == last:
                self._count(sums_of((last,), (key,)), -1)
                self._blocks.replace(row, entry)
                self._count(sums_of((entry,), (key,)), 1)
                self._last_entry[host] = entry
                self._revisions.note(row)
                self._drop()
                return True
        return False

    def clear(self) -> None:
        """Hold nothing, as at the start; clock offsets stay."""
        self._blocks.clear()
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

    def lines_per_minute(self, minutes: int) -> list[int]:
        """Entries a minute of all hosts, `minutes` of them, the last one the running minute."""
        now = int(self._clock() // 60)
        return [self._lines[minute] for minute in range(now - minutes + 1, now + 1)]

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

    def _settle(self) -> None:
        fresh, oldest = self._fresh, self._clock() - STRAGGLER_S
        while fresh and fresh[0][0] <= oldest:
            self._floor = max(self._floor, fresh.popleft()[1])

    def _count(self, sums: Sums, step: int) -> None:
        """Take entries into the sums (`step` 1) or out of them (-1)."""
        for minute, count in sums.lines.items():
            self._lines[minute] += step * count
            if not self._lines[minute]:
                del self._lines[minute]
        for key, count in sums.errors.items():
            self._errors[key[0]] += step * count
            self._error_minutes[key] += step * count
            if not self._error_minutes[key]:
                del self._error_minutes[key]

    def _drop(self) -> None:
        """Drop the oldest until all bounds hold."""
        over = len(self.entries) - self._limit
        if over > 0:
            self._drop_head(over)
        while self._too_much and len(self.entries) > self._blocks.head_count:
            self._drop_head(self._blocks.head_count)

    @property
    def _too_much(self) -> bool:
        most, ceiling = self._max_bytes, self._spill.ceiling_bytes
        return self._spill.size_bytes > (most if ceiling is None else min(most, ceiling))

    def _drop_head(self, count: int) -> None:
        for sums in self._blocks.drop_head(count):
            self._count(sums, -1)

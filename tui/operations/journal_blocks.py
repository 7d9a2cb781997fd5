"""The merged journal, changed: sorted batches put in, the oldest taken away, the rest spilled.

Blocks that were touched lately are open; the others are packed. So what is in memory does not
grow with what is held.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Sequence

from tui.model.journal import Entry
from tui.operations.journal_block import Block, Sums, sums_of
from tui.operations.journal_held import Held, Unpacked
from tui.operations.spill import Spill

BLOCK_ROWS = 1024
BLOCK_CHARS = 256 * 1024
OPEN_BLOCKS = 24
"""Blocks that may be open: each host whose past is being read works at a place of its own."""
_SPREAD = 16


class Blocks:
    """Entries sorted by key; rows are absolute, as in `held`."""

    def __init__(self, spill: Spill) -> None:
        self._spill = spill
        self._unpacked = Unpacked()
        self._blocks: list[Block] = []
        self._open: OrderedDict[Block, None] = OrderedDict()
        self.held = Held(self._blocks, 0, self._unpacked)

    def clear(self) -> None:
        """Hold nothing; rows begin at 0."""
        for block in self._blocks:
            block.drop(self._spill)
        self._blocks.clear()
        self._open.clear()
        self._unpacked.clear()
        self.held.base = 0
        self.held.moved()

    # -- where ---------------------------------------------------------------------------

    def row_behind(self, key: int) -> int:
        """The row of the first entry with a greater key; behind the last if there is none."""
        number = bisect_right(self._blocks, key, key=_last_key)
        if number == len(self._blocks):
            return self.held.starts[-1]
        return self.held.starts[number] + bisect_right(self._keys(number), key)

    def row_of(self, key: int) -> int:
        """The row of the first entry with this key or a greater one."""
        number = bisect_left(self._blocks, key, key=_last_key)
        if number == len(self._blocks):
            return self.held.starts[-1]
        return self.held.starts[number] + bisect_left(self._keys(number), key)

    @property
    def last_key(self) -> int:
        """The greatest key; something must be held."""
        return self._blocks[-1].last_key

    def _keys(self, number: int) -> Sequence[int]:
        block = self._blocks[number]
        if block.packed is not None:
            return block.packed.piece().keys
        return block.keys or ()

    # -- putting in ----------------------------------------------------------------------

    def merge(self, entries: Sequence[Entry], keys: Sequence[int]) -> int:
        """Put a sorted batch in, not empty; of equal keys what stands there stays first.

        The answer is the first row that is not what it was.
        """
        first = self.row_behind(keys[0])
        at = 0
        while at < len(keys):
            number = bisect_right(self._blocks, keys[at], key=_last_key)
            if number == len(self._blocks):
                self._append(entries, keys, at)
                break
            stop = bisect_left(keys, self._blocks[number].last_key, at)
            self._insert(number, entries[at:stop], keys[at:stop])
            at = stop
        self._close_some()
        return first

    def _append(self, entries: Sequence[Entry], keys: Sequence[int], at: int) -> None:
        while at < len(entries):
            tail = self._blocks[-1] if self._blocks else None
            if tail is None or tail.count >= BLOCK_ROWS or tail.text_size >= BLOCK_CHARS:
                tail = Block([], [])
                self._blocks.append(tail)
            own, own_keys = self._opened(tail)
            stop = min(len(entries), at + BLOCK_ROWS - len(own))
            size = sum(len(entry.message) for entry in entries[at:stop])
            if size > BLOCK_CHARS:
                # Few entries of this size make a block.
                stop = min(stop, at + max(1, BLOCK_CHARS * (stop - at) // size))
            own += entries[at:stop]
            own_keys += keys[at:stop]
            tail.recount()
            self.held.changed_at(len(self._blocks) - 1)
            at = stop

    def _insert(self, number: int, entries: Sequence[Entry], keys: Sequence[int]) -> None:
        block = self._blocks[number]
        own, own_keys = self._opened(block)
        low, high = bisect_right(own_keys, keys[0]), bisect_right(own_keys, keys[-1])
        if high - low > _SPREAD * len(keys):
            for entry, key in zip(entries, keys, strict=True):
                low = bisect_right(own_keys, key, low)
                own_keys.insert(low, key)
                own.insert(low, entry)
        else:
            merged = [*zip(own_keys[low:high], own[low:high], strict=True)]
            merged.extend(zip(keys, entries, strict=True))
            merged.sort(key=_key)
            own_keys[low:high] = [key for key, _ in merged]
            own[low:high] = [entry for _, entry in merged]
        block.recount()
        if block.count > 2 * BLOCK_ROWS or (block.text_size > 2 * BLOCK_CHARS and block.count > 1):
            half = block.count // 2
            behind = Block(own[half:], own_keys[half:])
            del own[half:], own_keys[half:]
            block.recount()
            self._blocks.insert(number + 1, behind)
            self._open[behind] = None
        self.held.changed_at(number)

    def replace(self, row: int, entry: Entry) -> None:
        """Another entry in the place of one that is held."""
        number, place = self.held.at(row)
        block = self._blocks[number]
        own, _ = self._opened(block)
        own[place] = entry
        block.recount()
        self._close_some()

    def _opened(self, block: Block) -> tuple[list[Entry], list[int]]:
        lists = block.open(self._spill)
        self._open[block] = None
        self._open.move_to_end(block)
        return lists

    def _close_some(self) -> None:
        """Pack what was not touched lately. The tail stays open, and is the last touched mostly."""
        while len(self._open) > OPEN_BLOCKS:
            block = next(iter(self._open))
            if block is self._blocks[-1]:
                self._open.move_to_end(block)
                continue
            del self._open[block]
            block.close(self._spill)

    # -- taking away ---------------------------------------------------------------------

    def drop_head(self, count: int) -> list[Sums]:
        """Take so many of the oldest away; what they summed up to."""
        gone: list[Sums] = []
        whole = 0
        for block in self._blocks:
            if block.count > count:
                break
            gone.append(block.sums())
            block.drop(self._spill)
            self._open.pop(block, None)
            count -= block.count
            self.held.base += block.count
            whole += 1
        del self._blocks[:whole]
        if count and self._blocks:
            block = self._blocks[0]
            own, own_keys = self._opened(block)
            gone.append(sums_of(own[:count], own_keys[:count]))
            del own[:count], own_keys[:count]
            block.recount()
            self.held.base += count
            self._close_some()
        self.held.moved()
        return gone

    @property
    def head_count(self) -> int:
        """Entries of the oldest block."""
        return self._blocks[0].count if self._blocks else 0


def _last_key(block: Block) -> int:
    return block.last_key


def _key(pair: tuple[int, Entry]) -> int:
    return pair[0]

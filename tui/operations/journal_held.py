"""What a store holds, as a sequence: blocks in merged order, read by index, sliced, frozen.

Rows are absolute: a row names its entry until something is inserted before it; what is dropped
at the head renumbers nothing.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import overload

from tui.model.journal import Entry
from tui.model.packed_search import rows_of
from tui.model.query import ERRORS, Query
from tui.operations.journal_block import Block, Packed

BLOCKS_CACHED = 6
ENTRIES_CACHED = 4096
_FEW = 200
"""Entries of an open block that are asked one by one; of more, packing them first is faster."""


class Unpacked:
    """What was read from packed blocks lately, so that it is the same object when read again."""

    def __init__(self) -> None:
        self._blocks: OrderedDict[Packed, list[Entry]] = OrderedDict()
        self._entries: OrderedDict[tuple[Packed, int], Entry] = OrderedDict()

    def block(self, packed: Packed) -> list[Entry]:
        """All entries of a block."""
        entries = self._blocks.get(packed)
        if entries is None:
            entries = self._blocks[packed] = packed.piece().entries()
            if len(self._blocks) > BLOCKS_CACHED:
                self._blocks.popitem(last=False)
        else:
            self._blocks.move_to_end(packed)
        return entries

    def entry(self, packed: Packed, row: int) -> Entry:
        """One entry of a block, which need not be unpacked for it."""
        known = self._entries.get((packed, row))
        if known is not None:
            return known
        whole = self._blocks.get(packed)
        entry = packed.piece().entry(row) if whole is None else whole[row]
        self._entries[packed, row] = entry
        if len(self._entries) > ENTRIES_CACHED:
            self._entries.popitem(last=False)
        return entry

    def clear(self) -> None:
        """Forget all of it."""
        self._blocks.clear()
        self._entries.clear()


class Held(Sequence[Entry]):
    """Entries by index, 0 the oldest held; slices are lists. `base` is the row of index 0."""

    def __init__(self, blocks: list[Block], base: int, unpacked: Unpacked) -> None:
        self.blocks = blocks
        self.base = base
        self._unpacked = unpacked
        self._starts: list[int] = []
        self._sure = 0  # so many of the starts are right

    @property
    def starts(self) -> list[int]:
        """The row at which each block begins, and the one behind the last."""
        sure, starts = self._sure, self._starts
        if sure <= len(self.blocks):
            if not sure:
                starts[:] = [self.base]
                sure = 1
            del starts[sure:]
            counts = [block.count for block in self.blocks[sure - 1 :]]
            starts.extend(list(accumulate(counts, initial=starts[-1]))[1:])
            self._sure = len(self.blocks) + 1
        return starts

    def changed_at(self, number: int) -> None:
        """The count of a block is not what it was, or a block was put there or taken away."""
        self._sure = min(self._sure, number + 1)

    def moved(self) -> None:
        """The base or the first blocks are not what they were."""
        self._sure = 0

    def frozen(self) -> Held:
        """What is held now, whatever becomes of the store; it keeps alive what that drops."""
        return Held([block.copied() for block in self.blocks], self.base, Unpacked())

    def stretch(self, index: int) -> tuple[int, int]:
        """Begin and end, as indices, of the block in which one is."""
        number, _ = self.at(self.base + index)
        return self.starts[number] - self.base, self.starts[number + 1] - self.base

    def select(self, query: Query, start: int, stop: int) -> Sequence[int]:
        """Indices from `start` to before `stop`, within one stretch, that the query lists."""
        number, place = self.at(self.base + start)
        block, first = self.blocks[number], start - place
        if query is ERRORS:
            rows = block.errors()
        elif block.packed is None and stop - start < _FEW:
            few = enumerate(self[start:stop], start)
            return [index for index, entry in few if query.matches(entry)]
        else:
            rows = rows_of(block.piece(), query)
        low, high = bisect_left(rows, place), bisect_left(rows, stop - first)
        return [row + first for row in rows[low:high]]

    def at(self, row: int) -> tuple[int, int]:
        """(number of the block, place in it) of a row that is held."""
        number = bisect_right(self.starts, row) - 1
        return number, row - self.starts[number]

    def entry(self, row: int) -> Entry:
        """The entry of a row that is held."""
        number, place = self.at(row)
        block = self.blocks[number]
        if block.entries is not None:
            return block.entries[place]
        assert block.packed is not None  # noqa: S101 - for mypy; a block is open or packed
        return self._unpacked.entry(block.packed, place)

    def entries_of(self, block: Block) -> list[Entry]:
        """All entries of a block, not to be changed."""
        if block.entries is not None:
            return block.entries
        assert block.packed is not None  # noqa: S101 - as above
        return self._unpacked.block(block.packed)

    def __len__(self) -> int:
        return self.starts[-1] - self.base

    @overload
    def __getitem__(self, index: int) -> Entry: ...
    @overload
    def __getitem__(self, index: slice) -> list[Entry]: ...
    def __getitem__(self, index: int | slice) -> Entry | list[Entry]:
        size = len(self)
        if isinstance(index, slice):
            start, stop, step = index.indices(size)
            if step == 1:
                return self._between(self.base + start, self.base + max(start, stop))
            return [self.entry(self.base + place) for place in range(start, stop, step)]
        if not -size <= index < size:
            raise IndexError("no such entry")
        return self.entry(self.base + (index if index >= 0 else index + size))

    def _between(self, row: int, stop: int) -> list[Entry]:
        found: list[Entry] = []
        while row < stop:
            number, place = self.at(row)
            block = self.blocks[number]
            piece = self.entries_of(block)[place : place + stop - row]
            found += piece
            row += len(piece)
        return found

    def __iter__(self) -> Iterator[Entry]:
        for block in list(self.blocks):
            yield from list(self.entries_of(block))

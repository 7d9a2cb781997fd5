"""One block of the journal: entries next to each other in the merged order, open or packed.

An open block is lists that can be changed; a packed one is bytes in the spill, never changed.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tui.model.journal import Entry, EntryKind, Level
from tui.model.packed import Piece, Shape, pack
from tui.operations.spill import Place, Spill

MINUTE_US = 60_000_000
_ERROR = Level.ERROR


@dataclass(frozen=True, slots=True)
class Sums:
    """Entries by minute, errors or worse by (host, minute); minutes since the epoch, our clock."""

    lines: Counter[int]
    errors: Counter[tuple[str, int]]


def sums_of(entries: Sequence[Entry], keys: Sequence[int]) -> Sums:
    """The sums of entries with ascending keys."""
    first, last = keys[0] // MINUTE_US, keys[-1] // MINUTE_US
    if first == last:
        lines = Counter({first: len(keys)})
    else:
        lines = Counter(key // MINUTE_US for key in keys)
    return Sums(
        lines,
        Counter(
            (entry.host, key // MINUTE_US)
            for entry, key in zip(entries, keys, strict=True)
            if entry.level <= _ERROR and entry.kind is not EntryKind.GAP
        ),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Packed:
    """A block in the spill: how its bytes lie, where they are, what they sum up to."""

    shape: Shape
    place: Place
    sums: Sums

    def piece(self) -> Piece:
        """Its bytes, to be read from."""
        return Piece(self.shape, self.place.read())

    def keys(self) -> array[int]:
        """Its keys, ascending."""
        begin, end = self.shape.keys_at, self.shape.keys_at + 8 * self.shape.rows
        keys = array("q")
        keys.frombytes(self.place.part(begin, end))
        return keys


class Block:
    """Entries and keys (microseconds, ascending), as lists or packed; never empty for long."""

    __slots__ = ("count", "entries", "keys", "last_key", "packed", "text_size")

    def __init__(self, entries: list[Entry], keys: list[int]) -> None:
        self.entries: list[Entry] | None = entries
        self.keys: list[int] | None = keys
        self.packed: Packed | None = None
        self.recount()

    def recount(self) -> None:
        """Count anew after the lists changed."""
        entries, keys = self.entries, self.keys
        if entries is not None and keys:
            self.count, self.last_key = len(entries), keys[-1]
            self.text_size = sum(map(_length, entries))

    def open(self, spill: Spill) -> tuple[list[Entry], list[int]]:
        """Its lists, to be changed; `recount` afterwards."""
        if self.packed is not None:
            piece = self.packed.piece()
            self.entries, self.keys = piece.entries(), piece.keys.tolist()
            spill.release(self.packed.place)
            self.packed = None
        entries, keys = self.entries, self.keys
        if entries is None or keys is None:
            raise AssertionError("a block is either open or packed")
        return entries, keys

    def close(self, spill: Spill) -> None:
        """Pack it into the spill."""
        entries, keys = self.entries, self.keys
        if entries is None or keys is None:
            return
        shape, packed = pack(entries, keys)
        self.packed = Packed(shape, spill.put(packed), sums_of(entries, keys))
        self.entries = self.keys = None

    def drop(self, spill: Spill) -> None:
        """It is not wanted any more."""
        if self.packed is not None:
            spill.release(self.packed.place)

    def sums(self) -> Sums:
        """What it sums up to."""
        if self.packed is not None:
            return self.packed.sums
        return (
            sums_of(self.entries or (), self.keys or (0,))
            if self.entries
            else Sums(Counter(), Counter())
        )

    def copied(self) -> Block:
        """A block with the same entries that does not change with this one."""
        if self.packed is None:
            return Block(list(self.entries or ()), list(self.keys or ()))
        copy = Block.__new__(Block)
        copy.entries = copy.keys = None
        copy.packed = self.packed
        copy.count, copy.last_key, copy.text_size = self.count, self.last_key, self.text_size
        return copy


def _length(entry: Entry) -> int:
    return len(entry.message)

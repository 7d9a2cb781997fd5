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
from tui.model.packed_search import Rows
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
            if _is_error(entry)
        ),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Packed:
    """A block in the spill: how its bytes lie, where they are, what they sum up to.

    `errors` are the rows of errors or worse, whoever says them.
    """

    shape: Shape
    place: Place
    sums: Sums
    errors: Rows

    def piece(self) -> Piece:
        """Its bytes, read as they are asked for."""
        return Piece(self.shape, self.place.part)


class Block:
    """Entries and keys (microseconds, ascending), as lists or packed; never empty for long."""

    __slots__ = ("_bytes", "count", "entries", "keys", "last_key", "packed", "text_size")

    def __init__(self, entries: list[Entry], keys: list[int]) -> None:
        self.entries: list[Entry] | None = entries
        self.keys: list[int] | None = keys
        self.packed: Packed | None = None
        self.recount()

    def recount(self) -> None:
        """Count anew after the lists changed."""
        self._bytes: tuple[Shape, bytes] | None = None
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
        return self._lists()

    def _lists(self) -> tuple[list[Entry], list[int]]:
        entries, keys = self.entries, self.keys
        if entries is None or keys is None:
            raise AssertionError("a block is either open or packed")
        return entries, keys

    def _as_bytes(self) -> tuple[Shape, bytes]:
        """Its lists packed, kept until they change: for a search, and then for the spill."""
        if self._bytes is None:
            self._bytes = pack(*self._lists())
        return self._bytes

    def piece(self) -> Piece:
        """Its bytes, whether it is open or packed."""
        if self.packed is not None:
            return self.packed.piece()
        shape, packed = self._as_bytes()
        return Piece(shape, lambda start, stop: packed[start:stop])

    def errors(self) -> Rows:
        """The rows of errors or worse."""
        if self.packed is not None:
            return self.packed.errors
        return [row for row, entry in enumerate(self._lists()[0]) if _is_error(entry)]

    def close(self, spill: Spill) -> None:
        """Pack it into the spill."""
        if self.packed is None:
            shape, packed = self._as_bytes()
            sums = sums_of(*self._lists())
            errors = array("H", self.errors())
            self.packed = Packed(shape, spill.put(packed), sums, errors)
            self.entries = self.keys = self._bytes = None

    def drop(self, spill: Spill) -> None:
        """It is not wanted any more."""
        if self.packed is not None:
            spill.release(self.packed.place)

    def sums(self) -> Sums:
        """What it sums up to."""
        return self.packed.sums if self.packed is not None else sums_of(*self._lists())

    def copied(self) -> Block:
        """A block with the same entries that does not change with this one."""
        if self.packed is None:
            entries, keys = self._lists()
            return Block(list(entries), list(keys))
        copy = Block.__new__(Block)
        copy.entries = copy.keys = copy._bytes = None
        copy.packed = self.packed
        copy.count, copy.last_key, copy.text_size = self.count, self.last_key, self.text_size
        return copy


def _length(entry: Entry) -> int:
    return len(entry.message)


def _is_error(entry: Entry) -> bool:
    return entry.level <= _ERROR and entry.kind is not EntryKind.GAP

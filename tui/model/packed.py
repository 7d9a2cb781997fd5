"""Journal entries packed into one piece of bytes, to be kept in a file and searched there. Pure.

The messages lie side by side, so that a search runs over all of them at once; numbers lie in
columns; what entries have in common (host, level, process, unit) is written once a piece.
"""

from __future__ import annotations

import marshal
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, count
from operator import add

from tui.model.journal import Entry, EntryKind, Level

SEPARATOR = "\0"
"""Between two messages; the door lets none into a message (`text.scrub`)."""
ROWS_MOST = 60_000
"""Entries of one piece at most: rows name what they have in common by 16 bits."""
_CODEC = "utf-8"
_ERRORS = "surrogatepass"
_KINDS = {kind.value: kind for kind in EntryKind}
_LEVELS = tuple(Level)

Common = tuple[object, ...]
"""host, level, kind and what stands behind the cursor in an entry."""


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """Where the parts of a packed piece are; counts are of bytes, `rows` of entries.

    In order: starts of messages (rows + 1), starts of cursors, times, keys, numbers of what is
    common, the messages, the cursors, what is common. `plain` says that a byte of the messages is
    a character.
    """

    rows: int
    text: int
    cursors: int
    common: int
    plain: bool

    @property
    def keys_at(self) -> int:
        """Where the keys begin."""
        return 8 * (self.rows + 1) + 8 * self.rows

    @property
    def text_at(self) -> int:
        """Where the messages begin."""
        return 8 * (self.rows + 1) + 18 * self.rows

    @property
    def cursors_at(self) -> int:
        """Where the cursors begin."""
        return self.text_at + self.text

    @property
    def size_bytes(self) -> int:
        """The whole piece."""
        return self.cursors_at + self.cursors + self.common


def pack(entries: Sequence[Entry], keys: Sequence[int]) -> tuple[Shape, bytes]:
    """The entries with their keys as bytes; at most ROWS_MOST."""
    (hosts, at_us, levels, kinds, messages, cursors, *rest) = zip(*entries, strict=True)
    table: dict[Common, int] = {}
    numbers = array("H")
    note = numbers.append
    for common in zip(hosts, levels, kinds, *rest, strict=True):
        number = table.get(common)
        if number is None:
            number = table[common] = len(table)
        note(number)
    text, starts, plain = _joined(messages)
    said, said_starts, _ = _joined(cursors)
    shared = marshal.dumps([(c[0], int(c[1]), str(c[2].value), *c[3:]) for c in table])  # type: ignore[call-overload,attr-defined]
    shape = Shape(len(entries), len(text), len(said), len(shared), plain)
    columns = (starts, said_starts, array("q", at_us), array("q", keys), numbers)
    return shape, b"".join((*(column.tobytes() for column in columns), text, said, shared))


def _joined(parts: Sequence[str]) -> tuple[bytes, array[int], bool]:
    joined = SEPARATOR.join(parts)
    plain = joined.isascii()
    encoded: Iterable[str | bytes] = (
        parts if plain else (part.encode(_CODEC, _ERRORS) for part in parts)
    )
    lengths = map(len, encoded)
    starts = array("I", map(add, accumulate(lengths, initial=0), count()))
    return joined.encode(_CODEC, _ERRORS), starts, plain


class Piece:
    """Packed bytes, read as they are asked for: `part` gives those from one place to another."""

    def __init__(self, shape: Shape, part: Callable[[int, int], bytes]) -> None:
        self.shape = shape
        self._part = part

    def _column(self, code: str, at: int, items: int) -> array[int]:
        column = array(code)
        column.frombytes(self._part(at, at + items * column.itemsize))
        return column

    @property
    def starts(self) -> array[int]:
        """Where each message begins in `text`; one more for the end, the separator counted."""
        return self._column("I", 0, self.shape.rows + 1)

    @property
    def at_us(self) -> array[int]:
        """Each entry's time."""
        return self._column("q", 8 * (self.shape.rows + 1), self.shape.rows)

    @property
    def keys(self) -> array[int]:
        """Each entry's key."""
        return self._column("q", self.shape.keys_at, self.shape.rows)

    @property
    def numbers(self) -> array[int]:
        """For each entry the place in `common`."""
        return self._column("H", self.shape.keys_at + 8 * self.shape.rows, self.shape.rows)

    @property
    def common(self) -> list[Common]:
        """What entries have in common."""
        at = self.shape.cursors_at + self.shape.cursors
        packed = self._part(at, at + self.shape.common)
        written = marshal.loads(packed)  # noqa: S302 - what `pack` wrote, in our own file
        return [(host, _LEVELS[level], _KINDS[kind], *rest) for host, level, kind, *rest in written]

    @property
    def text(self) -> bytes:
        """All messages, a separator between two."""
        return self._part(self.shape.text_at, self.shape.cursors_at)

    @property
    def messages(self) -> list[str]:
        """Each entry's message."""
        return self.text.decode(_CODEC, _ERRORS).split(SEPARATOR)

    def entries(self) -> list[Entry]:
        """All of it, unpacked."""
        shape = self.shape
        said = self._part(shape.cursors_at, shape.cursors_at + shape.cursors)
        cursors = said.decode(_CODEC, _ERRORS).split(SEPARATOR)
        common = self.common
        heads = [c[:1] for c in common]
        says = [c[1:3] for c in common]
        rests = [c[3:] for c in common]
        new = tuple.__new__
        return [
            new(Entry, (*heads[n], at, *says[n], message, cursor, *rests[n]))
            for n, at, message, cursor in zip(
                self.numbers, self.at_us, self.messages, cursors, strict=True
            )
        ]

    def entry(self, row: int) -> Entry:
        """One entry."""
        shape, rows = self.shape, self.shape.rows
        begin, end = self._column("I", 4 * row, 2)
        said_begin, said_end = self._column("I", 4 * (rows + 1 + row), 2)
        (at_us,) = self._column("q", 8 * (rows + 1 + row), 1)
        (number,) = self._column("H", shape.keys_at + 8 * rows + 2 * row, 1)
        message = self._part(shape.text_at + begin, shape.text_at + end - 1)
        cursor = self._part(shape.cursors_at + said_begin, shape.cursors_at + said_end - 1)
        host, level, kind, *rest = self.common[number]
        said = message.decode(_CODEC, _ERRORS), cursor.decode(_CODEC, _ERRORS)
        return tuple.__new__(Entry, (host, at_us, level, kind, *said, *rest))

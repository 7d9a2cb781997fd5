"""Which entries of a stretch are wanted: asked of the source if it can search, else one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Protocol, runtime_checkable

from tui.model.journal import Entry
from tui.model.query import Query

Shows = Callable[[Entry], bool] | Query
"""A question of one entry, or a query that a source may answer for many at once."""
CHUNK = 64
"""Entries asked one by one between two looks at the clock."""


@runtime_checkable
class Searchable(Protocol):
    """Entries that can be searched without being read one by one; by index, 0 the oldest held."""

    def stretch(self, index: int) -> tuple[int, int]:
        """Begin and end of what lies around an index and is searched at once."""
        ...

    def select(self, query: Query, start: int, stop: int) -> Sequence[int]:
        """Indices from `start` to before `stop` that the query lists, ascending; both are within
        one stretch."""
        ...


def stretch_from(entries: Sequence[Entry], shows: Sequence[Shows], start: int) -> int:
    """Where to stop when going on from an index, so that it takes a few ms at most."""
    size = len(entries)
    if start < size and _fast(entries, shows):
        return min(size, entries.stretch(start)[1])  # type: ignore[attr-defined, no-any-return]
    return min(size, start + CHUNK)


def stretch_before(entries: Sequence[Entry], shows: Sequence[Shows], stop: int) -> int:
    """Where to begin when going back from before an index, likewise."""
    if stop > 0 and _fast(entries, shows):
        return max(0, entries.stretch(stop - 1)[0])  # type: ignore[attr-defined, no-any-return]
    return max(0, stop - CHUNK)


def select(
    entries: Sequence[Entry], shows: Sequence[Shows], start: int, stop: int
) -> Sequence[int]:
    """Indices within a stretch that all of `shows` want, ascending."""
    if start >= stop:
        return ()
    if _fast(entries, shows):
        first, *others = shows
        found = entries.select(first, start, stop)  # type: ignore[attr-defined]
        for other in others:
            if not found:
                break
            wanted = frozenset(entries.select(other, start, stop))  # type: ignore[attr-defined]
            found = [index for index in found if index in wanted]
        return found  # type: ignore[no-any-return]
    tests = [one.matches if isinstance(one, Query) else one for one in shows]
    return [
        index
        for index, entry in enumerate(entries[start:stop], start)
        if all(test(entry) for test in tests)
    ]


def _fast(entries: Sequence[Entry], shows: Sequence[Shows]) -> bool:
    return _searchable(type(entries)) and all(isinstance(one, Query) for one in shows)


@cache
def _searchable(kind: type) -> bool:
    # Asked for each block, and asking a protocol takes a tenth of the block's search.
    return issubclass(kind, Searchable)

"""What the journal view reads: a sequence of entries with absolute indices, and a frozen one.

An absolute index names an entry for as long as it is held: the head is dropped without
renumbering. It changes only at and behind `changed_from`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from tui.model.journal import Entry
from tui.model.query import Query
from tui.widgets.journal_select import select, stretch_before, stretch_from


class JournalSource(Protocol):
    """Entries in merged time order; entry `i` of `entries` has the absolute index `dropped + i`."""

    @property
    def entries(self) -> Sequence[Entry]:
        """What is held, oldest first."""
        ...

    @property
    def dropped(self) -> int:
        """How many were ever dropped from the head."""
        ...

    @property
    def revision(self) -> int:
        """Grows with every change."""
        ...

    def changed_from(self, revision: int) -> int:
        """The smallest absolute index that may differ from what it was at `revision`."""
        ...

    def near(self, entry: Entry) -> int:
        """The absolute index at which an entry of that host and time would be looked for: by the
        order in which the source holds them, which is not that of the hosts' own times."""
        ...


@runtime_checkable
class Freezable(Protocol):
    """Entries that know how to stand still without being copied."""

    def frozen(self) -> Sequence[Entry]:
        """What is held now, whatever comes or goes."""
        ...


def frozen_of(entries: Sequence[Entry]) -> Sequence[Entry]:
    """The entries as they are now."""
    return entries.frozen() if isinstance(entries, Freezable) else entries[:]


class FrozenSource:
    """A source as it stands now: what a paused view reads while the real one goes on.

    It keeps alive what the real one drops meanwhile, so at most as much again as that may hold.
    """

    def __init__(self, source: JournalSource) -> None:
        self.entries: Sequence[Entry] = frozen_of(source.entries)
        self.dropped = source.dropped
        self.revision = source.revision
        self._near = source.near

    def near(self, entry: Entry) -> int:
        """Where the real source would look; nothing moves here, so it is hardly asked."""
        return self._near(entry)

    def changed_from(self, revision: int) -> int:
        """Nothing changes here any more."""
        return end_of(self)


def end_of(source: JournalSource) -> int:
    """The absolute index behind the newest entry."""
    return source.dropped + len(source.entries)


def entry_at(source: JournalSource, index: int) -> Entry | None:
    """The entry of an absolute index, None if it is not held."""
    place = index - source.dropped
    entries = source.entries
    return entries[place] if 0 <= place < len(entries) else None


def same_entry(one: Entry, other: Entry) -> bool:
    """Whether two values are the same entry of a journal, which may have grown since."""
    if one is other:
        return True
    if one.host != other.host or one.at_us != other.at_us:
        return False
    if one.cursor or other.cursor:
        return one.cursor == other.cursor
    return one.kind is other.kind


def find_again(source: JournalSource, entry: Entry, was_at: int) -> int:
    """Where an entry stands now that stood at `was_at`; the nearest later one if it is gone.

    Stragglers of other hosts push an entry by a few places: it is looked for around where it was.
    The first lines of a host that comes late push it far: then around where its time is.
    """
    by_time = min(max(source.near(entry), source.dropped), end_of(source))
    for middle in (was_at, by_time):
        found = _look_around(source, entry, middle)
        if found is not None:
            return found
    return by_time


def _look_around(source: JournalSource, entry: Entry, middle: int) -> int | None:
    """Where an entry is, in the stretches around an absolute index, the nearest first."""
    own = (Query(hosts=frozenset({entry.host}), since_us=entry.at_us, until_us=entry.at_us),)
    entries, base = source.entries, source.dropped
    begin = stop = at = min(max(middle - base, 0), len(entries))
    low, high = max(0, at - REACH), min(len(entries), at + REACH)
    while begin > low or stop < high:
        after, before = stretch_from(entries, own, stop), stretch_before(entries, own, begin)
        found = [*select(entries, own, stop, after), *select(entries, own, before, begin)]
        same = [index for index in found if same_entry(entries[index], entry)]
        if same:
            return min(same, key=lambda index: abs(index - at)) + base
        begin, stop = before, after
    return None


REACH = 8192
"""Places searched for an entry that moved: more than a second of a flood inserts."""

"""The journal's query: what must be true of an entry to be listed, one value. Pure.

Everything in it must be true. `fits` asks what entries share (host, level, process, boot), so a
store may ask it once for many; `terms` are texts and patterns that meet the message.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from tui.model.journal import Entry, EntryKind, Level
from tui.model.journal_filter import Filter

SPANS = 100
_CONTEXT = (EntryKind.UNIT, EntryKind.JOURNALD, EntryKind.GAP)
_ALL = frozenset(Level)
_KINDS = frozenset(EntryKind)


@dataclass(frozen=True, slots=True)
class Want:
    """One field of the query: any of `values` (for hosts with `*`), or none of them."""

    name: str
    values: tuple[str, ...]
    negated: bool = False

    def fits(self, entry: Entry) -> bool:
        """Whether the entry has it."""
        return self._has(entry) is not self.negated

    def _has(self, entry: Entry) -> bool:
        if self.name == "host":
            return any(fnmatchcase(entry.host, value) for value in self.values)
        if self.name == "boot":
            return any(entry.boot_id.startswith(value) for value in self.values)
        if self.name == "pid":
            return str(entry.pid) in self.values
        if self.name == "kind":
            return entry.kind.value in self.values
        unit = entry.unit.removesuffix(".service")
        return any(unit == value.removesuffix(".service") for value in self.values)


@dataclass(frozen=True)
class Query:
    """What is listed. `worse`: this level or worse, as the level key sets it; `hosts`: none: all.

    `levels` are those typed. What systemd says of the unit, what journald dropped and gaps pass
    every level, unless the query is `strict`; a gap passes every text. Times are microseconds
    by the host's clock, as shown. `problem` says in words what of the typed cannot be used; the
    rest of it holds.
    """

    terms: tuple[Filter, ...] = ()
    wants: tuple[Want, ...] = ()
    worse: Level | None = None
    levels: frozenset[Level] = _ALL
    hosts: frozenset[str] = frozenset()
    since_us: int | None = None
    until_us: int | None = None
    strict: bool = False
    kinds: frozenset[EntryKind] = _KINDS
    mistake: str = ""

    @property
    def problem(self) -> str:
        """What cannot be used, as a sentence; `""` if all can."""
        return self.mistake or next((term.problem for term in self.terms if term.problem), "")

    @property
    def empty(self) -> bool:
        """Whether every entry passes."""
        return self.sharing and not self.terms and not self.timed

    @property
    def sharing(self) -> bool:
        """Whether `fits` is true of everything."""
        if self.wants or self.hosts or self.worse is not None:
            return False
        return self.levels == _ALL and self.kinds == _KINDS

    @property
    def timed(self) -> bool:
        """Whether the time counts."""
        return self.since_us is not None or self.until_us is not None

    @property
    def has_text(self) -> bool:
        """Whether there is a text to be found and marked."""
        return any(not term.negated and not term.problem for term in self.terms)

    def fits(self, entry: Entry) -> bool:
        """Whether what the entry shares with others is right; message and time are not asked."""
        if self.hosts and entry.host not in self.hosts:
            return False
        if entry.kind not in self.kinds:
            return False
        if self.strict or entry.kind not in _CONTEXT:
            if entry.level not in self.levels:
                return False
            if self.worse is not None and entry.level > self.worse:
                return False
        return all(want.fits(entry) for want in self.wants)

    def in_time(self, at_us: int) -> bool:
        """Whether the time is right."""
        if self.since_us is not None and at_us < self.since_us:
            return False
        return self.until_us is None or at_us <= self.until_us

    def says(self, entry: Entry) -> bool:
        """Whether the message is right."""
        return entry.kind is EntryKind.GAP or all(term.matches(entry) for term in self.terms)

    def matches(self, entry: Entry) -> bool:
        """Whether the entry is to be listed."""
        return self.fits(entry) and self.in_time(entry.at_us) and self.says(entry)

    def spans(self, message: str) -> Sequence[tuple[int, int]]:
        """Where the texts stand in a message, as (start, end), ascending and apart."""
        found = [span for term in self.terms for span in term.spans(message, SPANS)]
        if len(self.terms) < 2:
            return found
        found.sort()
        apart: list[tuple[int, int]] = []
        for start, stop in found:
            if apart and start < apart[-1][1]:
                apart[-1] = (apart[-1][0], max(stop, apart[-1][1]))
            else:
                apart.append((start, stop))
        return apart


_SAID = _KINDS - {EntryKind.GAP}
ERRORS = Query(worse=Level.ERROR, strict=True, kinds=_SAID)
"""Errors or worse, whoever says them."""
WARNINGS = Query(levels=frozenset({Level.WARNING}), strict=True, kinds=_SAID)
"""Warnings alone: errors have their own key."""

"""The timeline: what happened to an app's hosts and what was done about it, in one order. Pure.

Entries come from several sources: the audit (`timeline_audit`) and what the console itself keeps.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from operator import attrgetter

from tui.model.redact import from_host

TEXT_LIMIT = 4000
"""Characters of an entry's text; a name has `NAME_LIMIT`."""
NAME_LIMIT = 200


class Kind(StrEnum):
    """What an entry is about."""

    PLAN = "plan"
    STEP = "step"
    COMMAND = "command"
    OUTCOME = "outcome"
    UNLOCK = "unlock"
    CONSOLE = "console"
    HOST = "host"
    SERVICE = "service"
    PIN = "pin"
    NOTE = "note"
    INCIDENT_OPENED = "incident opened"
    INCIDENT_CLOSED = "incident closed"
    GAP = "gap"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened; every text in it is harmless and without secrets once it is made.

    `at` is Unix seconds (UTC), `until` the end of a gap and None for anything else. `who` is
    user@machine, empty for a host's own doing. `op` is the operation and `cursor` the journal's
    place that the entry tells of; `step` counts from 1.
    """

    at: float
    kind: Kind
    text: str
    environment: str = ""
    app: str = ""
    host: str = ""
    who: str = ""
    op: str = ""
    step: int | None = None
    cursor: str = ""
    until: float | None = None

    def __post_init__(self) -> None:
        """Scrub and redact here, so that no way in can forget it; ValueError for no time."""
        if not math.isfinite(self.at) or (self.until is not None and not math.isfinite(self.until)):
            raise ValueError("an entry needs a time")
        object.__setattr__(self, "text", from_host(self.text, limit=TEXT_LIMIT))
        for name in _NAMES:
            said = from_host(getattr(self, name), limit=NAME_LIMIT).replace("\n", "␊")
            object.__setattr__(self, name, said)
        # A cursor is sent back to the host: changed it would point nowhere, so it is kept or not.
        if not _is_cursor(self.cursor):
            object.__setattr__(self, "cursor", "")


_NAMES = ("environment", "app", "host", "who", "op")


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries are wanted; what is empty wants all. `text` is looked for without case."""

    environment: str = ""
    app: str = ""
    kinds: frozenset[Kind] = frozenset()
    hosts: frozenset[str] = frozenset()
    text: str = ""
    since: float | None = None
    until: float | None = None

    def wants(self, entry: Entry) -> bool:
        """Whether the entry is shown: an entry without a host belongs to every host."""
        # What belongs to no app (an unlock, say) belongs to all of its environment.
        if self.environment and entry.environment not in ("", self.environment):
            return False
        if self.app and entry.app not in ("", self.app):
            return False
        if self.kinds and entry.kind not in self.kinds:
            return False
        if self.hosts and entry.host and entry.host not in self.hosts:
            return False
        end = entry.at if entry.until is None else entry.until
        if self.since is not None and end < self.since:
            return False
        if self.until is not None and entry.at > self.until:
            return False
        return not self.text or self.text.casefold() in _searched(entry)


def merged(*sources: Iterable[Entry]) -> tuple[Entry, ...]:
    """All entries by time; of one time in the order of the sources, and within one as it stood."""
    return tuple(sorted((e for source in sources for e in source), key=attrgetter("at")))


def filtered(entries: Iterable[Entry], wanted: Filter) -> tuple[Entry, ...]:
    """The entries that the filter wants, in their order."""
    return tuple(entry for entry in entries if wanted.wants(entry))


def incident(entries: Iterable[Entry], name: str) -> tuple[float, float | None] | None:
    """(begin, end) of the newest incident of that name; its end is None while it is open."""
    found: tuple[float, float | None] | None = None
    for entry in entries:
        if entry.text.split("\n")[0] != name:
            continue
        if entry.kind is Kind.INCIDENT_OPENED:
            found = (entry.at, None)
        elif entry.kind is Kind.INCIDENT_CLOSED and found is not None and found[1] is None:
            found = (found[0], entry.at)
    return found


def open_incidents(entries: Iterable[Entry]) -> tuple[str, ...]:
    """The names of the incidents that were opened and not closed, oldest first."""
    names: list[str] = []
    for entry in entries:
        name = entry.text.split("\n")[0]
        if entry.kind is Kind.INCIDENT_OPENED and name not in names:
            names.append(name)
        elif entry.kind is Kind.INCIDENT_CLOSED and name in names:
            names.remove(name)
    return tuple(names)


def to_record(entry: Entry) -> dict[str, object]:
    """The entry as JSON values; what is empty is left out."""
    values = {name: getattr(entry, name) for name in Entry.__slots__}
    return {
        name: str(value) if name == "kind" else value
        for name, value in values.items()
        if value not in ("", None)
    }


def from_record(record: Mapping[str, object]) -> Entry:
    """The entry of a record; ValueError says what is wrong. Fields it does not know are left."""
    at, until, step = record.get("at"), record.get("until"), record.get("step")
    if not _is_number(at):
        raise ValueError("it has no time")
    texts = {name: record.get(name, "") for name in ("text", "cursor", *_NAMES)}
    if not all(isinstance(said, str) for said in texts.values()):
        raise ValueError("one of its texts is none")
    return Entry(
        at=float(at),  # type: ignore[arg-type]  # a number, as was asked above
        kind=Kind(str(record.get("kind"))),
        step=step if isinstance(step, int) else None,
        until=float(until) if _is_number(until) else None,  # type: ignore[arg-type]  # as above
        **{name: str(said) for name, said in texts.items()},
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_cursor(said: str) -> bool:
    return len(said) <= 2 * NAME_LIMIT and said.isascii() and said.isprintable()


def _searched(entry: Entry) -> str:
    shown = (entry.kind, entry.text, *(getattr(entry, name) for name in _NAMES))
    return "\n".join(shown).casefold()

"""Journal entries and their levels; what an entry of journald becomes behind the door."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import NamedTuple


class Level(IntEnum):
    """Severity, syslog's numbers: smaller is worse."""

    EMERGENCY = 0
    ALERT = 1
    CRITICAL = 2
    ERROR = 3
    WARNING = 4
    NOTICE = 5
    INFO = 6
    DEBUG = 7


class EntryKind(StrEnum):
    """Who speaks: the app, systemd about the unit, journald about losses, or this console."""

    APP = "app"
    UNIT = "unit"
    JOURNALD = "journald"
    GAP = "gap"


class Entry(NamedTuple):
    """One journal entry; `message` is scrubbed and redacted, lines divided by newlines.

    `at_us` is journald's receipt time, microseconds since the epoch by the host's own clock.
    `cursor` is journald's, `""` for entries that this console made (gaps).
    """

    host: str
    at_us: int
    level: Level
    kind: EntryKind
    message: str
    cursor: str = ""
    boot_id: str = ""
    pid: int | None = None
    identifier: str = ""
    unit: str = ""
    invocation_id: str = ""
    stream_id: str = ""
    message_id: str = ""
    line_break: str = ""
    fields: tuple[tuple[str, str], ...] = ()


class FeedWord(StrEnum):
    """The state of one host's journal stream, as the word shown."""

    WAITING = "waiting"
    READING = "reading"
    LIVE = "live"
    STALE = "stale"
    RESUMING = "resuming"
    ENDED = "ended"
    NO_RIGHT = "no right"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class FeedState:
    """One host's stream: since when (Unix seconds, our clock) it is so, and a sentence why.

    `hint` says what the operator can do, `""` if nothing needs doing. `volatile` tells that the
    host forgets its journal at a reboot, None while not known.
    """

    word: FeedWord = FeedWord.WAITING
    detail: str = ""
    since: float = 0.0
    hint: str = ""
    volatile: bool | None = None


@dataclass(frozen=True, slots=True)
class JournalQuery:
    """What is asked of the hosts' journals.

    `since` and `until` are what `timespec.parse_since` takes; without `until` the journal is
    followed. `boot` is a boot ID or an offset like `-1`, None for all. No hosts means every one.
    """

    since: str = "15m"
    until: str | None = None
    boot: str | None = None
    hosts: frozenset[str] = frozenset()

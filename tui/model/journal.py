"""Journal entries and their levels; what an entry of journald becomes behind the door."""

from __future__ import annotations

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

"""A journal entry as a line of text or of JSON: for the tail, for exports, for the clipboard."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from tui.model.journal import Entry, EntryKind, Level

_LEVEL_WORDS = {
    Level.EMERGENCY: "EMERG",
    Level.ALERT: "ALERT",
    Level.CRITICAL: "CRIT",
    Level.ERROR: "ERROR",
    Level.WARNING: "warn",
    Level.NOTICE: "note",
    Level.INFO: "info",
    Level.DEBUG: "debug",
}
_KIND_WORDS = {
    EntryKind.UNIT: ("unit", "UNIT"),
    EntryKind.JOURNALD: ("jrnl", "JRNL"),
    EntryKind.GAP: ("gap", "GAP"),
}
LEVEL_WIDTH = 5


def level_word(entry: Entry) -> str:
    """The entry's level, or who speaks if it is not the app; capitals mean that something broke."""
    words = _KIND_WORDS.get(entry.kind)
    if words is None:
        return _LEVEL_WORDS[entry.level]
    return words[entry.level <= Level.ERROR]


def clock_of(at_us: int) -> str:
    """Microseconds since the epoch as `03:07:41.180`, UTC."""
    return _moment(at_us).strftime("%H:%M:%S.") + f"{at_us // 1000 % 1000:03}"


def stamp_of(at_us: int) -> str:
    """Microseconds since the epoch as `2026-11-23T03:07:41.180Z`."""
    return _moment(at_us).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at_us // 1000 % 1000:03}Z"


def _moment(at_us: int) -> datetime:
    return datetime.fromtimestamp(at_us // 1_000_000, UTC)


def format_line(entry: Entry, *, host_width: int = 0, dated: bool = True) -> str:
    """`2026-11-23T03:07:41.180Z web1 ERROR message`, the message's further lines indented below.

    The time is the host's own. `dated=False` leaves the time of day; no newline at the end.
    """
    at = stamp_of(entry.at_us) if dated else clock_of(entry.at_us)
    head = f"{at} {entry.host:<{host_width}} {level_word(entry):<{LEVEL_WIDTH}} "
    if "\n" not in entry.message:
        return head + entry.message
    first, *more = entry.message.split("\n")
    return "\n".join((head + first, *("    " + line for line in more)))


def json_line(entry: Entry) -> str:
    """The entry as one line of JSON; what journald did not say is left out."""
    said: dict[str, object] = {
        "host": entry.host,
        "at": stamp_of(entry.at_us)[:-4] + f"{entry.at_us % 1_000_000:06}Z",
        "at_us": entry.at_us,
        "level": entry.level.name.lower(),
        "kind": entry.kind.value,
        "message": entry.message,
        "unit": entry.unit,
        "pid": entry.pid,
        "identifier": entry.identifier,
        "boot_id": entry.boot_id,
        "invocation_id": entry.invocation_id,
        "message_id": entry.message_id,
        "line_break": entry.line_break,
        "cursor": entry.cursor,
        "fields": dict(entry.fields),
    }
    kept = {key: value for key, value in said.items() if value not in ("", None, {})}
    return json.dumps(kept, ensure_ascii=False)

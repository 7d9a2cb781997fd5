"""The fields of one journal entry -> an `Entry`, scrubbed and redacted: the journal's door. Pure.

The fields whose names begin with `_` are journald's own word; the others are the sender's, so
who speaks is told by the former alone.
"""

from __future__ import annotations

from typing import NamedTuple

from tui.model.journal import Entry, EntryKind, Level
from tui.model.level import level_of, unit_level
from tui.model.redact import from_host

_CURSOR = b"__CURSOR="
_REALTIME = b"__REALTIME_TIMESTAMP="
_AT = len(_REALTIME)
_FIELD_LIMIT = 4096
_CURSOR_LIMIT = 1024
_YEAR_10000_US = 253_402_300_800_000_000
_CONTEXTS = 512
_CONTEXT_SIZE = 4096
# Between the time and the boot ID stand the monotonic time and, since 254, two lines of seqnum.
_BETWEEN = 200

# What has a place of its own in an Entry, or is of no use behind the door.
_COLUMNS = frozenset(
    (
        "MESSAGE",
        "MESSAGE_ID",
        "PRIORITY",
        "SYSLOG_IDENTIFIER",
        "_PID",
        "_BOOT_ID",
        "_STREAM_ID",
        "_LINE_BREAK",
    )
)
_ABOUT_APP = ("_SYSTEMD_UNIT", "_SYSTEMD_INVOCATION_ID")

Fields = dict[bytes, list[bytes]]


class NotAnEntry(ValueError):
    """The fields lack what makes an entry: a cursor and a time."""


class _Context(NamedTuple):
    """What an entry is beside its message, cursor and time; much the same from line to line."""

    kind: EntryKind
    priority: Level | None
    level: Level | None  # None: the text decides
    columns: tuple[
        str, int | None, str, str, str, str, str, str, tuple[tuple[str, str], ...]
    ]  # boot_id, pid, identifier, unit, invocation_id, stream_id, message_id, line_break, fields


class EntryMaker:
    """Makes one host's entries; remembers the contexts it has seen, at most _CONTEXTS."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._contexts: dict[bytes, _Context] = {}

    def quick(self, record: bytes) -> Entry | None:
        """The entry of a record of text fields, a line each, without the empty line that ends
        it; None where it is anything but that: then field by field."""
        cursor_end = record.find(b"\n")
        at_start = cursor_end + 1
        if not (record.startswith(_CURSOR) and record.startswith(_REALTIME, at_start)):
            return None
        at_end = record.find(b"\n", at_start)
        boot = record.find(b"\n_BOOT_ID=", at_end)
        start = record.find(b"\nMESSAGE=", boot)
        if not (at_end > 0 and 0 <= boot - at_end < _BETWEEN and start > 0):
            return None
        if record.find(_CURSOR, at_end, boot) > 0:
            return None
        stop = record.find(b"\n", start + 9)
        if stop < 0:
            stop = len(record)
        key = record[boot:start] + record[stop:]
        context = self._contexts.get(key)
        if context is None:
            context = self._learn(key)
            if context is None:
                return None
        try:
            at_us = _at(record[at_start + _AT : at_end])
            cursor = _cursor(record[9:cursor_end])
        except ValueError:
            return None
        return self._entry(at_us, context, from_host(record[start + 9 : stop]), cursor)

    def full(self, fields: Fields, note: str = "") -> Entry:
        """The entry of `fields` (each name with its values in order); NotAnEntry if it is none.

        `note` is added to the message as a line of its own.
        """
        try:
            at_us = _at(fields[b"__REALTIME_TIMESTAMP"][0])
            cursor = _cursor(fields[b"__CURSOR"][0])
        except (KeyError, ValueError) as error:
            raise NotAnEntry(str(error)) from None
        said = fields.get(b"MESSAGE")
        message = "(no message)" if said is None else from_host(b"\n".join(said))
        return self._entry(
            at_us, _context(fields), f"{message}\n{note}" if note else message, cursor
        )

    def remark(self, text: str, at_us: int) -> Entry:
        """An entry of ours among the host's."""
        return Entry(self._host, at_us, Level.WARNING, EntryKind.GAP, text)

    def _entry(self, at_us: int, context: _Context, message: str, cursor: str) -> Entry:
        kind, priority, level, columns = context
        if level is None:
            level = level_of(message, priority)
        return Entry(self._host, at_us, level, kind, message, cursor, *columns)

    def _learn(self, key: bytes) -> _Context | None:
        """The context of the lines of a record but MESSAGE; None unless each is NAME=value once."""
        fields: Fields = {}
        for line in key[1:].split(b"\n"):
            name, equals, value = line.partition(b"=")
            strange = name in fields or name == b"MESSAGE" or name.startswith(b"__")
            if not equals or strange or not field_name_fits(name):
                return None
            fields[name] = [value]
        context = _context(fields)
        if len(key) <= _CONTEXT_SIZE:
            if len(self._contexts) >= _CONTEXTS:
                self._contexts.clear()
            self._contexts[key] = context
        return context


def field_name_fits(name: bytes) -> bool:
    """Whether it is a field's name: capitals, digits, `_`, at most 64, no digit in front."""
    bare = name.replace(b"_", b"A")
    return len(name) <= 64 and bare.isalnum() and bare.isupper() and not name[:1].isdigit()


def _at(value: bytes) -> int:
    at_us = int(value)
    if not 0 <= at_us < _YEAR_10000_US:
        raise ValueError("not a time")
    return at_us


def _cursor(value: bytes) -> str:
    cursor = value.decode("ascii")
    if not cursor.isprintable() or not 0 < len(cursor) <= _CURSOR_LIMIT:
        raise ValueError("not a cursor")
    return cursor


def _context(fields: Fields) -> _Context:
    def first(*names: str) -> str:
        for name in names:
            values = fields.get(name.encode())
            if values:
                return _shown(values[0])
        return ""

    kind = _kind(first("_PID"), first("_TRANSPORT"), first("_SYSTEMD_UNIT"), fields)
    priority = _priority(first("PRIORITY"))
    message_id = first("MESSAGE_ID")
    level = None
    if kind is not EntryKind.APP:
        level = unit_level(message_id, priority, first("EXIT_CODE"), first("EXIT_STATUS"))
    about = ("UNIT", "COREDUMP_UNIT", "OBJECT_SYSTEMD_UNIT") if kind is not EntryKind.APP else ()
    return _Context(
        kind,
        priority,
        level,
        (
            first("_BOOT_ID"),
            _number(first("_PID")),
            first("SYSLOG_IDENTIFIER"),
            first(*about, "_SYSTEMD_UNIT"),
            first("_SYSTEMD_INVOCATION_ID", "INVOCATION_ID")
            if kind is EntryKind.APP
            else first("INVOCATION_ID", "_SYSTEMD_INVOCATION_ID"),
            first("_STREAM_ID"),
            message_id,
            first("_LINE_BREAK"),
            _others(fields, _ABOUT_APP if kind is EntryKind.APP else ("UNIT", "INVOCATION_ID")),
        ),
    )


def _kind(pid: str, transport: str, unit: str, fields: Fields) -> EntryKind:
    if transport == "driver":
        return EntryKind.JOURNALD
    if pid == "1":
        return EntryKind.UNIT
    # systemd's helpers speak about the unit under units of their own: coredump, oomd.
    about = b"COREDUMP_UNIT" in fields or b"OBJECT_SYSTEMD_UNIT" in fields
    return EntryKind.UNIT if about and unit.startswith("systemd-") else EntryKind.APP


def _others(fields: Fields, columns: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, _shown(value))
        for name, values in ((raw.decode("ascii"), values) for raw, values in fields.items())
        if name not in _COLUMNS and name not in columns and not name.startswith("__")
        for value in values
    )


def _shown(value: bytes) -> str:
    return from_host(value, limit=_FIELD_LIMIT).replace("\n", "␊")


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


def _priority(text: str) -> Level | None:
    return Level(int(text)) if text in ("0", "1", "2", "3", "4", "5", "6", "7") else None

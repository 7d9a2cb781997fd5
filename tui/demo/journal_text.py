"""journalctl's output formats: export, json, short, short-iso(-precise), cat. Bytes, pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime

from tui.demo.journal import Entry, Field

_PLAIN = re.compile(rb"[\x20-\x7e\t]*\Z")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_COLOUR = re.compile(rb"\x1b\[[0-9;]*[A-Za-z]")
_JSON_LIMIT = 4096

Wanted = frozenset[str] | None
Format = Callable[[Entry, Wanted, bool], bytes]


def printable(value: bytes, *, newline: bool) -> bool:
    """Whether journalctl takes a value for text: UTF-8 without control characters, tabs apart."""
    if _PLAIN.match(value):
        return True
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return False
    return not _CONTROL.search(text) and (newline or "\n" not in text)


def _exported(name: str, value: bytes) -> bytes:
    if printable(value, newline=False):
        return name.encode() + b"=" + value + b"\n"
    return name.encode() + b"\n" + len(value).to_bytes(8, "little") + value + b"\n"


def export(entry: Entry, wanted: Wanted, _all: bool) -> bytes:
    """`-o export`: a field a line, binary ones with their length, a blank line at the end."""
    shared = entry.source.rendered.get(wanted)
    if shared is None:
        shared = b"".join(_exported(*pair) for pair in chosen(entry.source.fields, wanted))
        entry.source.rendered[wanted] = shared
    own = b"".join(_exported(*pair) for pair in chosen(entry.fields, wanted))
    head = (
        f"__CURSOR={entry.cursor}\n__REALTIME_TIMESTAMP={entry.at_us}\n"
        f"__MONOTONIC_TIMESTAMP={entry.mono_us}\n_BOOT_ID={entry.boot_id}\n"
    )
    return head.encode() + shared + own + b"\n"


def chosen(fields: tuple[Field, ...], wanted: Wanted) -> tuple[Field, ...]:
    """The fields that `--output-fields` lets through."""
    return fields if wanted is None else tuple(pair for pair in fields if pair[0] in wanted)


def _json_value(name: str, value: bytes, show_all: bool) -> object:
    if not show_all and len(name) + 1 + len(value) >= _JSON_LIMIT:
        return None
    return value.decode() if printable(value, newline=True) else list(value)


def as_json(entry: Entry, wanted: Wanted, show_all: bool) -> bytes:
    """`-o json`: an object a line; long values null, unprintable ones arrays of bytes."""
    shown: dict[str, object] = {
        "__CURSOR": entry.cursor,
        "__REALTIME_TIMESTAMP": str(entry.at_us),
        "__MONOTONIC_TIMESTAMP": str(entry.mono_us),
        "_BOOT_ID": entry.boot_id,
    }
    repeated: dict[str, list[object]] = {}
    for name, value in (*chosen(entry.source.fields, wanted), *chosen(entry.fields, wanted)):
        one = _json_value(name, value, show_all)
        repeated.setdefault(name, []).append(one)
    for name, values in repeated.items():
        shown[name] = values[0] if len(values) == 1 else values
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _text_line(stamp: str, entry: Entry, show_all: bool) -> bytes:
    message = entry.get("MESSAGE") or b""
    name = entry.get("SYSLOG_IDENTIFIER") or entry.get("_COMM") or b"unknown"
    pid = entry.get("_PID")
    who = name + (b"[" + pid + b"]" if pid else b"")
    head = stamp.encode() + b" " + (entry.get("_HOSTNAME") or b"localhost") + b" " + who + b": "
    if not show_all:
        message = _COLOUR.sub(b"", message)
    if not show_all and not printable(message, newline=True):
        return head + f"[{_size(len(message))} blob data]\n".encode()
    lines = message.split(b"\n")
    return head + (b"\n" + b" " * len(head)).join(lines) + b"\n"


def _size(count: int) -> str:
    return f"{count}B" if count < 1024 else f"{count / 1024:.1f}K"


def _moment(entry: Entry) -> datetime:
    return datetime.fromtimestamp(entry.at_us // 1_000_000, UTC)


def short(entry: Entry, _wanted: Wanted, show_all: bool) -> bytes:
    """`-o short`: syslog's stamp, without the year."""
    return _text_line(_moment(entry).strftime("%b %d %H:%M:%S"), entry, show_all)


def short_precise(entry: Entry, _wanted: Wanted, show_all: bool) -> bytes:
    """`-o short-precise`: syslog's stamp with microseconds."""
    stamp = _moment(entry).strftime("%b %d %H:%M:%S")
    return _text_line(f"{stamp}.{entry.at_us % 1_000_000:06}", entry, show_all)


def short_iso(entry: Entry, _wanted: Wanted, show_all: bool) -> bytes:
    """`-o short-iso`."""
    return _text_line(_moment(entry).strftime("%Y-%m-%dT%H:%M:%S+0000"), entry, show_all)


def short_iso_precise(entry: Entry, _wanted: Wanted, show_all: bool) -> bytes:
    """`-o short-iso-precise`: microseconds."""
    stamp = _moment(entry).strftime("%Y-%m-%dT%H:%M:%S")
    return _text_line(f"{stamp}.{entry.at_us % 1_000_000:06}+0000", entry, show_all)


def short_unix(entry: Entry, _wanted: Wanted, show_all: bool) -> bytes:
    """`-o short-unix`."""
    return _text_line(f"{entry.at_us // 1_000_000}.{entry.at_us % 1_000_000:06}", entry, show_all)


def cat(entry: Entry, _wanted: Wanted, _all: bool) -> bytes:
    """`-o cat`: the bare message."""
    return (entry.get("MESSAGE") or b"") + b"\n"


FORMATS: dict[str, Format] = {
    "short": short,
    "short-precise": short_precise,
    "short-iso": short_iso,
    "short-iso-precise": short_iso_precise,
    "short-unix": short_unix,
    "export": export,
    "json": as_json,
    "cat": cat,
}
BARE = frozenset({"export", "json", "cat"})
"""Formats without lines of journalctl's own: no boots between, no word about no entries."""

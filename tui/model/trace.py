"""Lines that belong together: a stack trace on stdout is many journal entries and one event.

Only neighbours of one host, process and stream are joined, so that the order within a host
stays what journald says; what is joined is one `Entry` that nothing can come in between.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from tui.model.journal import Entry, EntryKind, Level
from tui.model.level import LEVEL_NAMES, mark_of

# Lines of one write reach journald within microseconds; a busy journald needs some more.
WRITE_GAP_US = 3_000
# What looks like a trace's line is one even after a pause of the writer.
TRACE_GAP_US = 1_000_000
MAX_LINES = 500
MAX_CHARS = 128 * 1024

_TRACE_LINE = re.compile(
    r"\s{2,}\S"  # indented: `    (app 1.0) lib/app.ex:12: App.run/1`, terms on several lines
    r"|\([a-z]\w* [^)]*\) "  # the same with its indentation lost
    r"|(?:Last message|State|Function|Initial Call|Ancestors|Message Queue|Neighbours)\b[^:]*:"
)
# How most lines of an Elixir release begin: no need to look closer.
_BRACKETS = tuple(f"[{name}] " for name in LEVEL_NAMES)
# A clock at the line's start begins a record, also where its level is not said in brackets.
_CLOCK = re.compile(r"(?:\d{4}-\d\d-\d\d[T ])?\d\d:\d\d:\d\d[.,\d]*")


def begins_record(message: str) -> bool:
    """Whether the line starts a log record by itself: it has a level or a time in front."""
    return mark_of(message) is not None or _CLOCK.match(message) is not None


def continues(head: Entry, gap_us: int, entry: Entry) -> bool:
    """Whether `entry` goes on what `head` began, `gap_us` after head's last line.

    Both are of one host and next to each other there.
    """
    if (
        not 0 <= gap_us <= TRACE_GAP_US
        or not entry.stream_id
        or entry.stream_id != head.stream_id
        or entry.pid != head.pid
        or entry.boot_id != head.boot_id
        or head.kind is not EntryKind.APP
        or entry.kind is not EntryKind.APP
    ):
        return False
    if _TRACE_LINE.match(entry.message):
        return True
    if begins_record(entry.message) or (entry.level <= Level.ERROR < head.level):
        return False
    # No mark and no indentation: part of the same write if a record's head stands above it.
    return gap_us <= WRITE_GAP_US and begins_record(head.message)


class Grown(NamedTuple):
    """An entry that was given out and has more lines now: all of it, and the new lines alone."""

    whole: Entry
    added: Entry


class TraceFolder:
    """Joins one host's raw entries into entries of one event each."""

    def __init__(self) -> None:
        self._head: Entry | None = None
        self._last_us = 0
        self._lines = 0
        self._size = 0

    def forget(self) -> None:
        """What comes next goes on nothing."""
        self._head = None

    def fold(self, entries: Sequence[Entry]) -> tuple[Grown | None, list[Entry]]:
        """The last entry given out before, grown by what goes on it (None: it did not grow),
        and the new entries. Every raw line is in exactly one of them, in order."""
        fresh: list[Entry] = []
        grown: Grown | None = None
        parts: list[Entry] = []
        for entry in entries:
            if self._head is not None and self._goes_on(self._head, entry):
                parts.append(entry)
                self._lines += 1
                self._size += len(entry.message) + 1
            else:
                grown = self._close(parts, fresh) or grown
                parts = []
                self._head = entry
                self._lines = 1
                self._size = len(entry.message)
                fresh.append(entry)
            self._last_us = entry.at_us
        return self._close(parts, fresh) or grown, fresh

    def _close(self, parts: list[Entry], fresh: list[Entry]) -> Grown | None:
        """Put the whole event where its head stands; the result is set if that is given out.

        Its cursor is the last line's: reading goes on from there.
        """
        head = self._head
        if head is None or not parts:
            return None
        said = "\n".join(entry.message for entry in parts)
        whole = head._replace(message=f"{head.message}\n{said}", cursor=parts[-1].cursor)
        self._head = whole
        if fresh:
            fresh[-1] = whole
            return None
        return Grown(whole, whole._replace(message=said, at_us=parts[0].at_us))

    def _goes_on(self, head: Entry, entry: Entry) -> bool:
        # The cheap refusals first: this is asked for every line that arrives.
        return (
            entry.stream_id == head.stream_id
            and not entry.message.startswith(_BRACKETS)
            and self._lines < MAX_LINES
            and self._size < MAX_CHARS
            and continues(head, entry.at_us - self._last_us, entry)
        )

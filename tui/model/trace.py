"""Lines that belong together: a stack trace on stdout is many journal entries and one event.

Only neighbours of one host, process and stream are joined, so that the order within a host
stays what journald says; what is joined is one `Entry` that nothing can come in between.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tui.model.journal import Entry, EntryKind, Level
from tui.model.level import mark_of

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


class TraceFolder:
    """Joins one host's raw entries into entries of one event each."""

    def __init__(self) -> None:
        self._head: Entry | None = None
        self._last_us = 0
        self._lines = 0

    def forget(self) -> None:
        """What comes next goes on nothing."""
        self._head = None

    def fold(self, entries: Sequence[Entry]) -> tuple[Entry | None, list[Entry]]:
        """The last entry given out before, grown by what goes on it (None: it did not grow),
        and the new entries. Every raw line is in exactly one of them, in order."""
        fresh: list[Entry] = []
        given = head = self._head
        grown: Entry | None = None
        parts: list[str] = []
        for entry in entries:
            if head is not None and self._goes_on(head, entry):
                parts.append(entry.message)
                self._lines += 1
                last = entry
            else:
                if parts and head is not None:
                    grown = _close(head, parts, last, given, fresh) or grown
                    parts = []
                head = entry
                fresh.append(entry)
                self._lines = 1
            self._last_us = entry.at_us
        if parts and head is not None:
            grown = _close(head, parts, last, given, fresh) or grown
            head = fresh[-1] if fresh else grown
        self._head = head
        return grown, fresh

    def _goes_on(self, head: Entry, entry: Entry) -> bool:
        # The cheap refusals first: this is asked for every line that arrives.
        return (
            entry.stream_id == head.stream_id
            and self._lines < MAX_LINES
            and len(head.message) < MAX_CHARS
            and continues(head, entry.at_us - self._last_us, entry)
        )


def _close(
    head: Entry, parts: list[str], last: Entry, given: Entry | None, fresh: list[Entry]
) -> Entry | None:
    """Put the whole event where its head stands; the result is set if that was given out before.

    Its cursor is the last line's: reading goes on from there.
    """
    whole = head._replace(message="\n".join((head.message, *parts)), cursor=last.cursor)
    if head is given:
        return whole
    fresh[-1] = whole
    return None

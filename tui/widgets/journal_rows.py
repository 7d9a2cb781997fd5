"""The layout of a journal entry: rows of spans with roles, cut at cell borders. Pure.

A role is the name of a style; the paint gives it colours. Nothing here is ever markup.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import NamedTuple

from rich.cells import cell_len

from tui.model.journal import Entry, EntryKind, Level
from tui.model.journal_text import LEVEL_WIDTH, level_word
from tui.model.level import LEVEL_NAMES
from tui.widgets.cells import cut_cells, pad_cells, wrap_cells

Span = tuple[str, str]
"""Text and its role."""
Row = tuple[Span, ...]
Hits = Callable[[str], Sequence[tuple[int, int]]]
"""Where a filter hits a line: (start, end) in characters, ascending."""

FOLDED_LINES = 3
"""Lines that an entry shows until it is unfolded; of more, the last is the count of the rest."""
WRAPPED_ROWS = 8
"""Rows that one wrapped line takes until its entry is unfolded."""
UNFOLDED_ROWS = 400
"""Rows that an unfolded entry takes at most; its details show all of it."""

HOST_COLOURS = 6
"""Hosts are told apart by their word; the colours repeat after so many."""


class Marks(NamedTuple):
    """What the neighbours and the reader add to an entry.

    `day` puts a rule with the date above; `short` leaves out the second that stands above
    already, which changes no count of rows; `unfolded` shows all its lines, wrapped; `lasts` is
    how long a gap has lasted that is still open; `card` says that it shows a known failure.
    """

    day: bool = False
    short: bool = False
    unfolded: bool = False
    lasts: str = ""
    card: bool = False


NO_MARKS = Marks()

_ROLES = {
    Level.WARNING: "warning",
    Level.NOTICE: "info",
    Level.INFO: "info",
    Level.DEBUG: "debug",
}
# Elixir's default, `$time $metadata[$level] $message`, and what its users make of it.
_PREFIX = re.compile(
    r"(?:(?:\d{4}-\d\d-\d\d[ T])?\d\d:\d\d:\d\d[.,]\d{3}\d*Z? )?"
    r"(?P<metadata>(?:[\w.]+=\S+ )*)\[(?P<level>[a-z]+)\] "
)
# A gap says what it is, then how that goes on; other remarks are one sentence.
_LOST = re.compile(r"(link lost \d\d:\d\d:\d\d), ")
_DAY_US = 86_400_000_000


def level_role(entry: Entry) -> str:
    """The style of an entry's level; systemd's own words have one unless something is wrong."""
    role = _ROLES.get(entry.level, "error")
    return "unit" if entry.kind is EntryKind.UNIT and role in ("info", "debug") else role


def day_of(entry: Entry) -> int:
    """Days since the epoch in UTC."""
    return entry.at_us // _DAY_US


def same_second(one: Entry, other: Entry) -> bool:
    """Whether two entries bear the same second."""
    return one.at_us // 1_000_000 == other.at_us // 1_000_000


@dataclass(frozen=True)
class Layout:
    """How entries are laid out at a width (cells): hosts' words, wrapping, what is a hit.

    `names` and `colours` are by host; hosts that are not in them are shown as they are.
    """

    width: int
    names: Mapping[str, str] = field(default_factory=dict)
    colours: Mapping[str, int] = field(default_factory=dict)
    wrap: bool = False
    hits: Hits | None = None

    @cached_property
    def host_width(self) -> int:
        """Cells of the column of hosts."""
        longest = max((cell_len(word) for word in self.names.values()), default=4)
        return max(1, min(longest, self.width // 6))

    @cached_property
    def time_width(self) -> int:
        """Cells of the column of times: milliseconds, seconds or none, by the width."""
        if self.width >= 60:
            return 12
        return 8 if self.width >= 40 else 0

    def rows(self, entry: Entry, marks: Marks = NO_MARKS) -> tuple[Row, ...]:
        """An entry's rows, each exactly as wide as the layout."""
        rows: list[Row] = [self._rule(_date(entry), "", "day")] if marks.day else []
        if entry.kind is EntryKind.GAP:
            left, right = _gap_words(entry, marks.lasts)
            return (*rows, self._rule(f"{entry.host}: {left}", right, "gap"))
        before, under = self._head(entry, marks), self._under(entry)
        for row in self._messages(entry, marks.unfolded):
            rows.append((*before, *row))
            before = under
        return tuple(rows)

    def _rule(self, left: str, right: str, role: str) -> Row:
        # ` ── left ───── right ──`
        room = self.width - 8 - (cell_len(right) + 2 if right else 0)
        words, used = cut_cells(left, max(room, self.width // 3))
        end, end_width = cut_cells(right, max(0, self.width - used - 9))
        text = f" ── {words} "
        close = f" {end} ── " if end else "─ "
        fill = self.width - (5 + used) - (end_width + 5 if end else 2)
        return ((pad_cells(text + "─" * max(0, fill) + close, self.width), role),)

    def _head(self, entry: Entry, marks: Marks) -> Row:
        word, role = pad_cells(level_word(entry), LEVEL_WIDTH), level_role(entry)
        before = (
            (" ", "plain"),
            (self._time(entry, marks.short), "time"),
            self._host(entry),
        )
        # The cell behind the level's word is free in any case.
        level = ((word, role), ("◆", "card")) if marks.card else ((f"{word} ", role),)
        return (*before, *level)

    def _under(self, entry: Entry) -> Row:
        width = self.time_width
        mark = "┃" + " " * width if width else ""
        return ((" ", "plain"), (mark, "fold"), self._host(entry), (" " * 6, "plain"))

    def _host(self, entry: Entry) -> Span:
        colour = self.colours.get(entry.host, 0) % HOST_COLOURS
        name = self.names.get(entry.host, entry.host)
        return (pad_cells(name, self.host_width) + " ", f"host-{colour}")

    def _time(self, entry: Entry, short: bool) -> str:
        if not self.time_width:
            return ""
        seconds, micro = divmod(entry.at_us, 1_000_000)
        minutes, second = divmod(seconds % 86_400, 60)
        clock = f"{minutes // 60:02}:{minutes % 60:02}:{second:02}"
        if short:
            clock = " " * 8
        return f"{clock}.{micro // 1000:03} " if self.time_width == 12 else f"{clock} "

    @cached_property
    def message_width(self) -> int:
        """Cells that are left for the message."""
        time_width = self.time_width + 1 if self.time_width else 0
        return max(2, self.width - 1 - time_width - self.host_width - 1 - 6)

    def _messages(self, entry: Entry, unfolded: bool) -> Iterable[Row]:
        lines = entry.message.split("\n")
        lines[0] = self._without_prefix(lines[0], entry)
        room = self.message_width
        role = level_role(entry)
        text_role = f"message-{role}" if role in ("error", "debug", "unit") else "plain"
        if unfolded:
            yield from self._all_lines(lines, room, text_role)
            return
        shown = lines if len(lines) <= FOLDED_LINES else lines[: FOLDED_LINES - 1]
        for line in shown:
            yield from self._line(line, room, text_role)
        rest = lines[len(shown) :]
        if rest:
            yield self._more(rest, room)

    def _without_prefix(self, line: str, entry: Entry) -> str:
        """The line without the time and level that Elixir puts before it: both have columns."""
        found = _PREFIX.match(line)
        if found is None or LEVEL_NAMES.get(found["level"]) is not entry.level:
            return line
        bare = found["metadata"] + line[found.end() :]
        if self.hits is not None and len(self.hits(line)) != len(self.hits(bare)):
            return line
        return bare

    def _all_lines(self, lines: list[str], room: int, role: str) -> Iterable[Row]:
        count = 0
        for number, line in enumerate(lines):
            pieces = wrap_cells(line, room)
            for piece, start in pieces:
                yield self._piece(line, piece, start, room, role)
            count += len(pieces)
            if count >= UNFOLDED_ROWS and number + 1 < len(lines):
                yield self._more(lines[number + 1 :], room)
                return

    def _line(self, line: str, room: int, role: str) -> Iterable[Row]:
        if self.wrap:
            pieces = wrap_cells(line, room, WRAPPED_ROWS + 1)
            for piece, start in pieces[: WRAPPED_ROWS - 1]:
                yield self._piece(line, piece, start, room, role)
            if len(pieces) >= WRAPPED_ROWS:
                start = pieces[WRAPPED_ROWS - 1][1]
                yield self._cut(line, start, room, role)
        else:
            yield self._cut(line, 0, room, role)

    def _cut(self, line: str, start: int, room: int, role: str) -> Row:
        piece, _ = cut_cells(line[start:], room)
        if start + len(piece) >= len(line):
            return self._piece(line, piece, start, room, role)
        piece, _ = cut_cells(line[start:], room - 1)
        end = start + len(piece)
        hidden = self.hits is not None and any(stop > end for _, stop in self.hits(line))
        row = self._piece(line, piece, start, room - 1, role)
        return (*row, ("+", "hit" if hidden else "more"))

    def _piece(self, line: str, piece: str, start: int, room: int, role: str) -> Row:
        blank = " " * (room - cell_len(piece))
        if self.hits is None:
            return ((piece + blank, role),)
        spans: list[Span] = []
        done = 0
        for hit_start, hit_end in self.hits(line):
            left, right = max(hit_start - start, done), min(hit_end - start, len(piece))
            if left >= right:
                continue
            spans.append((piece[done:left], role))
            spans.append((piece[left:right], "hit"))
            done = right
        spans.append((piece[done:] + blank, role))
        return tuple(span for span in spans if span[0])

    def _more(self, rest: list[str], room: int) -> Row:
        text = f"({len(rest)} more line{'s' if len(rest) > 1 else ''})"
        hits = sum(1 for line in rest if self.hits(line)) if self.hits is not None else 0
        if hits:
            text = f"{text[:-1]}, {hits} with hits)"
        return ((pad_cells(text, room - 2), "hit" if hits else "more"), (" ⏎", "more"))


def gap_is_open(entry: Entry) -> bool:
    """Whether an entry is a lost link that has not come back."""
    return (
        entry.kind is EntryKind.GAP
        and _LOST.match(entry.message) is not None
        and (entry.message.endswith(", resuming"))
    )


def _gap_words(entry: Entry, lasts: str) -> tuple[str, str]:
    lost = _LOST.match(entry.message)
    if lost is None:
        return entry.message.replace("\n", " "), ""
    right = entry.message[lost.end() :]
    return lost[1], f"{right}, {lasts}" if lasts else right


def _date(entry: Entry) -> str:
    try:
        return datetime.fromtimestamp(day_of(entry) * 86_400, UTC).strftime("%Y-%m-%d UTC")
    except (ValueError, OverflowError, OSError):
        # A host may send any number as its time.
        return f"day {day_of(entry)}"

"""The past and the screen of a terminal as one run of numbered lines: scrolled, searched, copied.

A line keeps its number while the screen scrolls; another width makes new lines of all.
"""

from __future__ import annotations

from typing import NamedTuple

from tui.model.screen import Screen
from tui.model.screen_rows import Row, unpacked, width_of

_KEPT = 400


class Point(NamedTuple):
    """A line's number and a column."""

    line: int
    x: int


class Lines:
    """What part of a terminal is looked at, marked and searched. `top` None: its end."""

    def __init__(self, screen: Screen | None) -> None:
        self._screen = screen
        self.top: int | None = None
        self._rows: dict[tuple[int, int], Row] = {}
        self._mark: tuple[Point, Point] | None = None
        self.needle = ""
        self._hits: list[tuple[int, int, int]] = []
        self.hit = -1

    @property
    def first(self) -> int:
        """The number of the oldest line held."""
        screen = self._screen
        return screen.pushed - screen.past_count if screen is not None else 0

    @property
    def end(self) -> int:
        """The number of the first line on the screen."""
        return self._screen.pushed if self._screen is not None else 0

    def number(self, y: int) -> int:
        """The number of the line that is shown at `y`."""
        return (self.end if self.top is None else max(self.top, self.first)) + y

    def row(self, y: int) -> Row | None:
        """The row to draw at `y`; None where there is none."""
        return self._row(self.number(y))

    def _row(self, number: int) -> Row | None:
        screen = self._screen
        if screen is None:
            return None
        at = number - screen.pushed
        if at >= 0:
            return screen.rows[at] if at < len(screen.rows) else None
        index = at + screen.past_count
        if index < 0:
            return None
        key = (number, screen.columns)
        if key not in self._rows:
            if len(self._rows) > _KEPT:
                self._rows.clear()
            self._rows[key] = unpacked(screen.past_at(index), screen.columns)
        return self._rows[key]

    # -- scrolling -----------------------------------------------------------------------

    def to_end(self) -> None:
        """Follow the end, nothing marked."""
        self.top, self._mark = None, None

    def scroll(self, count: int, height: int) -> bool:
        """By lines, below 0 into the past; whether anything is another."""
        before = self.top
        at = max(self.first, (self.end if before is None else before) + count)
        self.top = None if at >= self.end else at
        return self.top != before

    def show(self, number: int, height: int) -> None:
        """Bring a line into view."""
        top = self.number(0)
        if not top <= number < top + height:
            at = max(self.first, number - height // 2)
            self.top = None if at >= self.end else at

    # -- marking -------------------------------------------------------------------------

    def mark_from(self, point: Point) -> None:
        """Begin to mark."""
        self._mark = (point, point)

    def mark_to(self, point: Point) -> None:
        """Mark up to a point, it included."""
        if self._mark is not None:
            self._mark = (self._mark[0], point)

    def unmark(self) -> bool:
        """Forget the mark; whether there was one."""
        had, self._mark = self._mark is not None, None
        return had

    def mark_lines(self, y: int, height: int) -> None:
        """Mark the whole line at `y`; with a mark, on to that line."""
        width = self._screen.columns if self._screen is not None else 0
        here = Point(self.number(y), 0)
        start = self._mark[0] if self._mark is not None else here
        self._mark = (min(start, here), Point(max(start.line, here.line), width))

    def marked_on(self, y: int) -> list[tuple[int, int]]:
        """The columns that are marked at `y`."""
        if self._mark is None or self._screen is None:
            return []
        start, end = sorted(self._mark)
        number = self.number(y)
        if start == end or not start.line <= number <= end.line:
            return []
        first = start.x if number == start.line else 0
        last = end.x + 1 if number == end.line else self._screen.columns
        return [(first, last)]

    def marked_text(self) -> str:
        """What is marked; lines that were wrapped are one."""
        if self._mark is None:
            return ""
        start, end = sorted(self._mark)
        out: list[str] = []
        for number in range(max(start.line, self.first), end.line + 1):
            row = self._row(number)
            if row is None:
                continue
            first = start.x if number == start.line else 0
            last = end.x + 1 if number == end.line else len(row.cells)
            text = "".join(row.cells[first:last])
            out.append(text if row.wrapped else text.rstrip(" ") + "\n")
        return "".join(out).removesuffix("\n")

    # -- searching -----------------------------------------------------------------------

    def search(self, needle: str) -> int:
        """Find a text in everything that is held, without regard to case; how often it stands."""
        self.needle, self._hits, self.hit = needle, [], -1
        screen = self._screen
        if not needle or screen is None:
            return 0
        low = needle.lower()
        for number, text in enumerate(screen.everything(), start=self.end - screen.past_count):
            lowered = text.lower()
            at = lowered.find(low)
            while at >= 0 and len(self._hits) < 10_000:
                self._hits.append((number, at, len(needle)))
                at = lowered.find(low, at + len(low))
        return len(self._hits)

    def next_hit(self, step: int, height: int) -> bool:
        """To the next hit (1) or the one before (-1), from the newest on; False without any."""
        if not self._hits:
            return False
        count = len(self._hits)
        self.hit = (count - 1 if step < 0 else 0) if self.hit < 0 else (self.hit + step) % count
        self.show(self._hits[self.hit][0], height)
        return True

    def hits_on(self, y: int) -> list[tuple[int, int]]:
        """The columns of the present hit at `y`."""
        if self.hit < 0:
            return []
        number, at, length = self._hits[self.hit]
        row = self.row(y)
        if number != self.number(y) or row is None:
            return []
        text = row.text
        start = sum(max(0, width_of(char)) for char in text[:at])
        width = sum(max(0, width_of(char)) for char in text[at : at + length])
        return [(start, start + width)]

"""Which rows of a list are on screen: highlighting, scrolling, following. Pure.

The place is kept by the highlighted entry and the screen line it stands on, never by a count of
rows: what is inserted, dropped or filtered above does not move what is read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Listed(Protocol):
    """A list of absolute indices, ascending."""

    def __len__(self) -> int: ...

    def index(self, position: int) -> int: ...

    def locate(self, index: int) -> int: ...


Line = tuple[int, int]
"""(position in the list, row within the entry)"""


class Window:
    """The visible lines of a list whose entries take one row or more.

    `rows(position)` counts an entry's rows. `arrange` fills `lines`; the movements read them and
    arrange anew.
    """

    def __init__(self, listed: Listed, rows: Callable[[int], int]) -> None:
        self.listed = listed
        self.lines: list[Line] = []
        self.following = True
        self.height = 0  # in rows
        self.highlighted = 0  # absolute index; the list may not hold it (any more)
        self._rows = rows
        self._y = 0  # the line on which the highlighted entry's first row is wanted
        self._position = 0  # of the highlighted entry, as arranged
        self._line = 0  # of its first row, as arranged; negative if that is above the window

    @property
    def position(self) -> int | None:
        """The highlighted entry's position, None while nothing is listed."""
        return self._position if self.lines else None

    def arrange(self) -> None:
        """Fill the lines anew."""
        count = len(self.listed)
        self.lines = []
        if not count or self.height <= 0:
            return
        if self.following:
            position = count - 1
            self.highlighted = self.listed.index(position)
            self._y = self.height - self._rows(position)
        else:
            position = min(self.listed.locate(self.highlighted), count - 1)
        self._fill(position, count)

    def _fill(self, position: int, count: int) -> None:
        rows = self._rows(position)
        lines = [(position, row) for row in range(rows)]
        # `start` is where the window begins in `lines`: below zero, more has to be put before.
        start = -max(min(self._y, self.height - 1), 1 - rows)
        before, start = self._fill_up(lines, position, start)
        start = max(start, 0)
        behind = position
        while len(lines) - start < self.height and behind < count - 1:
            behind += 1
            lines += [(behind, row) for row in range(self._rows(behind))]
        blank = self.height - (len(lines) - start)
        if blank > 0:
            _, start = self._fill_up(lines, before, start - blank)
            start = max(start, 0)
        self.lines = lines[start : start + self.height]
        self._position = position
        self._line = lines.index((position, 0)) - start

    def _fill_up(self, lines: list[Line], position: int, start: int) -> tuple[int, int]:
        while start < 0 and position > 0:
            position -= 1
            rows = self._rows(position)
            lines[:0] = [(position, row) for row in range(rows)]
            start += rows
        return position, start

    # -- movements: each reads the lines as arranged and arranges anew ----------------------

    def place(self, index: int, y: int) -> None:
        """Highlight the entry of an absolute index, its first row on line `y`."""
        self.following = False
        self.highlighted, self._y = index, y
        self.arrange()

    def reveal(self, index: int) -> None:
        """Highlight an entry; if it was off screen it comes in a third from the top."""
        position = self.listed.locate(index)
        lines = [number for number, line in enumerate(self.lines) if line == (position, 0)]
        rows = self._rows(position) if position < len(self.listed) else 1
        if lines and lines[0] + rows <= self.height:
            self.place(index, lines[0])
        else:
            self.place(index, self.height // 3)

    def follow(self) -> None:
        """Keep to the end from now on."""
        self.following = True
        self.arrange()

    def hold(self) -> None:
        """Stay where it is, whatever comes."""
        if self.following and self.lines:
            self.place(self.listed.index(self._position), self._line)
        self.following = False

    def top(self) -> None:
        """Go to the first entry."""
        # Index 0 is never behind the first one held, also while a scan still finds older ones.
        self.place(0, 0)

    def down(self) -> None:
        """Highlight the next entry; one that is taller than the window is scrolled through."""
        if not self.lines:
            return
        below = self._line + self._rows(self._position)
        if below > self.height:
            self.scroll(1)
        elif self._position + 1 < len(self.listed):
            rows = self._rows(self._position + 1)
            y = below if below + rows <= self.height else max(0, self.height - rows)
            self.place(self.listed.index(self._position + 1), y)

    def up(self) -> None:
        """Highlight the entry before, likewise."""
        if not self.lines:
            return
        if self._line < 0:
            self.scroll(-1)
        elif self._position > 0:
            rows = self._rows(self._position - 1)
            y = self._line - rows
            if y < 0:
                y = min(0, self.height - rows)
            self.place(self.listed.index(self._position - 1), y)
        else:
            self.hold()

    def scroll(self, rows: int) -> None:
        """Move the window by rows; the highlighting stays on its entry while that is visible."""
        if not self.lines or (self.following and rows > 0):
            return
        kept, kept_line = self._position, self._line - rows
        first, row = self.lines[0]
        row += rows
        while row < 0 and first > 0:
            first -= 1
            row += self._rows(first)
        while row >= self._rows(first) and first < len(self.listed) - 1:
            row -= self._rows(first)
            first += 1
        self.place(self.listed.index(first), -row)
        visible = {position for position, _ in self.lines}
        if kept in visible:
            shown = [n - row for n, (position, row) in enumerate(self.lines) if position == kept]
            self.place(self.listed.index(kept), shown[0])
        elif kept_line < 0:
            self._highlight_line(0)
        else:
            self._highlight_line(len(self.lines) - 1)

    def page(self, rows: int) -> None:
        """Move window and highlighting by rows; at the end only the highlighting."""
        if not self.lines or (self.following and rows > 0):
            return
        before, line = self.lines, max(0, self._line)
        self.scroll(rows)
        if self.lines == before:
            line = len(self.lines) - 1 if rows > 0 else 0
        self._highlight_line(min(line, len(self.lines) - 1))

    def go_to(self, part: float) -> None:
        """Go to a part of the list, 0.0 its begin, 1.0 its end."""
        count = len(self.listed)
        if count:
            position = min(count - 1, int(part * count))
            self.place(self.listed.index(position), int(part * (self.height - 1)))

    def click(self, line: int) -> None:
        """Highlight the entry that a line of the window shows."""
        if 0 <= line < len(self.lines):
            self._highlight_line(line)

    def _highlight_line(self, line: int) -> None:
        position, row = self.lines[line]
        self.place(self.listed.index(position), line - row)

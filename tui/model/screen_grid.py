"""The grid of a terminal: rows, a cursor, margins and the past; what sequences do to them.

Nothing here knows of bytes or sequences (screen_parser.py, screen.py) or of drawing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from tui.model.screen_rows import Packed, Past, Row, packed, unpacked, width_of
from tui.model.screen_style import DEFAULT, Style, blank_style

SCROLLBACK = 10_000


class Grid:
    """Rows and a cursor. `pending`: the cursor stands behind the last column, the next wraps."""

    def __init__(self, columns: int, lines: int, *, scrollback: int = SCROLLBACK) -> None:
        self.columns = columns
        self.lines = lines
        self.rows = [Row(columns) for _ in range(lines)]
        self.past: deque[Past] = deque(maxlen=scrollback)
        self.pushed = 0
        self.keeps = True
        self.x = self.y = 0
        self.pending = False
        self.style = DEFAULT
        self.top, self.bottom = 0, lines - 1
        self.autowrap, self.insert_mode, self.origin = True, False, False

    # -- writing -------------------------------------------------------------------------

    def write(self, text: str) -> None:
        """Characters of one column each at the cursor."""
        at, count = 0, len(text)
        while at < count:
            if self.pending:
                self._wrap()
            row, x = self.rows[self.y], self.x
            taken = min(self.columns - x, count - at)
            if self.insert_mode:
                row.insert(x, taken, self.style)
            row.put(x, text[at : at + taken], self.style)
            at += taken
            if x + taken < self.columns:
                self.x = x + taken
            else:
                self.x = self.columns - 1
                self.pending = self.autowrap
                if not self.autowrap and at < count:
                    # Without it all the rest falls onto the last column.
                    row.put(self.x, text[-1], self.style)
                    return

    def write_any(self, text: str) -> None:
        """Characters of any width at the cursor."""
        narrow: list[str] = []
        for char in text:
            width = width_of(char)
            if width == 1:
                narrow.append(char)
                continue
            if narrow:
                self.write("".join(narrow))
                narrow.clear()
            if width == 2:
                self._write_wide(char)
            elif width == 0:
                self.rows[self.y].mark(self.x if self.pending else max(0, self.x - 1), char)
        if narrow:
            self.write("".join(narrow))

    def _write_wide(self, char: str) -> None:
        if self.columns < 2:
            return
        if self.pending:
            self._wrap()
        if self.x == self.columns - 1:
            if not self.autowrap:
                return
            self._leave_last_column()
            self._wrap()
        row = self.rows[self.y]
        if self.insert_mode:
            row.insert(self.x, 2, self.style)
        row.put_wide(self.x, char, self.style)
        if self.x + 2 < self.columns:
            self.x += 2
        else:
            self.x = self.columns - 1
            self.pending = self.autowrap

    def _leave_last_column(self) -> None:
        row = self.rows[self.y]
        row.erase(self.x, self.columns, blank_style(self.style))
        row.cells[-1] = ""
        row.plain = False

    def _wrap(self) -> None:
        self.rows[self.y].wrapped = True
        self.pending = False
        self.x = 0
        self.index()

    # -- moving --------------------------------------------------------------------------

    def index(self) -> None:
        """One down; at the bottom margin the region scrolls."""
        if self.y == self.bottom:
            self.scroll_up(1)
        elif self.y < self.lines - 1:
            self.y += 1

    def reverse_index(self) -> None:
        """One up; at the top margin the region scrolls back."""
        self.pending = False
        if self.y == self.top:
            self.scroll_down(1)
        elif self.y > 0:
            self.y -= 1

    def to(self, y: int, x: int) -> None:
        """To a line and column, from 0; within the margins where the origin is theirs."""
        first, last = (self.top, self.bottom) if self.origin else (0, self.lines - 1)
        self.y = min(max(first + y if self.origin else y, first), last)
        self.x = min(max(x, 0), self.columns - 1)
        self.pending = False

    def up(self, count: int) -> None:
        """Up, at most to the top margin if it began below it."""
        self.y = max(self.y - count, self.top if self.y >= self.top else 0)
        self.pending = False

    def down(self, count: int) -> None:
        """Down, at most to the bottom margin if it began above it."""
        self.y = min(self.y + count, self.bottom if self.y <= self.bottom else self.lines - 1)
        self.pending = False

    def column(self, x: int) -> None:
        """To a column of the same line, from 0."""
        self.x = min(max(x, 0), self.columns - 1)
        self.pending = False

    # -- scrolling -----------------------------------------------------------------------

    def scroll_up(self, count: int) -> None:
        """The region goes up; from the top of the whole screen rows go into the past."""
        count = min(count, self.bottom - self.top + 1)
        blank = blank_style(self.style)
        rows, columns = self.rows, self.columns
        if count > self.bottom - self.top and self._untouched(self.top, self.bottom, blank):
            return  # nothing to see, however often it is asked for
        for _ in range(count):
            row = rows.pop(self.top)
            if self.top == 0 and self.keeps:
                self.past.append(packed(row))
                self.pushed += 1
            if not (row.fresh and row.styles[0] == blank):
                row = Row(columns, blank)
            rows.insert(self.bottom, row)

    def scroll_down(self, count: int) -> None:
        """The region goes down; what leaves at its bottom is lost."""
        blank = blank_style(self.style)
        if self._untouched(self.top, self.bottom, blank):
            return
        for _ in range(min(count, self.bottom - self.top + 1)):
            del self.rows[self.bottom]
            self.rows.insert(self.top, Row(self.columns, blank))

    def _untouched(self, first: int, last: int, style: Style) -> bool:
        """Whether the rows are all blank already: a flood of clearing must cost nothing."""
        rows = self.rows
        return all(rows[y].fresh and rows[y].styles[0] == style for y in range(first, last + 1))

    def insert_lines(self, count: int) -> None:
        """Blank lines at the cursor's, within the margins."""
        self._lines(count, self.scroll_down)

    def delete_lines(self, count: int) -> None:
        """Lines out from the cursor's on, within the margins; they are no past."""
        keeps, self.keeps = self.keeps, False
        self._lines(count, self.scroll_up)
        self.keeps = keeps

    def _lines(self, count: int, scroll: Callable[[int], None]) -> None:
        if self.top <= self.y <= self.bottom:
            top, self.top = self.top, self.y
            scroll(count)
            self.top = top
            self.x, self.pending = 0, False

    def margins(self, top: int, bottom: int) -> None:
        """The scrolling region, lines from 0; a region of less than two lines is refused."""
        bottom = min(bottom, self.lines - 1)
        if 0 <= top < bottom:
            self.top, self.bottom = top, bottom
            self.to(0, 0)

    # -- erasing -------------------------------------------------------------------------

    def erase_line(self, how: int) -> None:
        """0: from the cursor on; 1: up to it; 2: all."""
        row, style = self.rows[self.y], blank_style(self.style)
        start = self.x if how == 0 else 0
        end = self.x + 1 if how == 1 else self.columns
        if how in (0, 1, 2):
            row.erase(start, end, style)
            if end == self.columns:
                row.wrapped = False
            self.pending = False

    def erase_display(self, how: int) -> None:
        """0: from the cursor on; 1: up to it; 2: all; 3: the past."""
        if how == 3:
            self.past.clear()
            return
        if how in (0, 1):
            self.erase_line(how)
        lines = {0: range(self.y + 1, self.lines), 1: range(self.y), 2: range(self.lines)}
        style = blank_style(self.style)
        if how == 2 and self._untouched(0, self.lines - 1, style):
            self.pending = False
            return
        for y in lines.get(how, range(0)):
            self.rows[y] = Row(self.columns, style)
        self.pending = False

    def erase_chars(self, count: int) -> None:
        """Blanks from the cursor on."""
        end = min(self.x + count, self.columns)
        self.rows[self.y].erase(self.x, end, blank_style(self.style))
        self.pending = False

    def insert_chars(self, count: int) -> None:
        """Blanks at the cursor; the rest goes right."""
        count = min(count, self.columns - self.x)
        self.rows[self.y].insert(self.x, count, blank_style(self.style))
        self.pending = False

    def delete_chars(self, count: int) -> None:
        """Cells out at the cursor; the rest comes left."""
        self.rows[self.y].delete(self.x, count, blank_style(self.style))
        self.pending = False

    def fill(self, char: str) -> None:
        """The alignment pattern: the whole screen full of one character."""
        full = [char] * self.columns
        for row in self.rows:
            if row.cells != full or not row.plain:
                row.put(0, char * self.columns, DEFAULT)
                row.plain = True
            row.wrapped = False

    # -- floods --------------------------------------------------------------------------

    def take_lines(self, lines: list[str]) -> None:
        """Many plain lines at once, each ended by CR LF, the cursor on a blank bottom row.

        What `write` and `index` would do line by line, without drawing what nobody can see.
        """
        columns, keep = self.columns, self.lines - 1
        rows: list[Past] = []
        if max(map(len, lines)) <= columns:
            rows += lines
        else:
            for line in lines:
                if len(line) <= columns:
                    rows.append(line)
                    continue
                last = (len(line) - 1) // columns * columns
                rows += [Packed(line[x : x + columns], (), True) for x in range(0, last, columns)]
                rows.append(line[last:])
        rows = [*(packed(row) for row in self.rows[:-1]), *rows]
        gone = len(rows) - keep
        if self.keeps:
            self.past.extend(rows[max(0, gone - SCROLLBACK) : gone])
            self.pushed += gone
        blank = self.rows[-1]
        self.rows = [*(unpacked(past, columns) for past in rows[gone:]), blank]

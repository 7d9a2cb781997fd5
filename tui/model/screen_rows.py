"""Rows of a terminal: cells with styles, their width on screen, and how the past is kept small."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import NamedTuple

from tui.model.screen_style import DEFAULT, Style

MARKS = 4
"""Combining marks that a cell takes; more of them are a flood and are dropped."""


@lru_cache(maxsize=8192)
def width_of(char: str) -> int:
    """Columns that a character takes: 0 for marks, 1, or 2; -1 for what is never drawn."""
    category = unicodedata.category(char)
    if category in ("Cc", "Cf", "Cs", "Zl", "Zp"):
        return -1  # direction marks and joiners could forge a line; a control never gets here
    if category in ("Mn", "Me") or "\u1160" <= char <= "\u11ff":
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def is_wide(cell: str) -> bool:
    """Whether a cell's character takes two columns."""
    return bool(cell) and not cell.isascii() and width_of(cell[0]) == 2


class Row:
    """One line of the screen: a text a cell, its style.

    An empty text is the right half of a wide character, or in the last column the blank that one
    left because it did not fit any more.

    `plain` means that every cell is one column wide and looks the default way. `wrapped`: the
    next row goes on with the same line. `fresh`: nothing was ever put on it. `painted` belongs
    to whoever draws; None after a change.
    """

    __slots__ = ("cells", "fresh", "painted", "plain", "styles", "wrapped")

    def __init__(self, columns: int, style: Style = DEFAULT) -> None:
        self.cells = [" "] * columns
        self.styles = [style] * columns
        self.plain = style is DEFAULT
        self.wrapped = False
        self.fresh = True
        self.painted: object | None = None

    @property
    def text(self) -> str:
        """What it says, blanks at its end included."""
        return "".join(self.cells)

    def changed(self) -> None:
        """To be drawn anew."""
        self.painted = None

    def put(self, x: int, text: str, style: Style) -> None:
        """Characters of one column each over what stands from `x` on."""
        end = x + len(text)
        self.fresh = False
        if not self.plain:
            self.split(x, end)
        if style is not DEFAULT:
            self.plain = False
        self.cells[x:end] = text
        self.styles[x:end] = [style] * (end - x)
        self.painted = None

    def put_wide(self, x: int, text: str, style: Style) -> None:
        """A character of two columns at `x`, which is not the last column."""
        self.split(x, x + 2)
        self.plain = self.fresh = False
        self.cells[x : x + 2] = (text, "")
        self.styles[x : x + 2] = (style, style)
        self.painted = None

    def mark(self, x: int, text: str) -> None:
        """A combining mark onto the cell at `x`, if it takes one more."""
        if x > 0 and not self.cells[x]:
            x -= 1
        if len(self.cells[x]) <= MARKS:
            self.cells[x] += text
            self.plain = self.fresh = False
            self.painted = None

    def erase(self, start: int, end: int, style: Style) -> None:
        """Blanks from `start` to before `end`, in `style`."""
        self.put(start, " " * (end - start), style)

    def split(self, start: int, end: int) -> None:
        """Halves of wide characters at the borders of what is written over become blanks."""
        self._cut(start)
        self._cut(end)

    def insert(self, x: int, count: int, style: Style) -> None:
        """Push what stands from `x` on to the right; what leaves the row is lost."""
        columns = len(self.cells)
        self._cut(x)
        self._cut(columns - count)
        self.cells[x:x] = [" "] * count
        self.styles[x:x] = [style] * count
        del self.cells[columns:], self.styles[columns:]
        self.plain = self.plain and style is DEFAULT
        self.fresh = False
        self.painted = None

    def delete(self, x: int, count: int, style: Style) -> None:
        """Take cells out; blanks come in from the right."""
        count = min(count, len(self.cells) - x)
        self._cut(x)
        self._cut(x + count)
        del self.cells[x : x + count], self.styles[x : x + count]
        self.cells += [" "] * count
        self.styles += [style] * count
        self.plain = self.plain and style is DEFAULT
        self.fresh = False
        self.painted = None

    def _cut(self, x: int) -> None:
        """No wide character may stand across the border before `x`."""
        cells = self.cells
        if 0 < x < len(cells) and not cells[x]:
            if is_wide(cells[x - 1]):
                cells[x - 1] = " "
            cells[x] = " "

    def resize(self, columns: int) -> None:
        """Cut, or filled with blanks, to another width."""
        if columns < len(self.cells):
            self._cut(columns)
            del self.cells[columns:], self.styles[columns:]
        else:
            more = columns - len(self.cells)
            self.cells += [" "] * more
            self.styles += [DEFAULT] * more
        self.painted = None


class Packed(NamedTuple):
    """A row of the past: its cells up to the last that is not blank, and where styles begin."""

    cells: str | tuple[str, ...]
    runs: tuple[tuple[int, Style], ...] = ()
    wrapped: bool = False


Past = str | Packed
"""A row of the past; a plain text where nothing else is to be said of it."""


def packed(row: Row) -> Past:
    """A row as it is kept in the past."""
    if row.fresh and row.plain:
        return ""
    if row.plain:
        text = row.text if row.wrapped else row.text.rstrip(" ")
        return Packed(text, (), True) if row.wrapped else text
    runs: list[tuple[int, Style]] = []
    last: Style | None = None
    for x, style in enumerate(row.styles):
        if style is not last and style != last:
            runs.append((x, style))
            last = style
    end = len(row.cells)
    if not row.wrapped:
        while end and row.cells[end - 1] == " " and row.styles[end - 1] == DEFAULT:
            end -= 1
    return Packed(tuple(row.cells[:end]), tuple(run for run in runs if run[0] < end), row.wrapped)


def unpacked(past: Past, columns: int) -> Row:
    """A row of the past as one to draw, cut or filled to `columns`."""
    row = Row(0)
    row.cells, row.styles, row.wrapped = loose(past)
    row.plain = isinstance(past, str) or isinstance(past.cells, str)
    row.fresh = False
    row.resize(columns)
    return row


def loose(past: Past) -> tuple[list[str], list[Style], bool]:
    """Cells, a style each, and whether the next row goes on with the same line."""
    if isinstance(past, str):
        return list(past), [DEFAULT] * len(past), False
    cells = list(past.cells)
    if not past.runs:
        return cells, [DEFAULT] * len(cells), past.wrapped
    styles: list[Style] = []
    for index, (start, style) in enumerate(past.runs):
        end = past.runs[index + 1][0] if index + 1 < len(past.runs) else len(cells)
        styles += [style] * (end - start)
    return cells, styles, past.wrapped


def without_filler(cells: list[str]) -> int:
    """How many cells of a wrapped row are text: all, but for a blank left by a wide character."""
    filled = len(cells) > 1 and not cells[-1] and not is_wide(cells[-2])
    return len(cells) - filled


def text_of(past: Past) -> str:
    """What a row of the past says."""
    return past if isinstance(past, str) else "".join(past.cells)

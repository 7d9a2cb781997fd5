"""Another width for what a terminal shows: wrapped lines become whole and are wrapped anew."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from tui.model.screen_grid import Grid
from tui.model.screen_rows import Packed, Past, Row, loose, packed, unpacked, without_filler
from tui.model.screen_style import DEFAULT, Style

_Line = tuple[list[str], list[Style]]


def resize_plain(grid: Grid, columns: int, lines: int) -> None:
    """The alternate screen: cut or filled; its program draws it anew."""
    for row in grid.rows:
        row.resize(columns)
        row.wrapped = False
    cut = max(0, min(grid.y + 1 - lines, len(grid.rows) - lines))
    del grid.rows[:cut]
    del grid.rows[lines:]
    grid.rows += [Row(columns) for _ in range(lines - len(grid.rows))]
    grid.y -= cut
    _settle(grid, columns, lines)


def _settle(grid: Grid, columns: int, lines: int) -> None:
    grid.columns, grid.lines = columns, lines
    grid.top, grid.bottom = 0, lines - 1
    grid.x, grid.y = min(grid.x, columns - 1), min(max(grid.y, 0), lines - 1)
    grid.pending = False


def reflow(grid: Grid, columns: int, lines: int) -> None:
    """The primary screen and its past; the cursor stays on its character."""
    rows = _used(grid)
    at = len(grid.past) + grid.y
    offset = grid.x + (1 if grid.pending else 0)
    out: list[Past] = []
    cursor = (0, 0)
    index = 0
    source = chain(grid.past, (packed(row) for row in rows))
    for lengths, line in _whole_lines(source):
        count = len(lengths)
        here = index <= at < index + count
        place = None
        if here:
            # Rows whose last column was left blank are one cell shorter than the others.
            place = sum(lengths[: at - index]) + offset
            # The cursor may stand behind the end of its line's text.
            short = place - len(line[0])
            if short > 0:
                line[0].extend([" "] * short)
                line[1].extend([DEFAULT] * short)
        pieces, found = _wrapped(line, columns, place)
        if here:
            cursor = (len(out) + found[0], found[1])
        out += pieces
        index += count
    _fill(grid, out, cursor, columns, lines)


def _used(grid: Grid) -> list[Row]:
    """The rows down to the last that says anything, the cursor's among them."""
    end = len(grid.rows)
    while end > grid.y + 1 and not grid.rows[end - 1].text.strip(" "):
        end -= 1
    return grid.rows[:end]


def _whole_lines(rows: Iterator[Past] | chain[Past]) -> Iterator[tuple[list[int], _Line]]:
    """Each line as it was written, and the cells of each row that it took."""
    cells: list[str] = []
    styles: list[Style] = []
    lengths: list[int] = []
    for row in rows:
        more_cells, more_styles, wrapped = loose(row)
        if wrapped:
            end = without_filler(more_cells)
            del more_cells[end:], more_styles[end:]
        cells += more_cells
        styles += more_styles
        lengths.append(len(more_cells))
        if not wrapped:
            yield lengths, (cells, styles)
            cells, styles, lengths = [], [], []
    if lengths:
        yield lengths, (cells, styles)


def _wrapped(line: _Line, columns: int, place: int | None) -> tuple[list[Past], tuple[int, int]]:
    """A line as rows of at most `columns`, and where its cell number `place` came to."""
    cells, styles = line
    if len(cells) <= columns and all(style is DEFAULT for style in styles):
        found = (0, min(place or 0, columns))
        return [_past(cells, styles, wrapped=False)], found
    pieces: list[Past] = []
    at = 0
    found = (0, 0)
    while at < len(cells) or not pieces:
        end = min(at + columns, len(cells))
        if end < len(cells) and not cells[end]:
            end -= 1  # a wide character does not fit any more
        end = max(end, at + 1)
        if place is not None and at <= place and (place < end or end == len(cells)):
            found = (len(pieces), min(place - at, columns))
        row_cells, row_styles = cells[at:end], styles[at:end]
        if end - at < columns and end < len(cells):
            row_cells.append("")
            row_styles.append(DEFAULT)
        pieces.append(_past(row_cells, row_styles, wrapped=end < len(cells)))
        at = end
    return pieces, found


def _past(cells: list[str], styles: list[Style], *, wrapped: bool) -> Past:
    if not wrapped and all(style is DEFAULT for style in styles):
        text = "".join(cells)
        # As many characters as cells: one column each (a mark would be a second in its cell).
        if len(text) == len(cells) and "" not in cells:
            return text
    row = Row(0)
    row.cells, row.styles, row.wrapped, row.plain = cells, styles, wrapped, False
    return packed(row)


def _fill(grid: Grid, out: list[Past], cursor: tuple[int, int], columns: int, lines: int) -> None:
    """The last rows on screen, those before in the past; the cursor's stays in view."""
    y, x = cursor
    # As few rows as can be leave the screen: those under the cursor are blank ones at most.
    first = max(0, len(out) - lines)
    first = min(first, y)
    grid.past.clear()
    grid.past.extend(out[:first])
    grid.rows = [_row(past, columns) for past in out[first : first + lines]]
    grid.rows += [Row(columns) for _ in range(lines - len(grid.rows))]
    grid.x, grid.y = x, y - first
    _settle(grid, columns, lines)
    grid.pending = x == columns and grid.autowrap


def _row(past: Past, columns: int) -> Row:
    row = unpacked(past, columns)
    if isinstance(past, Packed) and not isinstance(past.cells, str):
        row.plain = False
    return row

"""The table of hosts: a line each, updated in place, the highlighted one kept by its name.

Drawn line by line from values: cells are never parsed as markup, and an update paints only what
changed. What does not fit a cell loses its middle, never the sign behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.events import Click
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.model.host_rows import SIGNS
from tui.widgets.cells import cut_cells, pad_cells


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its key in a row, its heading, cells wide; `right` for figures."""

    key: str
    label: str
    width: int
    right: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A host's line: (text, style class) by column key; styles are component class endings."""

    host: str
    cells: tuple[tuple[str, str, str], ...]
    marked: bool = False

    def cell(self, key: str) -> tuple[str, str]:
        """Text and style class of a column, empty where the row has none."""
        return next(((text, style) for name, text, style in self.cells if name == key), ("", ""))


class HostTable(ScrollView):
    """Hosts as lines; `highlighted` is a host's name."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "host-table--head",
        "host-table--highlight",
        "host-table--plain",
        "host-table--good",
        "host-table--warning",
        "host-table--bad",
        "host-table--muted",
    }
    DEFAULT_CSS = """
    HostTable { height: auto; max-height: 1fr; scrollbar-size: 1 1; }
    HostTable .host-table--head { color: $text-muted; text-style: bold; }
    HostTable .host-table--highlight { background: $primary 25%; text-style: bold; }
    HostTable .host-table--plain { color: $foreground; }
    HostTable .host-table--good { color: $text-success; }
    HostTable .host-table--warning { color: $text-warning; }
    HostTable .host-table--bad { color: $text-error; text-style: bold; }
    HostTable .host-table--muted { color: $text-muted; }
    """

    class Highlighted(Message):
        """Another host is highlighted."""

        def __init__(self, host: str) -> None:
            super().__init__()
            self.host = host

    def __init__(self) -> None:
        super().__init__()
        self.can_focus = True
        self._columns: tuple[Column, ...] = ()
        self._rows: tuple[Row, ...] = ()
        self._highlighted = ""
        self._nothing = ""

    @property
    def highlighted(self) -> str:
        """The highlighted host's name, empty without rows."""
        return self._highlighted

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts shown, top down."""
        return tuple(row.host for row in self._rows)

    def show(self, columns: tuple[Column, ...], rows: Sequence[Row], nothing: str = "") -> None:
        """Draw these rows; the highlight stays on its host, or falls to a neighbour.

        `nothing` stands there if there are none.
        """
        new = tuple(rows)
        if new == self._rows and columns == self._columns and (new or nothing == self._nothing):
            return
        self._nothing = nothing
        old_index = self._index()
        resized = columns != self._columns or len(new) != len(self._rows)
        changed = [i for i, (a, b) in enumerate(zip(self._rows, new, strict=False)) if a != b]
        self._columns, self._rows = columns, new
        if self._index() < 0:
            index = min(max(old_index, 0), len(new) - 1)
            self._highlight(new[index].host if new else "")
        if resized:
            self.virtual_size = Size(0, self._lines)
            self.refresh(layout=True)
        elif not new:
            self.refresh()
        else:
            for index in changed:
                self._refresh_row(index)

    def _index(self) -> int:
        return next((i for i, r in enumerate(self._rows) if r.host == self._highlighted), -1)

    def _refresh_row(self, index: int) -> None:
        line = index + 1 - self.scroll_offset.y
        self.refresh(Region(0, line, self.size.width, 1))

    def _highlight(self, host: str) -> None:
        if host == self._highlighted:
            return
        before = self._index()
        self._highlighted = host
        for index in (before, self._index()):
            if index >= 0:
                self._refresh_row(index)
        if host:
            self.post_message(self.Highlighted(host))

    def move(self, by: int) -> None:
        """Move the highlight by lines, stopping at the ends."""
        if self._rows:
            self.move_to(self._index() + by)

    def move_to(self, index: int) -> None:
        """Highlight a line by its index, kept within the lines; bring it into view."""
        if not self._rows:
            return
        last = len(self._rows) - 1
        index = max(0, min(index, last))
        self._highlight(self._rows[index].host)
        self.scroll_to_region(Region(0, index + 1, 1, 1), animate=False, force=True)

    def to_end(self) -> None:
        """Highlight the last line."""
        self.move_to(len(self._rows) - 1)

    def on_click(self, event: Click) -> None:
        """A click highlights; it never starts anything."""
        index = event.y + self.scroll_offset.y - 1
        if 0 <= index < len(self._rows):
            self._highlight(self._rows[index].host)

    @property
    def _lines(self) -> int:
        return max(1, len(self._rows)) + 1

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """One line a host and the heading."""
        return self._lines

    def render_line(self, y: int) -> Strip:
        """A heading or a host as a strip."""
        index = y + self.scroll_offset.y - 1
        width = self.size.width
        if index < 0:
            style = self.get_component_rich_style("host-table--head")
            cells = [Segment(" ", style)]
            for column in self._columns:
                cells.append(Segment(_fitted(column.label, column) + " ", style))
            return Strip(cells).adjust_cell_length(width, style)
        if index >= len(self._rows):
            said = f" {self._nothing}" if index == 0 else ""
            muted = self.get_component_rich_style("host-table--muted")
            return Strip([Segment(pad_cells(said, width), muted)])
        return self._row_strip(self._rows[index], width)

    def _row_strip(self, row: Row, width: int) -> Strip:
        lit = row.host == self._highlighted
        # get_component_rich_style carries the widget's own background; the highlight lies on top.
        over = self.get_component_rich_style("host-table--highlight") if lit else Style()
        back = Style(bgcolor=over.bgcolor) if lit else Style()
        plain = self.get_component_rich_style("host-table--plain") + back
        sign = "▌" if lit else ("*" if row.marked else " ")
        segments = [Segment(sign, over if lit else plain)]
        for column in self._columns:
            text, kind = row.cell(column.key)
            if row.marked and lit and column is self._columns[0]:
                text = f"*{text}"
            style = self.get_component_rich_style(f"host-table--{kind or 'plain'}") + back
            segments.append(Segment(_fitted(text, column) + " ", style))
        return Strip(segments).adjust_cell_length(width, plain)


def _fitted(text: str, column: Column) -> str:
    """Exactly the column's width in cells; a long text loses its middle, its sign stays."""
    if cell_len(text) > column.width:
        text = _shortened(text, column.width)
    space = " " * (column.width - cell_len(text))
    return space + text if column.right else text + space


def _shortened(text: str, width: int) -> str:
    signed = width > 2 and text[-1:] in SIGNS and text[-2:-1] == " "
    sign = text[-2:] if signed else ""
    body = text[: len(text) - len(sign)]
    room = width - len(sign)
    if cell_len(body) <= room or room < 4:
        return cut_cells(body, room)[0] + sign
    # The end of a version is its commit, the beginning its number: both tell.
    tail = min(4, (room - 1) // 2)
    end = body[-tail:]
    while cell_len(end) > tail:
        end = end[1:]
    return f"{cut_cells(body, room - 1 - cell_len(end))[0]}…{end}{sign}"

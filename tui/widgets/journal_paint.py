"""From rows with roles to strips: the styles of a theme, and the strips that can be used again."""

from __future__ import annotations

from collections.abc import Callable

from rich.segment import Segment
from rich.style import Style
from textual.cache import LRUCache
from textual.strip import Strip

from tui.model.journal import Entry
from tui.widgets.cells import pad_cells, wrap_words
from tui.widgets.journal_rows import HOST_COLOURS, Layout, Marks, Row

ROLES = (
    "plain",
    "time",
    "error",
    "warning",
    "info",
    "debug",
    "unit",
    "message-error",
    "message-debug",
    "message-unit",
    "card",
    "fold",
    "more",
    "gap",
    "day",
    "hit",
    "highlighted",
    "track",
    "thumb",
    *(f"host-{number}" for number in range(HOST_COLOURS)),
)
"""Every role of a span; each is a component class `journal-view--ROLE`."""

_BAR = {"track": "│", "thumb": "█", "plain": " "}
_STRIPS = 1024
"""Strips kept: some screens of the largest terminal, in the ways they can be drawn."""


class Paint:
    """Styles by role; `highlighted` lies over them, its mark stands in the first column."""

    def __init__(self, style_of: Callable[[str], Style]) -> None:
        self._styles = {role: style_of(role) for role in ROLES}
        over = Style(bgcolor=self._styles["highlighted"].bgcolor, bold=True)
        self._over = {role: style + over for role, style in self._styles.items()}
        # What a hit is has to be seen on the highlighted entry too.
        self._over["hit"] = self._styles["hit"]

    def strip(self, row: Row, width: int, highlighted: bool, bar: str) -> Strip:
        """A row as a strip of `width` cells and one of the scroll bar.

        That is its `track` or `thumb`, or `plain` while there is nothing to scroll.
        """
        styles = self._over if highlighted else self._styles
        segments = [Segment(text, styles[role]) for text, role in row]
        if highlighted and segments and row[0][0] == " ":
            segments[0] = Segment("▌", styles["highlighted"])
        strip = Strip(segments).adjust_cell_length(width, styles["plain"])
        return Strip([*strip, Segment(_BAR[bar], self._styles[bar])], width + 1)

    def words(self, text: str, width: int) -> list[Strip]:
        """Rows that say a sentence of our own, `width` cells and the empty scroll bar."""
        rows = [pad_cells(f" {line}", width + 1) for line in wrap_words(text, width - 1)]
        return [Strip([Segment(row, self._styles["plain"])], width + 1) for row in rows]


class Gallery:
    """Rows and strips of entries, kept for as long as layout and paint stay the same.

    What is kept is compared with the entry itself, so that an index which bears another entry
    now, or one that grew, is laid out anew.
    """

    def __init__(self, layout: Layout, paint: Paint) -> None:
        self.layout = layout
        self._paint = paint
        self._rows: LRUCache[tuple[int, Marks], tuple[Entry, tuple[Row, ...]]] = LRUCache(_STRIPS)
        self._strips: LRUCache[tuple[int, int, bool, str], tuple[Row, Strip]] = LRUCache(_STRIPS)

    def rows(self, index: int, entry: Entry, marks: Marks) -> tuple[Row, ...]:
        """The rows of the entry at an absolute index."""
        key = (index, marks)
        kept = self._rows.get(key)
        if kept is not None and kept[0] is entry:
            return kept[1]
        rows = self.layout.rows(entry, marks)
        self._rows[key] = (entry, rows)
        return rows

    def strip(self, index: int, number: int, row: Row, highlighted: bool, bar: str) -> Strip:
        """The strip of one row of the entry at an absolute index."""
        key = (index, number, highlighted, bar)
        kept = self._strips.get(key)
        if kept is not None and kept[0] is row:
            return kept[1]
        strip = self._paint.strip(row, self.layout.width, highlighted, bar)
        self._strips[key] = (row, strip)
        return strip

    def words(self, text: str) -> list[Strip]:
        """Rows that say a sentence of our own."""
        return self._paint.words(text, self.layout.width)

"""Rows of a terminal as strips: runs of cells that look alike, each of them printable."""

from __future__ import annotations

from functools import lru_cache

from rich.cells import cell_len
from rich.color import Color
from rich.segment import Segment
from rich.style import Style as Look
from textual.strip import Strip

from tui.model import screen_style as look
from tui.model.screen_rows import Row
from tui.model.screen_style import DEFAULT, TRUE_COLOUR, Style

Span = tuple[int, int, Look]
"""First column, column behind the last, and what is laid over the cells between."""


@lru_cache(maxsize=4096)
def look_of(style: Style) -> Look:
    """A cell's style as rich has it. Concealed text is shown faint: a host hides nothing here."""
    flags = style.flags
    return Look(
        color=_colour(style.fg),
        bgcolor=_colour(style.bg),
        bold=bool(flags & look.BOLD) or None,
        dim=bool(flags & (look.FAINT | look.CONCEAL)) or None,
        italic=bool(flags & look.ITALIC) or None,
        underline=bool(flags & look.UNDERLINE) or None,
        reverse=bool(flags & look.REVERSE) or None,
        strike=bool(flags & look.STRIKE) or None,
    )


def _colour(number: int) -> Color | None:
    if number < 0:
        return None
    if number & TRUE_COLOUR:
        return Color.from_rgb(number >> 16 & 255, number >> 8 & 255, number & 255)
    return Color.from_ansi(number)


def strip_of(row: Row, width: int, base: Look) -> Strip:
    """A row as a strip of `width` columns."""
    if row.plain:
        text = row.text[:width]
        return Strip([Segment(text.ljust(width), base)], width)
    segments: list[Segment] = []
    text, current = "", DEFAULT
    for cell, style in zip(row.cells, row.styles, strict=True):
        if style is not current and style != current:
            if text:
                segments.append(Segment(text, base + look_of(current)))
            text, current = "", style
        text += cell if cell.isascii() else _drawable(cell)
    if text:
        segments.append(Segment(text, base + look_of(current)))
    strip = Strip(segments, len(row.cells))
    return strip.adjust_cell_length(width, base)


@lru_cache(maxsize=8192)
def _drawable(cell: str) -> str:
    """A cell as it can be drawn: where the libraries differ on its width, a stand-in of ours."""
    from tui.model.screen_rows import width_of

    width = max(1, width_of(cell[0]))
    return cell if cell_len(cell) == width else "�" + " " * (width - 1)


def with_spans(strip: Strip, spans: list[Span]) -> Strip:
    """The strip with spans laid over it, in order."""
    for start, end, style in spans:
        length = strip.cell_length
        start, end = max(0, start), min(end, length)
        if start < end:
            middle = strip.crop(start, end).apply_style(style)
            # apply_style lays it under; what is here must be seen.
            middle = Strip([Segment(s.text, (s.style or Look()) + style) for s in middle])
            strip = Strip.join([strip.crop(0, start), middle, strip.crop(end, length)])
    return strip

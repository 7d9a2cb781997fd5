"""Elixir source as lines: numbered, coloured, the lines that a judgement rests on with a sign."""

from __future__ import annotations

from collections.abc import Collection

from rich.syntax import Syntax
from textual.content import Content

from tui.model.text import scrub

SIGN = "▸"
_MOST = 200_000


def source_lines(source: str, marked: Collection[int]) -> list[Content]:
    """A line each, `▸` before the marked ones (1-based); made printable, and never markup."""
    shown = scrub(source, limit=_MOST).rstrip("\n")
    # ANSI colours are the terminal's own: they can be read on whatever is behind them.
    coloured = Syntax(shown, "elixir", theme="ansi_dark").highlight(shown)
    rows = coloured.split("\n", allow_blank=True)[: shown.count("\n") + 1]
    width = len(str(len(rows)))
    lines = []
    for number, row in enumerate(rows, 1):
        here = number in marked
        head = f"{SIGN if here else ' '} {number:>{width}} "
        style = "bold $text-warning" if here else "$foreground-muted"
        lines.append(Content.assemble((head, style), Content.from_rich_text(row)))
    return lines

"""Lines and errors a minute as bars above the journal, while they are wanted."""

from __future__ import annotations

import math
from collections.abc import Sequence

from textual.content import Content
from textual.widgets import Static

from tui.model.words import clock

_BARS = " ▁▂▃▄▅▆▇█"
_LABEL = 14
_ROWS = 2
"""Rows of the lines' bars; the errors have one."""


def together(counts: Sequence[int], width: int) -> tuple[list[int], int]:
    """(counts, minutes a column): as many minutes share a column as it takes to fit; the newest is
    at the right, and only the oldest column can be of fewer."""
    share = max(1, math.ceil(len(counts) / max(1, width)))
    ends = range(len(counts), 0, -share)
    return [sum(counts[max(0, end - share) : end]) for end in reversed(ends)], share


def bars(counts: Sequence[int], rows: int) -> list[str]:
    """Bars of `rows` rows from top to bottom, the greatest count fills them; what is there at all
    is seen."""
    top = max(counts, default=0)
    steps = [0 if not n else max(1, round(8 * rows * n / top)) for n in counts]
    return [
        "".join(_BARS[min(8, max(0, step - 8 * below))] for step in steps)
        for below in range(rows - 1, -1, -1)
    ]


def axis(now: float, columns: int, minutes: int) -> str:
    """The times below the bars of so many minutes, the last that of `now` (Unix seconds)."""
    begin, end = clock(now - 60 * minutes)[:5], clock(now)[:5]
    if columns < 16:
        return end[:columns].rjust(columns)
    middle = clock(now - 30 * minutes)[:5].center(columns - 10, "─")
    return f"{begin}{middle}{end}"


def _widened(row: str, wide: int) -> str:
    return "".join(bar * wide for bar in row)


class JournalHistogram(Static):
    """Four lines: bars of all entries, a bar of errors, the times; `H` shows and hides it."""

    DEFAULT_CSS = """
    JournalHistogram { height: 4; background: $surface; text-wrap: nowrap; display: none; }
    """

    def __init__(self) -> None:
        super().__init__(markup=False)
        self._counts: tuple[Sequence[int], Sequence[int], float] = ((), (), 0.0)

    def show(self, lines: Sequence[int], errors: Sequence[int], now: float) -> None:
        """Entries and errors of each minute, the last one that of `now` (Unix seconds)."""
        if (lines, errors, now // 60) != (*self._counts[:2], self._counts[2] // 60):
            self._counts = lines, errors, now
            self.draw()

    def on_resize(self) -> None:
        """There is room for other columns."""
        self.draw()

    def draw(self) -> None:
        """Draw the bars for the width there is."""
        lines, errors, now = self._counts
        room = self.size.width - _LABEL - 1
        if room <= 0 or not lines:
            return
        said, share = together(lines, room)
        broken, _ = together(errors, room)
        per = "min" if share == 1 else f"{share}min"
        labels = (f"{max(said):,}", f"lines/{per}", f"errors {max(broken):,}", "")
        wide = max(1, room // len(said))
        rows = [
            *((_widened(row, wide), "$foreground-muted") for row in bars(said, _ROWS)),
            (_widened(bars(broken, 1)[0], wide), "$text-error"),
            (axis(now, wide * len(said), len(lines)), "$foreground-muted"),
        ]
        drawn = [
            Content.assemble((f" {label:<{_LABEL - 1}.{_LABEL - 1}}", "$foreground-muted"), row)
            for label, row in zip(labels, rows, strict=True)
        ]
        self.update(Content("\n").join(drawn), layout=False)

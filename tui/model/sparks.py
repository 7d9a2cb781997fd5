"""Counts as a row of small bars. Pure."""

from __future__ import annotations

from collections.abc import Sequence

_BARS = "▁▂▃▄▅▆▇█"


def sparks(counts: Sequence[int], full: int | None = None) -> str:
    """One bar a count; none at all is the lowest, `full` (or the greatest) the highest."""
    top = max(full or 0, *counts, 1) if counts else 1
    return "".join(_BARS[0] if not n else _BARS[max(1, round(7 * n / top))] for n in counts)

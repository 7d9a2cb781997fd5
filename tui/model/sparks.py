"""Counts as a row of small bars. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_BARS = "▁▂▃▄▅▆▇█"


def sparks(counts: Sequence[int], full: int | None = None) -> str:
    """One bar a count; none at all is the lowest, `full` (or the greatest) the highest."""
    top = max(full or 0, *counts, 1) if counts else 1
    return "".join(_BARS[0] if not n else _BARS[max(1, round(7 * n / top))] for n in counts)


def spark_line(label: str, counts: Mapping[str, Sequence[int]], width: int) -> str:
    """The bars of several names in one line of at most `width`, all by the same measure.

    Empty if nothing was counted. Where not all fit, those that counted most come first and the
    number of the others that counted anything last.
    """
    full = max((n for row in counts.values() for n in row), default=0)
    if full == 0:
        return ""
    parts = {name: f"{name} {sparks(row, full)}" for name, row in counts.items()}
    whole = "  ".join((label, *parts.values()))
    if len(whole) <= width:
        return whole
    erring = sorted((n for n in counts if any(counts[n])), key=lambda n: -sum(counts[n]))
    line = label
    for index, name in enumerate(erring):
        left = len(erring) - index - 1
        room = width - len(line) - (len(f"  +{left}") if left else 0)
        if len(parts[name]) + 2 > room:
            return f"{line}  +{left + 1}"[:width]
        line = f"{line}  {parts[name]}"
    return line

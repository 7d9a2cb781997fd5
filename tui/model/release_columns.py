"""Which columns of the matrix of releases fit, and how wide they are. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from tui.model.host_rows import Cell

Fit = tuple[str, str, int, bool]
"""(key, heading, cells wide, whether figures stand at its right edge)."""

VERSION = (12, 44)
HOST = (5, 22)
_OTHERS = (
    ("age", "age", 4, True),
    ("migrations", "migr.", 5, False),
    ("by", "by", 10, False),
    ("size", "size", 5, True),
    ("parts", "built from", 30, False),
)
"""Behind the hosts, in this order; the last goes first where it is tight."""


def fits_apart(width: int, hosts: Sequence[str]) -> bool:
    """Whether each host can have a column of its own beside a legible version."""
    return VERSION[0] + 6 + len(hosts) * (HOST[0] + 7) <= width


def columns(
    width: int, hosts: Sequence[str], names: dict[str, str], rows: Sequence[Sequence[Cell]]
) -> list[Fit]:
    """The columns for `width` cells; `names` are the hosts' short ones, empty hosts: counted."""
    wanted: dict[str, int] = {}
    for row in rows:
        for key, text, _ in row:
            wanted[key] = max(wanted.get(key, 0), len(text))
    version = max(VERSION[0], min(VERSION[1], wanted.get("version", 0)))
    fixed: list[Fit] = [("store", "store", 5, False)]
    if hosts:
        for host in hosts:
            room = max(HOST[0], len(names[host]), wanted.get(f"on {host}", 0))
            fixed.append((f"on {host}", names[host], min(HOST[1], room), False))
    else:
        fixed.append(("hosts", "on the hosts", max(12, min(60, wanted.get("hosts", 0))), False))
    left = width - VERSION[0] - 1 - _total(fixed)
    behind: list[Fit] = []
    for key, label, most, right in _OTHERS:
        cells = max(len(label), min(most, wanted.get(key, 0)))
        # What a column would say on no line is not worth its room.
        if wanted.get(key) and cells + 1 <= left:
            behind.append((key, label, cells, right))
            left -= cells + 1
    fixed = _narrowed(fixed, -left)
    more = max(0, left)
    return [("version", "version", min(version, VERSION[0] + more), False), *fixed, *behind]


def _narrowed(fixed: list[Fit], over: int) -> list[Fit]:
    """The columns with their widest made narrower until `over` cells are saved."""
    cells = [fit[2] for fit in fixed]
    while over > 0 and max(cells) > HOST[0]:
        cells[cells.index(max(cells))] -= 1
        over -= 1
    return [(key, label, n, right) for (key, label, _, right), n in zip(fixed, cells, strict=True)]


def _total(fits: Sequence[Fit]) -> int:
    return sum(width + 1 for _, _, width, _ in fits)

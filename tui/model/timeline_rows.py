"""The timeline as cells of a line, and what is said of one entry. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, tzinfo

from tui.model.timeline import Entry, Kind
from tui.model.timeline_export import times

SHOWN = 2000
"""Entries that the screen lists, the newest; the command tells all."""

Cell = tuple[str, str, str]
_STYLES = {
    Kind.INCIDENT_OPENED: "bad",
    Kind.INCIDENT_CLOSED: "good",
    Kind.NOTE: "good",
    Kind.PIN: "good",
    Kind.GAP: "muted",
    Kind.COMMAND: "muted",
    Kind.CONSOLE: "warning",
    Kind.UNLOCK: "warning",
}


def cells_of(entry: Entry) -> tuple[Cell, ...]:
    """An entry's cells: time (UTC), what, where, and the first line of what it says."""
    style = _STYLES.get(entry.kind, "plain")
    day, _, moment = times(entry, UTC)[0].partition(" ")
    return (
        ("day", day[5:], "muted"),
        ("time", moment[:8], "plain"),
        ("kind", entry.kind.value, style),
        ("host", entry.host, "muted"),
        ("text", _first(entry), style),
    )


def _first(entry: Entry) -> str:
    """What an entry says in one line; of a script its length, since its beginning says nothing."""
    first, *more = entry.text.split("\n")
    if entry.kind is Kind.COMMAND and more:
        step = "" if entry.step is None else f"step {entry.step}: "
        return f"{step}a script of {1 + len(more)} lines"
    return first


def columns_for(width: int, entries: Sequence[Entry]) -> tuple[tuple[str, str, int], ...]:
    """(key, label, cells) of the columns; the text has what the others leave."""
    kinds = max((len(entry.kind) for entry in entries), default=4)
    hosts = min(16, max((len(entry.host) for entry in entries), default=4))
    fixed = (("day", "UTC", 5), ("time", "", 8), ("kind", "what", kinds), ("host", "host", hosts))
    left = width - sum(cells for _, _, cells in fixed) - len(fixed) - 2
    return (*fixed, ("text", "", max(10, left)))


def entry_lines(entry: Entry, zone: tzinfo | None = None) -> tuple[str, ...]:
    """Everything that is known of an entry, a line each; `zone` is the local time's."""
    utc, local = times(entry, zone)
    step = "" if entry.step is None else f", step {entry.step}"
    lines = [f"{utc} UTC, {local} here: {entry.kind}"]
    lines += [f"on {entry.host}"] if entry.host else []
    lines += [f"by {entry.who}"] if entry.who else []
    lines += [f"operation {entry.op}{step}"] if entry.op else []
    return (*lines, *entry.text.split("\n"))

"""A migration as cells of a line, and the columns that there is room for. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from tui.model.migration import Direction, MigrationState
from tui.model.migration_source import Undo
from tui.model.migration_views import (
    MigrationRow,
    MigrationsSeen,
    difference_lines,
    state_words,
)

Cell = tuple[str, str, str]
"""Column key, text, style word: plain, good, warning, bad or muted."""

_LABELS = {
    "version": "version",
    "repo": "repo",
    "name": "name",
    "state": "state",
    "since": "since",
    "undo": "undone?",
    "loses": "loses",
}
_STYLES = {
    MigrationState.APPLIED: "plain",
    MigrationState.PENDING: "warning",
    MigrationState.NO_FILE: "bad",
}
WIDE = 110
"""Cells from which on the reasons stand in the line."""


def cells_of(row: MigrationRow, *, wide: bool) -> tuple[Cell, ...]:
    """A migration's cells; `wide` with the line that a judgement rests on."""
    judgement, state = row.judgement, row.seen.state
    undo = judgement.undo_words if wide else judgement.undo.value
    if not wide and judgement.undo is Undo.UNKNOWN:
        undo = "?"
    can = {Undo.YES: "plain", Undo.NO: "bad", Undo.UNKNOWN: "warning"}[judgement.undo]
    nothing = row.loses == "nothing"
    return (
        ("version", str(row.seen.version), "plain"),
        ("repo", row.repo, "muted"),
        ("name", row.name or "–", "plain"),
        ("state", state_words(row), "warning" if row.split else _STYLES[state]),
        ("since", row.since or "–", "muted"),
        ("undo", undo, can),
        ("loses", row.loses, "muted" if nothing else "warning"),
    )


def columns_for(width: int, rows: Sequence[MigrationRow]) -> tuple[tuple[str, str, int], ...]:
    """(key, label, cells) of the columns in `width` cells; names and losses share what is left."""
    keys = list(_LABELS)
    if len({row.repo for row in rows}) < 2:
        keys.remove("repo")
    wanted = {key: len(_LABELS[key]) for key in keys}
    for row in rows:
        for key, text, _ in cells_of(row, wide=width >= WIDE):
            if key in wanted:
                wanted[key] = max(wanted[key], len(text))
    most = {"repo": 16, "name": 28, "since": 14, "undo": 44, "loses": 60}
    widths = {key: min(wanted[key], most.get(key, 20)) for key in keys}
    for key, least in (("name", 12), ("undo", 8), ("since", 8), ("repo", 8), ("loses", 12)):
        over = sum(widths.values()) + len(widths) + 1 - width
        if over > 0 and key in widths:
            widths[key] = max(min(least, widths[key]), widths[key] - over)
    return tuple((key, _LABELS[key], widths[key]) for key in keys)


def whole_lines(row: MigrationRow) -> tuple[str, ...]:
    """A migration in full words, for where the columns cut them."""
    applied = Direction.DOWN if row.applied else Direction.UP
    does = "undoing it" if row.applied else "applying it"
    return (
        f"{row.seen.version} {row.name or 'without a file'}, {row.repo}: {state_words(row)}",
        f"can it be undone: {row.judgement.undo_words}",
        f"{does} loses: {row.judgement.losses(applied).words}",
    )


def note_lines(seen: MigrationsSeen | None) -> tuple[str, ...]:
    """What a reader should know before acting: views that differ, files out of order."""
    if seen is None:
        return ()
    lines = list(difference_lines(seen))
    for repo in seen.running.repos:
        if repo.out_of_order:
            first = repo.out_of_order[0]
            lines.append(
                f"{first} is pending and older than {repo.newest}: Ecto says nothing of it"
            )
    return tuple(lines)

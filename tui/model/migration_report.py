"""Migrations as plain values and lines, for `beamdeck migrations`. Pure."""

from __future__ import annotations

from tui.model.fleet import App, Environment
from tui.model.migration import Direction, MigrationStatus
from tui.model.migration_cells import note_lines
from tui.model.migration_source import Judgement, Losses, Reason
from tui.model.migration_views import (
    MigrationRow,
    MigrationsSeen,
    repo_line,
    rows_of,
    state_words,
    view_lines,
)


def migrations_json(environment: Environment, app: App, seen: MigrationsSeen) -> dict[str, object]:
    """Everything of the migrations screen as JSON values; times are Unix seconds, versions ints."""
    rows = rows_of(seen)
    return {
        "environment": environment.name,
        "production": environment.production,
        "app": app.name,
        "host": seen.host,
        "taken_at": seen.taken_at,
        "views": [_view_json(seen.running), _view_json(seen.on_disk)],
        "files_problem": seen.files.problem or seen.files.partly,
        "notes": list(note_lines(seen)),
        "repos": [
            {
                "repo": repo,
                "migrations": [_row_json(row) for row in reversed(rows) if row.repo == repo],
            }
            for repo in seen.repos
        ],
    }


def _view_json(status: MigrationStatus) -> dict[str, object]:
    return {
        "by": status.by.value,
        "release": status.release,
        "problem": status.problem,
        "repos": [
            {
                "repo": repo.repo,
                "never_migrated": repo.never,
                "problem": repo.problem,
                "applied": list(repo.applied),
                "pending": list(repo.pending),
                "without_file": list(repo.without_file),
            }
            for repo in status.repos
        ],
    }


def _row_json(row: MigrationRow) -> dict[str, object]:
    judgement: Judgement = row.judgement
    return {
        "version": row.seen.version,
        "name": row.name,
        "node": row.running.state.value if row.running is not None else None,
        "disk": row.on_disk.state.value if row.on_disk is not None else None,
        "since": row.since or None,
        "differs_in": list(row.differs_in),
        "can_be_undone": judgement.undo.value,
        "why": [_reason_json(reason) for reason in judgement.undo_reasons],
        "loses": {way.value: _losses_json(judgement.losses(way)) for way in Direction},
        "no_transaction": judgement.no_transaction,
    }


def _losses_json(losses: Losses) -> dict[str, object]:
    return {
        "known": losses.known,
        "what": list(losses.what),
        "why": [_reason_json(reason) for reason in losses.reasons],
    }


def _reason_json(reason: Reason) -> dict[str, object]:
    return {"line": reason.line, "text": reason.text, "why": reason.why}


def migrations_lines(seen: MigrationsSeen) -> list[str]:
    """The migrations screen as lines of text, the oldest migration first."""
    rows = rows_of(seen)
    lines = list(view_lines(seen))
    for repo in seen.repos:
        lines += ["", repo_line(seen, repo)]
        mine = [row for row in reversed(rows) if row.repo == repo]
        named = max((len(row.name) for row in mine), default=0)
        for row in mine:
            lines.append(
                f"  {row.seen.version:<14} {row.name:<{named}}  {state_words(row):<13}  "
                f"since {row.since or '-'}  undone: {row.judgement.undo_words}  loses {row.loses}"
            )
    notes = note_lines(seen)
    return [*lines, *(("", *notes) if notes else ())]

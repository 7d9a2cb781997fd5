"""The two ways of a rollback side by side, with the schema and by code only: what each does, what
is lost, what the older code would meet. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tui.model.host_rows import Cell
from tui.model.migration import By, Direction
from tui.model.migration_source import judge_source, unjudged
from tui.model.migration_views import MigrationRow
from tui.model.plan import Plan
from tui.model.rollback_delta import DeltaMigration, Group, RollbackDelta, Undoing
from tui.model.words import counted

Line = tuple[str, str]
_UNDOING = {
    Undoing.REVERSIBLE: ("yes", "plain"),
    Undoing.LOSES: ("yes, loses", "warning"),
    Undoing.IRREVERSIBLE: ("no", "bad"),
    Undoing.UNKNOWN: ("cannot tell", "warning"),
}
_GROUPS = {Group.UNDO: "warning", Group.NO_FILE: "bad", Group.UNTOUCHED: "muted"}
SHOWN = 3
"""Migrations whose meaning for the older code is told one by one."""


@dataclass(frozen=True, slots=True)
class Branch:
    """One way: the plan that it would be, or why there is none."""

    plan: Plan | None = None
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Branches:
    """Both ways to `version` as read at `taken_at` (Unix seconds); `runs` is what runs now, empty
    for a host where nothing does."""

    version: str
    runs: tuple[str, ...]
    delta: RollbackDelta
    schema: Branch
    code: Branch
    taken_at: float = 0.0


def shown_migrations(delta: RollbackDelta) -> tuple[DeltaMigration, ...]:
    """The migrations as they are listed: what is to be undone in its order, what has no file,
    then what stays, the newest first."""
    kept = sorted(delta.of(Group.UNTOUCHED), key=lambda m: m.version, reverse=True)
    return (*delta.of(Group.UNDO), *delta.of(Group.NO_FILE), *kept)


def key_of(migration: DeltaMigration) -> str:
    """What tells a migration from every other."""
    return f"{migration.repo} {migration.version}"


def migration_cells(migration: DeltaMigration) -> tuple[Cell, ...]:
    """A line of the table."""
    undone, style = _UNDOING[migration.undoing]
    goes = migration.group is Group.UNDO
    loses = migration.loses or ("nothing" if migration.undoing is Undoing.REVERSIBLE else "")
    return (
        ("group", str(migration.group), _GROUPS[migration.group]),
        ("name", migration.words, "plain"),
        ("undo", undone if goes else "", style),
        ("loses", (loses or migration.why) if goes else "", "muted" if loses else style),
    )


def migration_columns(width: int) -> tuple[tuple[str, str, int], ...]:
    """(key, heading, cells) of the columns in `width` cells; the loss has what is left."""
    room = width - 5
    group, undo = 11, 11
    name = max(14, min(36, (room - group - undo) * 3 // 5))
    loses = room - group - undo - name
    columns = [("group", "becomes", group), ("name", "migration", name), ("undo", "undone?", undo)]
    return (*columns, ("loses", "loses", loses)) if loses >= 8 else tuple(columns)


def row_of(delta: RollbackDelta, migration: DeltaMigration) -> MigrationRow | None:
    """The migration as its source is shown; None where the status does not know it."""
    status = delta.status
    repo = status.repo(migration.repo) if status is not None else None
    seen = repo.get(migration.version) if repo is not None else None
    if status is None or repo is None or seen is None:
        return None
    text = migration.source
    return MigrationRow(
        migration.repo,
        seen if status.by is By.RPC else None,
        seen if status.by is By.EVAL else None,
        delta.files.since(repo, migration.version),
        judge_source(text) if text is not None else unjudged("its source was not read"),
        text,
        delta.files.differs(repo, migration.version),
        migration.holders,
    )


def branch_lines(branches: Branches) -> list[Line]:
    """Both ways in words, (text, style) a line; `head` begins one."""
    delta, version = branches.delta, branches.version
    lines: list[Line] = []
    if delta.problem:
        lines.append((f"which migrations {version} lacks is not known: {delta.problem}", "warning"))
        lines += [(delta.remedy, "muted")] if delta.remedy else []
    elif delta.code_first:
        lines.append((delta.code_first, "warning"))
    lines.append(("s  schema and code", "head" if branches.schema.plan else "off"))
    lines += _schema_lines(branches)
    lines.append(("c  code only", "head" if branches.code.plan else "off"))
    lines += _code_lines(branches)
    return lines


def _schema_lines(branches: Branches) -> list[Line]:
    if branches.schema.plan is None:
        told: list[Line] = [(f"not possible: {_first(branches.schema.refused)}", "bad")]
        if branches.code.plan is not None:
            told.append(("code only, below, can be planned", "plain"))
        return told
    goes = branches.delta.of(Group.UNDO)
    if not goes:
        return [(f"nothing has to be undone: {branches.version} has all that is applied", "plain")]
    status = branches.delta.status
    by = f" by the code of {status.release}" if status is not None and status.release else ""
    undone = f"{counted(len(goes), 'migration')} undone{by}, the newest first"
    then = "" if _schema_only(branches) else ", then switch and restart, host by host"
    lost = [m.loses or "cannot tell what" for m in goes if m.undoing is not Undoing.REVERSIBLE]
    if not lost:
        return [(f"{undone}{then}. Nothing is lost", "plain")]
    return [(f"{undone}{then}", "plain"), (f"lost for good: {'; '.join(lost)}", "bad")]


def _schema_only(branches: Branches) -> bool:
    plan = branches.schema.plan
    return plan is not None and not any(step.kind == "switch" for step in plan.steps)


def _code_lines(branches: Branches) -> list[Line]:
    if branches.code.plan is None:
        told: list[Line] = [(f"not possible: {_first(branches.code.refused)}", "bad")]
        if branches.schema.plan is not None:
            told.append(("schema and code, above, can be planned", "plain"))
        return told
    delta, version = branches.delta, branches.version
    if not delta.problem and not delta.of(Group.UNDO):
        return [("the same: no migration lies between", "plain")]
    asked = f"Does {version}'s code work with the schema as it is now? Nothing here can tell;"
    return [
        (f"{asked} whoever wrote it can. Nothing is lost, the schema stays ahead", "warning"),
        *((text, "muted") for text in compatibility(delta)),
    ]


def compatibility(delta: RollbackDelta) -> tuple[str, ...]:
    """What each migration that stays ahead means for code that does not know it, by its source."""
    found: list[str] = []
    goes = delta.of(Group.UNDO)
    for migration in goes[:SHOWN]:
        if migration.source is None:
            found.append(f"{migration.version}: its source was not read")
            continue
        up = judge_source(migration.source).losses(Direction.UP)
        if up.what:
            said = f"took away {up.words}: code that still names it fails"
        elif not up.known:
            said = "its source does not tell what it takes away; Enter shows it"
        else:
            said = "takes nothing away; a column that is NOT NULL without a default stops inserts"
        found.append(f"{migration.version}: {said}")
    if len(goes) > SHOWN:
        found.append(f"and {len(goes) - SHOWN} more; Enter shows the source of each")
    return tuple(found)


def _first(reason: str) -> str:
    """The reason without the advice that the other branch can be planned: that is shown itself."""
    lines = [line for line in reason.split("\n") if not line.startswith("Code only, with")]
    return "; ".join(lines)


def heading(branches: Branches | None, version: str, hosts: Sequence[str], all_of: int) -> str:
    """`roll back 0.3.0 → 0.2.0 on web1`."""
    runs = "/".join(filter(None, branches.runs)) if branches is not None else ""
    where = "" if len(hosts) == all_of else f" on {', '.join(hosts)}"
    return f"roll back {runs} → {version}{where}" if runs else f"roll back to {version}{where}"

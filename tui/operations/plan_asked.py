"""From the words of a command line to the parameters of a plan; reads what they leave open."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

from tui.model.migration import By, MigrationStatus, RepoStatus
from tui.model.migration_range import versions_down, versions_up
from tui.model.plan import Facts, PlanRefused
from tui.operations.context import PlanContext
from tui.operations.planners import hosts_param, without_param


@dataclass(frozen=True, slots=True)
class Range:
    """The migrations that are meant: `down` with `undo` or without (the version stays), or up."""

    down: bool
    version: int | None = None
    undo: bool = False
    repo: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for: a kind of plan, the hosts (none: all that run the app), the rest."""

    kind: str
    hosts: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    params: Facts = ()
    migrations: Range | None = None


async def params_of(context: PlanContext, wanted: Wanted) -> Facts:
    """Enough to build the plan from; PlanRefused if what is meant does not exist."""
    unknown = [h for h in (*wanted.hosts, *wanted.without) if h not in context.hosts]
    if unknown:
        raise PlanRefused(f"{', '.join(unknown)}: no host that runs {context.app.name}")
    if wanted.migrations is not None:
        return await _migrations(context, wanted.migrations)
    # A task runs on one host, every other kind on all that run the app.
    everywhere = (context.migration_host,) if wanted.kind == "task" else context.hosts
    params = (hosts_param(wanted.hosts or everywhere), *wanted.params)
    return without_param(params, wanted.without) if wanted.without else params


async def _migrations(context: PlanContext, meant: Range) -> Facts:
    host = context.migration_host
    status = await _status(context, host)
    repo = status.repo(meant.repo)
    if repo is None:
        names = ", ".join(r.repo for r in status.repos) or "none that could be read"
        raise PlanRefused(f"say which repo with --repo; {host} has {names}")
    if repo.problem:
        raise PlanRefused(f"{host}: {repo.repo}: {repo.problem}")
    try:
        versions = _versions(repo, meant)
    except ValueError as error:
        raise PlanRefused(str(error)) from None
    return (
        ("direction", "down" if meant.down else "up"),
        ("repo", repo.repo),
        ("versions", " ".join(map(str, versions))),
        hosts_param((host,)),
    )


def _versions(repo: RepoStatus, meant: Range) -> tuple[int, ...]:
    if not meant.down:
        return versions_up(repo, meant.version)
    if meant.version is None:
        raise ValueError("a migration down needs a version: what stays, or what goes")
    return versions_down(repo, meant.version, undo=meant.undo)


async def _status(context: PlanContext, host: str) -> MigrationStatus:
    """The running node's view; where no node answers, that of the code on disk."""
    try:
        migrate: Any = importlib.import_module("tui.operations.migrate")
    except ModuleNotFoundError:
        raise PlanRefused("no plan of the kind 'migrate' can be built") from None
    told: list[str] = []
    for by in (By.RPC, By.EVAL):
        status: MigrationStatus = await migrate.read_status(context, host, by=by)
        if not status.trouble:
            return status
        told.append(f"by {by}: {status.trouble}")
    raise PlanRefused(f"{host}: the migrations could not be read; {'; '.join(told)}")

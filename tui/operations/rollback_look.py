"""What a rollback is planned from: a fresh look at every host, and the schema's delta."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from tui.commands.sudo import RestartRight
from tui.model.host import HostSnapshot, HostView
from tui.model.migration import By, MigrationStatus, RepoStatus
from tui.model.migration_files import MigrationFiles
from tui.model.plan import PlanRefused
from tui.model.release import untried
from tui.model.release_tree import TreeSeen, VersionSeen
from tui.model.unit import UnitWord
from tui.operations.context import PlanContext
from tui.operations.migration_read import read_status
from tui.operations.migration_sources import read_sources
from tui.operations.release_trees import read_trees
from tui.operations.restart_right import read_restart_rights


@dataclass(frozen=True, slots=True)
class RollbackLook:
    """One host, looked at for a rollback."""

    view: HostView
    right: RestartRight
    tree: TreeSeen

    @property
    def snapshot(self) -> HostSnapshot:
        """What the probe showed; PlanRefused if it showed nothing."""
        if self.view.snapshot is None:
            raise PlanRefused(f"{self.view.host}: nothing is known of it")
        return self.view.snapshot


@dataclass(frozen=True, slots=True)
class Delta:
    """The migrations that the target lacks: the status they were told by, and their sources."""

    status: MigrationStatus | None = None
    files: MigrationFiles | None = None
    goes: tuple[tuple[str, tuple[int, ...]], ...] = ()
    problem: str = ""

    @property
    def versions(self) -> tuple[int, ...]:
        """Every version that goes, ascending."""
        return tuple(sorted({v for _, versions in self.goes for v in versions}))


async def look_at_hosts(context: PlanContext, names: Sequence[str]) -> tuple[RollbackLook, ...]:
    """Every host anew, all at once."""
    rights, snapshots, trees = await asyncio.gather(
        read_restart_rights(context.sessions, context.app, names),
        asyncio.gather(*map(context.refresh, names)),
        read_trees(context, names),
    )
    return tuple(
        RollbackLook(
            HostView(name, context.sessions[name].link, snapshot), rights[name], trees[name]
        )
        for name, snapshot in zip(names, snapshots, strict=True)
    )


def is_there(look: RollbackLook, version: str) -> bool:
    """Whether the host runs and boots the version already."""
    release = look.snapshot.release
    well = look.snapshot.unit.word is UnitWord.RUNNING
    return well and (release.runs, release.boots) == (version, version)


def target_problems(look: RollbackLook, version: str) -> list[str]:
    """Why the version cannot be booted there, in words; empty if it can."""
    if not look.tree.known:
        return [f"its releases cannot be read: {look.tree.problem}"]
    if untried(look.tree.flavour):
        return [untried(look.tree.flavour)]
    target = look.tree.version(version)
    if target is None:
        there = ", ".join(seen.version for seen in look.tree.versions) or "none"
        return [f"{version} is not on it; there are {there}"]
    if not target.whole:
        return [f"{version} is not whole: {', '.join(target.missing)}"]
    return []


def target_of(look: RollbackLook, version: str) -> VersionSeen:
    """The version on the host; PlanRefused if it is not there."""
    target = look.tree.version(version)
    if target is None:
        raise PlanRefused(f"{look.view.host}: {version} is not on it")
    return target


async def read_delta(context: PlanContext, version: str, looks: Sequence[RollbackLook]) -> Delta:
    """Which applied migrations the target's code does not know, asked on the migration host."""
    host = context.migration_host
    look = next((look for look in looks if look.view.host == host), None)
    if look is None:
        return Delta()
    target = target_of(look, version)
    if not any(seen.migrations for seen in look.tree.versions):
        return Delta()
    # A node that loops answers now and then: whose code runs the migrations must not depend on
    # the moment, or the plan would be another one each time.
    runs = look.snapshot.unit.word is UnitWord.RUNNING
    status = await read_status(context, host, by=By.RPC if runs else By.EVAL)
    if runs and status.trouble:
        beside = await read_status(context, host, by=By.EVAL)
        status = status if beside.trouble else beside
    if status.trouble:
        return Delta(problem=f"{host}: {status.trouble}")
    files = await read_sources(context, host)
    goes = tuple((repo.repo, _lacking(repo, target)) for repo in status.repos)
    return Delta(status, files, tuple((repo, found) for repo, found in goes if found))


def _lacking(repo: RepoStatus, target: VersionSeen) -> tuple[int, ...]:
    """The applied versions that have a file in the code that answered and none in the target."""
    folder = repo.path.rstrip("/").split("/")[-2:-1]
    known = {file.version for file in target.migrations if not folder or file.folder == folder[0]}
    without = set(repo.without_file)
    return tuple(v for v in repo.applied if v not in known and v not in without)

"""What a rollback is planned from: a fresh look at every host."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from tui.commands.sudo import RestartRight
from tui.model.host import HostSnapshot, HostView
from tui.model.plan import PlanRefused
from tui.model.release import untried
from tui.model.release_tree import TreeSeen, VersionSeen
from tui.model.unit import UnitWord
from tui.operations.context import PlanContext
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

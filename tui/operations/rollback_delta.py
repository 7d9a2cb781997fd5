"""Read what a release to go back to lacks of the schema: trees, table, and the store's archives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tui.errors import BeamdeckError
from tui.model.archive import ArchiveRefused
from tui.model.migration import By, MigrationStatus
from tui.model.migration_files import MigrationFiles
from tui.model.release_tree import MigrationFile, VersionSeen, parse_migration
from tui.model.rollback_delta import (
    Group,
    RollbackDelta,
    delta_of,
    known_to,
    release_with,
    sharers,
)
from tui.model.unit import UnitWord
from tui.operations.archive import inspect_archive
from tui.operations.context import PlanContext
from tui.operations.migration_read import read_status
from tui.operations.migration_sources import read_sources
from tui.operations.release_fetch import fetched
from tui.operations.release_store import list_store
from tui.operations.rollback_look import RollbackLook, target_of


async def read_delta(
    context: PlanContext, version: str, looks: Sequence[RollbackLook]
) -> RollbackDelta:
    """The delta to `version`, asked on the migration host by the code that would undo it.

    Starts a BEAM there, or two. Without that host among the looks, nothing is asked.
    """
    host = context.migration_host
    look = next((look for look in looks if look.view.host == host), None)
    if look is None:
        return RollbackDelta(version)
    target = target_of(look, version)
    if not any(seen.migrations for seen in look.tree.versions):
        return RollbackDelta(version)
    status = await _first_status(context, look)
    if status.trouble:
        return RollbackDelta(version, status, problem=f"{host}: {status.trouble}")
    has: tuple[MigrationFile, ...] = target.migrations
    shared = sharers(look.tree, target)
    if shared:
        archived = await _archived(context, version, target, shared)
        if isinstance(archived, RollbackDelta):
            return archived
        has = archived
    files = await read_sources(context, host)
    delta = _judged(version, status, files, has)
    return await _by_who_knows(context, look, delta, has)


async def _first_status(context: PlanContext, look: RollbackLook) -> MigrationStatus:
    """What the running code says; where no node answers, what the code that boots next does."""
    # A node that loops answers now and then: whose code runs the migrations must not depend on
    # the moment, or the plan would be another one each time.
    host = look.view.host
    runs = look.snapshot.unit.word is UnitWord.RUNNING
    status = await read_status(context, host, by=By.RPC if runs else By.EVAL)
    if runs and status.trouble:
        beside = await read_status(context, host, by=By.EVAL)
        return status if beside.trouble else beside
    return status


def _judged(
    version: str, status: MigrationStatus, files: MigrationFiles, has: Sequence[MigrationFile]
) -> RollbackDelta:
    known = {repo.repo: known_to(repo, has) for repo in status.repos}
    return delta_of(version, status, files, known)


async def _by_who_knows(
    context: PlanContext, look: RollbackLook, delta: RollbackDelta, has: Sequence[MigrationFile]
) -> RollbackDelta:
    """The same by the release that has the files that the code which answered lacks: where the
    code went back before the schema, only that one can undo them."""
    if delta.status is None or not delta.of(Group.NO_FILE):
        return delta
    lost = delta.of(Group.NO_FILE)
    for repo in delta.status.repos:
        wanted = [m.version for m in lost if m.repo == repo.repo]
        release = release_with(look.tree, repo, [*wanted, *dict(delta.goes).get(repo.repo, ())])
        if not wanted or not release:
            continue
        status = await read_status(context, look.view.host, by=By.EVAL, release=release)
        if not status.trouble:
            better = _judged(delta.target, status, delta.files, has)
            return replace(better, runs=delta.status.release)
    return delta


async def _archived(
    context: PlanContext, version: str, target: VersionSeen, shared: Sequence[str]
) -> tuple[MigrationFile, ...] | RollbackDelta:
    """The migrations that the archive in the store brings; without it, why nothing is known."""
    why = f"{version} shares its folder of migrations with {', '.join(shared)}"
    remedy = f"put the archive of {version} into the release store, or go back with code only"

    def unknown(more: str) -> RollbackDelta:
        return RollbackDelta(version, problem=f"{why}, and {more}", remedy=remedy)

    try:
        found = [a for a in await list_store(context.app, context) if a.version == version]
        if not found:
            return unknown("its archive is not in the release store")
        archive = await inspect_archive(await fetched(context, found[0]), context.app.name)
    except BeamdeckError as error:
        return unknown(f"its archive cannot be read: {error.detail}")
    except ArchiveRefused as refused:
        return unknown(f"its archive cannot be read: {refused.reason}")
    if archive.version != version or archive.applications != target.apps:
        return unknown("the archive in the store is not of the same build")
    paths = (path.removeprefix("lib/") for _, path, _ in archive.migrations)
    parsed = (parse_migration(path) for path in paths)
    return tuple(migration for migration in parsed if migration is not None)

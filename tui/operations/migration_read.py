"""Ask a host's release for its migrations: on demand only, each question starts a BEAM there."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace

from tui.commands.migration import parse_migrations, read_migrations
from tui.commands.release_call import CannotCall
from tui.errors import BeamdeckError, NotConnected
from tui.model.command import Ended
from tui.model.fleet import App
from tui.model.migration import By, MigrationStatus
from tui.model.migration_views import MigrationsSeen
from tui.model.release import ReleaseFacts
from tui.operations.context import PlanContext
from tui.operations.migration_sources import read_sources
from tui.operations.ports import Session


async def read_status(
    context: PlanContext, host: str, *, by: By, release: str | None = None
) -> MigrationStatus:
    """The migrations as the running node sees them (rpc), or as the code of a release version on
    disk does (eval; None: what boots next). What keeps it from being known is its `problem`."""
    session = context.sessions.get(host)
    if session is None:
        return MigrationStatus(host, by, problem=f"{host} is not a host of this environment")
    try:
        snapshot = await context.refresh(host)
    except BeamdeckError as error:
        return MigrationStatus(host, by, problem=f"it cannot be read: {error.detail}")
    if snapshot is None:
        return MigrationStatus(host, by, problem="it gave no answer to a probe")
    try:
        return await ask_status(
            session, context.app, snapshot.release, context.clock, by=by, version=release or ""
        )
    except BeamdeckError as error:
        return MigrationStatus(host, by, problem=error.detail)


async def ask_status(
    session: Session,
    app: App,
    release: ReleaseFacts,
    clock: Callable[[], float],
    *,
    by: By,
    version: str = "",
) -> MigrationStatus:
    """One question, one answer; NotConnected if the link was lost before it came."""
    token = secrets.token_hex(8)
    try:
        command = read_migrations(app, release, token, by, version)
    except CannotCall as error:
        return MigrationStatus(session.host.name, by, problem=error.detail)
    outcome = await session.run(command)
    if outcome.ended is Ended.LINK_LOST:
        raise NotConnected("the link was lost while its migrations were asked for")
    status = parse_migrations(outcome, token, session.host.name, by, clock())
    status = replace(status, facts=release)
    if version and not status.problem and status.release != version:
        told = status.release or "no version"
        return replace(status, problem=f"{version} was asked, but {told} answered")
    return status


async def read_both(context: PlanContext, host: str) -> MigrationsSeen:
    """Both views of a host's migrations and the files they rest on: two BEAMs, one by one."""
    files = await read_sources(context, host)
    running = await read_status(context, host, by=By.RPC)
    on_disk = await read_status(context, host, by=By.EVAL)
    return MigrationsSeen(host, running, on_disk, files, context.clock())

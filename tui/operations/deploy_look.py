"""What a deploy is planned from: one fresh look at every host, and at the archive."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tui.commands.preflight import (
    HostFit,
    Room,
    parse_fit,
    parse_upload_room,
    read_fit,
    read_upload_room,
)
from tui.commands.sudo import RestartRight
from tui.errors import BeamdeckError
from tui.model.archive import Archive, ArchiveRefused
from tui.model.command import Command
from tui.model.fleet import Flavour
from tui.model.host import HostView
from tui.model.plan import PlanRefused
from tui.model.preflight import no_upload_room, refusals
from tui.model.release import untried
from tui.operations.archive import inspect_archive
from tui.operations.context import PlanContext
from tui.operations.look_work import look_problem
from tui.operations.ports import Session
from tui.operations.release_fetch import fetched
from tui.operations.release_store import StoreUnreadable, list_store
from tui.operations.restart import restart_problem
from tui.operations.restart_right import read_restart_rights

_INSPECTED: dict[tuple[str, str, int, int], Archive] = {}
_KEPT = 8


@dataclass(frozen=True, slots=True)
class DeployLook:
    """One host, looked at for a deploy. `problem` says why it could not be asked."""

    view: HostView
    right: RestartRight
    fit: HostFit | None = None
    upload_room: Room = field(default_factory=Room)
    upload_unwritable: tuple[str, ...] = ()
    problem: str = ""

    @property
    def reached(self) -> bool:
        """Whether the host is there at all."""
        return self.view.link.usable


async def inspected(path: str, app: str) -> Archive:
    """The archive judged, read once as long as its file stays the same; PlanRefused."""
    file = Path(os.path.expanduser(path))  # noqa: ASYNC240 - names only, no file is touched
    try:
        stat = await asyncio.to_thread(file.stat)
        key = (str(file), app, stat.st_mtime_ns, stat.st_size)
        if key not in _INSPECTED:
            archive = await inspect_archive(file, app)
            while len(_INSPECTED) >= _KEPT:
                del _INSPECTED[next(iter(_INSPECTED))]
            _INSPECTED[key] = archive
        return _INSPECTED[key]
    except ArchiveRefused as refused:
        raise PlanRefused(refused.reason) from None
    except OSError as error:
        raise PlanRefused(f"{file}: {error.strerror or error}") from None


async def stored(context: PlanContext, version: str) -> str:
    """The path of the archive of exactly this version in the release store; PlanRefused."""
    try:
        archives = await list_store(context.app, context)
    except StoreUnreadable as error:
        raise PlanRefused(error.detail) from None
    found = [archive for archive in archives if archive.version == version]
    if not found:
        held = ", ".join(archive.version for archive in archives[:5]) or "nothing"
        raise PlanRefused(f"the release store has no {version}; it holds {held}")
    try:
        return str(await fetched(context, found[0]))
    except BeamdeckError as error:
        raise PlanRefused(f"{found[0].path}: {error.detail}") from None


async def look_at_hosts(
    context: PlanContext, names: Sequence[str], archive: Archive
) -> tuple[DeployLook, ...]:
    """Every host anew, all at once; nothing is raised for a host that cannot be asked."""
    known = [name for name in names if name in context.sessions]
    rights, looks = await asyncio.gather(
        read_restart_rights(context.sessions, context.app, known),
        asyncio.gather(*(_look(context, name, archive) for name in known)),
    )
    return tuple(
        DeployLook(view, rights[view.host], fit, room, unwritable, problem)
        for view, fit, room, unwritable, problem in looks
    )


async def _look(
    context: PlanContext, name: str, archive: Archive
) -> tuple[HostView, HostFit | None, Room, tuple[str, ...], str]:
    session = context.sessions[name]
    snapshot = await context.refresh(name)
    view = HostView(name, session.link, snapshot)
    if snapshot is None:
        return view, None, Room(), (), "it could not be read"
    try:
        fit = parse_fit(await _answer(session, read_fit(context.app, archive)))
        answer = await _answer(session, read_upload_room(context.app))
        room, unwritable = parse_upload_room(answer)
    except (BeamdeckError, ValueError) as error:
        detail = error.detail if isinstance(error, BeamdeckError) else str(error)
        return view, None, Room(), (), detail
    return view, fit, room, unwritable, ""


async def _answer(session: Session, command: Command) -> bytes:
    outcome = await session.run(command)
    problem = look_problem(outcome)
    if problem:
        raise ValueError(problem)
    return outcome.stdout


def problems(context: PlanContext, look: DeployLook, archive: Archive) -> tuple[str, ...]:
    """Why the archive cannot be deployed on this host, each in a sentence; () if it can."""
    if look.problem or look.fit is None:
        return (look.problem or "it could not be asked",)
    restart = restart_problem(look.view, look.right, context.clock())
    snapshot = look.view.snapshot
    flavour = snapshot.release.flavour if snapshot is not None else Flavour.AUTO
    return tuple(
        filter(
            None,
            (
                restart,
                untried(archive.flavour) or untried(flavour),
                *refusals(archive, look.fit),
                *no_upload_room(archive, look.upload_room, look.upload_unwritable),
            ),
        )
    )

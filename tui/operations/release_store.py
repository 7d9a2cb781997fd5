"""Lists an app's release store: a folder of this machine, or of a host of the environment."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from tui.commands.release_store import list_archives, parse_archives
from tui.errors import BeamdeckError
from tui.model.fleet import App
from tui.model.redact import from_host
from tui.model.release_store import (
    StoredArchive,
    StoreKind,
    StorePlace,
    archive_version,
    parse_store,
)
from tui.model.release_tree import release_order
from tui.operations.context import PlanContext
from tui.operations.sight import link_within

LINK_S = 10.0
"""Seconds that the link to the host of a store is waited for."""


class StoreUnreadable(BeamdeckError):
    """The release store cannot be listed; the detail says why."""

    title = "The release store cannot be read"


async def list_store(app: App, context: PlanContext | None = None) -> tuple[StoredArchive, ...]:
    """Every archive of the app in its store, newest release first; () if none is configured.

    A store on a host needs `context`, and that host must be one of the environment.
    StoreUnreadable says what stands in the way.
    """
    if not app.release_store:
        return ()
    try:
        place = parse_store(app.release_store)
    except ValueError as error:
        raise StoreUnreadable(str(error)) from None
    if place.kind is StoreKind.LOCAL:
        found = await asyncio.to_thread(_local, local_folder(app), app)
    else:
        found = await _remote(place, app, context)
    return tuple(sorted(found, key=lambda a: release_order(a.version, a.mtime), reverse=True))


def local_folder(app: App) -> Path:
    """The folder of a local store; a relative one lies in the folder that builds."""
    base = Path(app.build_in or "").expanduser()
    return (base / Path(app.release_store or "").expanduser()).absolute()


def _local(folder: Path, app: App) -> list[StoredArchive]:
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                version = archive_version(entry.name, app.name)
                if version and entry.is_file():
                    state = entry.stat()
                    path = str(folder / entry.name)
                    found.append(StoredArchive(version, path, state.st_size, state.st_mtime))
    except OSError as error:
        raise StoreUnreadable(f"{folder}: {error.strerror or error}") from error
    return found


async def _remote(place: StorePlace, app: App, context: PlanContext | None) -> list[StoredArchive]:
    session = context.link_to(place.host) if context is not None else None
    if session is None:
        raise StoreUnreadable(
            f"{place.host} is none of this environment's hosts",
            remedy="Name it among them, its apps' `on` leaving it out; or keep the store here.",
        )
    if place.user and session.host.user not in (None, place.user):
        raise StoreUnreadable(f"{session.host.name} is reached as another user than {place.user}")
    if not await link_within(session, LINK_S):
        raise StoreUnreadable(f"{session.host.name}: {session.link.state}")
    outcome = await session.run(list_archives(place.path))
    if not outcome.ok:
        said = from_host(outcome.stderr.strip(), limit=200) if outcome.known else outcome.ended
        raise StoreUnreadable(f"{place.path} on {session.host.name}: {said}")
    found = []
    for file in parse_archives(outcome.stdout):
        version = archive_version(file.name, app.name)
        if version:
            size, mtime = file.size_bytes, file.mtime
            found.append(StoredArchive(version, file.path, size, mtime, session.host.name))
    return found

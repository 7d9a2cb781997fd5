"""An archive of a store on a host, brought to this machine so that it can be judged and sent."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import BinaryIO

from tui.commands.release_store import read_archive
from tui.errors import BeamdeckError
from tui.model.release_store import StoredArchive
from tui.operations.context import PlanContext
from tui.operations.look_work import look_problem
from tui.paths import open_private, state_folder


class NotFetched(BeamdeckError):
    """An archive could not be brought here as a whole."""

    title = "The archive could not be fetched"


async def fetched(context: PlanContext, archive: StoredArchive) -> Path:
    """The archive as a file of this machine; a stored one of a host is copied once, 0600.

    NotFetched if it did not come whole.
    """
    if not archive.where:
        return Path(archive.path)
    session = context.link_to(archive.where)
    if session is None:
        raise NotFetched(f"{archive.where} is not a host of this environment")
    folder = state_folder() / "archives" / archive.where
    kept = folder / f"{round(archive.mtime)}-{archive.size_bytes}-{os.path.basename(archive.path)}"
    if await asyncio.to_thread(_size, kept) == archive.size_bytes:
        return kept
    part = kept.with_name(f"{kept.name}.part")
    file: BinaryIO = await asyncio.to_thread(open_private, part, "wb")
    with file:
        async with session.stream(read_archive(archive.path)) as stream:
            async for block in stream:
                file.write(block)
        outcome = stream.outcome
    problem = "the link was lost" if outcome is None else look_problem(outcome)
    if not problem and await asyncio.to_thread(_size, part) != archive.size_bytes:
        problem = "it did not come whole"
    if problem:
        await asyncio.to_thread(part.unlink)
        raise NotFetched(problem)
    await asyncio.to_thread(part.replace, kept)
    return kept


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None

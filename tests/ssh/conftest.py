"""Fixtures of the SSH floor: a server in this process, and the operator's side of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.ssh.bed import Bed, World, a_bed
from tui.model.host import Link, LinkState
from tui.ssh.fleet import Fleet
from tui.ssh.session import SshSession


@pytest.fixture
async def bed() -> AsyncIterator[Bed]:
    async with a_bed() as running:
        yield running


@pytest.fixture
async def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """A home of its own, no agent, a key, and no host known."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    world = World(tmp_path)
    world.write_identity()
    yield world
    for fleet in world.fleets:
        await fleet.close()


@pytest.fixture
async def session(bed: Bed, world: World) -> SshSession:
    """A session that is up."""
    world.know(bed)
    fleet = world.fleet(world.host(bed))
    return await up(fleet)


async def soon(comes: Callable[[], object], within_s: float = 5.0) -> None:
    """Return once `comes()` is true; TimeoutError if it does not become so. For what only can
    be looked at: a process, a counter of the other side."""
    async with asyncio.timeout(within_s):
        while not comes():  # noqa: ASYNC110  # nobody tells
            await asyncio.sleep(0.005)


async def up(fleet: Fleet, name: str = "web1") -> SshSession:
    """The session of a host once it is usable."""
    fleet.start()
    session = fleet.sessions[name]
    assert isinstance(session, SshSession)
    async with asyncio.timeout(10):
        await session.usable()
    return session


async def until(
    session: SshSession, fits: Callable[[Link], bool] | LinkState, within_s: float = 10.0
) -> Link:
    """The first link from now on that fits."""
    wanted = fits if callable(fits) else lambda link: link.state is fits
    found: asyncio.Future[Link] = asyncio.get_running_loop().create_future()

    def look(link: Link) -> None:
        if wanted(link) and not found.done():
            found.set_result(link)

    stop = session.watch(look)
    look(session.link)
    try:
        async with asyncio.timeout(within_s):
            return await found
    except TimeoutError:
        raise AssertionError(f"after {within_s} s the link is {session.link}") from None
    finally:
        stop()

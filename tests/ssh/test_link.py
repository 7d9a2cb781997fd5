"""The life of a link: lost, stale, reconnected, refused; and what one bad host costs the others."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest

from tests.faults.proxy import proxied
from tests.ssh.bed import Bed, World, a_bed, key
from tests.ssh.conftest import soon, until, up
from tui.errors import NameRefused, NotConnected
from tui.model.command import Command, Ended
from tui.model.fleet import Limits
from tui.model.host import Link, LinkState
from tui.ssh.session import SshSession


def states(session: SshSession) -> list[tuple[float, Link]]:
    """Every change of the link from now on, with the loop's time."""
    seen: list[tuple[float, Link]] = []
    loop = asyncio.get_running_loop()
    session.watch(lambda link: seen.append((loop.time(), link)))
    return seen


async def test_a_reset_is_noticed_at_once_and_the_first_try_comes_within_a_second(
    world: World, bed: Bed
) -> None:
    async with proxied(bed.port) as proxy:
        bed_port, bed.port = bed.port, proxy.port
        world.know(bed)
        session = await up(world.fleet(world.host(bed)))
        seen = states(session)
        began = asyncio.get_running_loop().time()
        proxy.reset()
        await until(session, LinkState.LOST)
        await until(session, LinkState.UP)
        lost_at = next(at for at, link in seen if link.state is LinkState.LOST)
        up_at = next(at for at, link in seen if link.state is LinkState.UP)
        waiting = next(link for _, link in seen if link.retry_at is not None)
        assert lost_at - began < 1.0
        assert up_at - lost_at < 2.0
        assert waiting.state is LinkState.LOST
        assert waiting.attempt == 1
        assert (await session.run(Command(("true",)))).ok
        bed.port = bed_port


async def test_a_host_that_is_down_is_tried_again_until_it_is_back(world: World, bed: Bed) -> None:
    world.know(bed)
    session = await up(world.fleet(world.host(bed)))
    await bed.stop()
    link = await until(session, lambda link: link.state is LinkState.UNREACHABLE)
    assert "Connection refused" in link.detail
    await until(session, lambda link: link.attempt >= 2)
    await bed.start()
    await until(session, LinkState.UP)
    assert session.link.detail == ""


async def test_a_refused_key_is_tried_once_and_never_again(world: World, bed: Bed) -> None:
    bed.authorized = [key("somebody else")]
    world.know(bed)
    fleet = world.fleet(world.host(bed))
    fleet.start()
    session = fleet.sessions["web1"]
    assert isinstance(session, SshSession)
    link = await until(session, LinkState.AUTH_FAILED)
    assert "deploy" in link.detail
    assert "1 key tried" in link.detail
    await asyncio.sleep(1.5)
    assert len(bed.connections) == 1
    bed.authorized = [key("client")]
    fleet.retry("web1")
    await until(session, LinkState.UP)


async def test_no_key_at_all_says_so(world: World, bed: Bed) -> None:
    world.know(bed)
    world.identity.unlink()
    fleet = world.fleet(world.host(bed))
    fleet.start()
    session = fleet.sessions["web1"]
    assert isinstance(session, SshSession)
    link = await until(session, LinkState.AUTH_FAILED)
    assert "no identity" in link.detail


async def test_a_name_without_an_address(world: World, bed: Bed) -> None:
    fleet = world.fleet(world.host(bed, address="no-such-host.invalid"))
    fleet.start()
    session = fleet.sessions["web1"]
    assert isinstance(session, SshSession)
    link = await until(session, LinkState.NO_ADDRESS)
    assert "no-such-host.invalid" in link.detail


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "-oProxyCommand=id"},
        {"name": "web 1"},
        {"address": "10.0.0.1;id"},
        {"address": "$(id)"},
        {"user": "root;id"},
        {"user": "-l"},
        {"port": 0},
        {"port": 70000},
        {"jump": "bastion`id`"},
        {"jump": "a,b c"},
        {"jump": "-oProxyCommand=id"},
        {"jump": "user@@x:y"},
    ],
)
async def test_names_outside_the_allowlists_are_refused_before_any_connection(
    world: World, bed: Bed, wrong: dict[str, object]
) -> None:
    with pytest.raises(NameRefused):
        world.fleet(world.host(bed, **wrong))  # type: ignore[arg-type]  # by name


async def test_a_hung_host_delays_nobody(world: World, bed: Bed) -> None:
    """A host that accepts and then says nothing takes no place in a handshake."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(64)
        port = silent.getsockname()[1]
        world.know(bed)
        hung = [world.host(bed, f"hung{number}", port=port) for number in range(6)]
        limits = Limits(connect_timeout_s=1.0, handshakes=2)
        fleet = world.fleet(*hung, world.host(bed), limits=limits)
        began = time.monotonic()
        session = await up(fleet)
        assert time.monotonic() - began < 1.0
        other = fleet.sessions["hung3"]
        assert isinstance(other, SshSession)
        link = await until(other, LinkState.UNREACHABLE)
        assert "no answer" in link.detail
        assert (await session.run(Command(("true",)))).ok


async def test_no_more_handshakes_at_once_than_the_limit(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tui.ssh import dial

    running, peak = 0, 0
    real = dial.connect

    async def counted(*args: object) -> object:
        nonlocal running, peak
        running += 1
        peak = max(peak, running)
        try:
            return await real(*args)  # type: ignore[arg-type]  # passed through
        finally:
            running -= 1

    monkeypatch.setattr(dial, "connect", counted)
    async with a_bed() as bed:
        world.know(bed)
        hosts = [world.host(bed, f"web{number}") for number in range(9)]
        fleet = world.fleet(*hosts, limits=Limits(handshakes=3))
        fleet.start()
        async with asyncio.timeout(10):
            await asyncio.gather(*(s.usable() for s in fleet.sessions.values()))
    assert peak == 3


# -- the half-open link (R21) --------------------------------------------------------------


async def test_a_black_hole_is_stale_within_five_seconds_and_lost_within_fifteen(
    world: World, bed: Bed
) -> None:
    async with proxied(bed.port) as proxy:
        real, bed.port = bed.port, proxy.port
        world.know(bed)
        session = await up(world.fleet(world.host(bed)))
        running = asyncio.create_task(session.run(Command(("sleep", "60"), timeout_s=60)))
        await asyncio.sleep(0.3)
        seen = states(session)
        began = asyncio.get_running_loop().time()
        proxy.faults.black_hole = True
        await until(session, LinkState.LOST, within_s=20)
        stale_at = next(at for at, link in seen if link.state is LinkState.STALE)
        lost_at = next(at for at, link in seen if link.state is LinkState.LOST)
        assert stale_at - began <= 5.0
        assert lost_at - began <= 15.0
        outcome = await running
        assert (outcome.ended, outcome.exit_status) == (Ended.LINK_LOST, None)
        proxy.faults.black_hole = False
        bed.port = real


async def test_a_pause_is_stale_and_up_again_without_a_new_connection(
    world: World, bed: Bed
) -> None:
    async with proxied(bed.port) as proxy:
        real, bed.port = bed.port, proxy.port
        world.know(bed)
        session = await up(world.fleet(world.host(bed)))
        proxy.faults.black_hole = True
        await until(session, LinkState.STALE)
        assert session.link.usable
        heard = session.link.heard_at
        assert heard is not None
        assert time.time() - heard >= 4.0
        proxy.faults.black_hole = False
        await until(session, LinkState.UP)
        assert time.time() - (session.link.heard_at or 0) < 1.0
        assert len(bed.connections) == 1
        bed.port = real


# -- the end -------------------------------------------------------------------------------


async def test_close_ends_everything_within_two_seconds(world: World, bed: Bed) -> None:
    world.know(bed)
    hung = world.host(bed, "hung", address="192.0.2.1")  # nobody is there
    fleet = world.fleet(world.host(bed), hung)
    before = asyncio.all_tasks()
    session = await up(fleet)
    command = Command(("sleep", "60"), timeout_s=60)
    running = [asyncio.create_task(session.run(command)) for _ in range(12)]
    await soon(lambda: len(bed.children) >= 8)
    waiting = asyncio.create_task(fleet.sessions["hung"].usable())
    await asyncio.sleep(0)
    began = time.monotonic()
    await fleet.close()
    assert time.monotonic() - began < 2.0
    done = await asyncio.gather(*running, return_exceptions=True)
    assert sum(isinstance(d, NotConnected) for d in done) == 4, "those that waited for a place"
    assert sum(getattr(d, "ended", None) is Ended.LINK_LOST for d in done) == 8
    with pytest.raises(NotConnected):
        await waiting
    server_side = {t for t in asyncio.all_tasks() if "_serve" in repr(t) or "bed" in repr(t)}
    left = asyncio.all_tasks() - before - server_side
    assert {t.get_name() for t in left if t.get_name().startswith(("link", "pulse"))} == set()
    assert session.link.state is LinkState.IDLE


async def test_close_in_the_moment_of_a_lost_link(world: World, bed: Bed) -> None:
    world.know(bed)
    for pause in range(12):
        fleet = world.fleet(world.host(bed))
        session = await up(fleet)
        assert session._line is not None
        session._line.connection.abort()
        for _ in range(pause):
            await asyncio.sleep(0)
        async with asyncio.timeout(2):
            await fleet.close()
        assert session._life is not None
        assert session._life.done()


async def test_a_closed_fleet_stays_closed(world: World, bed: Bed) -> None:
    world.know(bed)
    fleet = world.fleet(world.host(bed))
    await up(fleet)
    await fleet.close()
    fleet.start()
    await fleet.close()
    with pytest.raises(NotConnected):
        await fleet.sessions["web1"].run(Command(("true",)))

"""Jump hosts: each checked by itself, shared by the hosts behind it, named when it fails."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from tests.ssh.bed import Bed, World, a_bed, fingerprint, key
from tests.ssh.conftest import soon, until, up
from tests.ssh.test_host_keys import refused
from tui.model.command import Command
from tui.model.fleet import Host, Limits
from tui.model.host import LinkState
from tui.ssh.session import SshSession
from tui.ssh.settings import Hop, parse_jump


@pytest.fixture
async def bastion() -> AsyncIterator[Bed]:
    async with a_bed(host_key=key("bastion")) as running:
        yield running


@pytest.fixture
async def inner() -> AsyncIterator[Bed]:
    async with a_bed(host_key=key("inner")) as running:
        yield running


def config(world: World, **named: tuple[Bed, str]) -> tuple[str, ...]:
    """An ssh_config with an entry a server, and what more is said of it."""
    text = ""
    for name, (bed, more) in named.items():
        text += (
            f"Host {name}\nHostName 127.0.0.1\nPort {bed.port}\nUser {name}-user\n{more}\n"
            f"IdentityFile {world.identity}\nUserKnownHostsFile {world.known_hosts}\n"
        )
    path = world.folder / "config"
    path.write_text(text)
    return (str(path),)


async def test_a_host_behind_a_jump_host(world: World, bed: Bed, bastion: Bed) -> None:
    world.know(bed)
    world.know(bastion)
    files = config(world, web1=(bed, "ProxyJump bastion"), bastion=(bastion, ""))
    session = await up(world.fleet(Host("web1"), ssh_config=files))
    assert (await session.run(Command(("true",)))).ok
    assert bastion.forwards == [("127.0.0.1", bed.port)]
    assert (bastion.users, bed.users) == (["bastion-user"], ["web1-user"])
    assert bastion.commands == []
    assert (bastion.ptys, bastion.agent_paths) == ([], [])


async def test_several_hops_and_a_jump_hosts_own_jump(
    world: World, bed: Bed, bastion: Bed, inner: Bed
) -> None:
    for each in (bed, bastion, inner):
        world.know(each)
    files = config(
        world,
        web1=(bed, "ProxyJump bastion,inner"),
        web2=(bed, "ProxyJump inner2"),
        inner2=(inner, "ProxyJump bastion"),
        bastion=(bastion, ""),
        inner=(inner, ""),
    )
    fleet = world.fleet(Host("web1"), Host("web2"), ssh_config=files)
    await up(fleet)
    async with asyncio.timeout(10):
        await fleet.sessions["web2"].usable()
    assert set(bastion.forwards) == {("127.0.0.1", inner.port)}
    assert set(inner.forwards) == {("127.0.0.1", bed.port)}


async def test_the_hosts_entry_names_the_jump(world: World, bed: Bed, bastion: Bed) -> None:
    world.know(bed)
    world.know(bastion)
    files = config(world, web1=(bed, "ProxyJump nowhere"), bastion=(bastion, ""))
    jump = f"somebody@bastion:{bastion.port}"
    await up(world.fleet(Host("web1", jump=jump), ssh_config=files))
    assert bastion.users == ["somebody"]
    direct = world.fleet(Host("web1", jump="none"), ssh_config=files)
    await up(direct)
    assert len(bastion.forwards) == 1


async def test_one_jump_host_has_one_connection_for_all_behind_it(
    world: World, bed: Bed, bastion: Bed
) -> None:
    world.know(bed)
    world.know(bastion)
    names = [f"web{number}" for number in range(12)]
    entries = dict.fromkeys(names, (bed, "ProxyJump bastion"))
    files = config(world, **entries, bastion=(bastion, ""))
    fleet = world.fleet(*(Host(name) for name in names), ssh_config=files)
    fleet.start()
    async with asyncio.timeout(20):
        await asyncio.gather(*(s.usable() for s in fleet.sessions.values()))
    assert len(bastion.connections) == 1
    assert len(bed.connections) == 12
    await fleet.close()
    await soon(lambda: all(c.is_closed() for c in bastion.connections))


@pytest.mark.parametrize("which", ["bastion", "web1"])
async def test_the_host_key_of_each_hop_is_checked(
    world: World, bed: Bed, bastion: Bed, which: str
) -> None:
    """First unknown and trusted, then changed: final, at whichever hop."""
    known, asked = (bed, bastion) if which == "bastion" else (bastion, bed)
    world.know(known)
    files = config(world, web1=(bed, "ProxyJump bastion"), bastion=(bastion, ""))
    fleet = world.fleet(Host("web1"), ssh_config=files)
    session = await refused(fleet)
    assert session.link.state is LinkState.UNKNOWN_KEY
    assert session.link.fingerprint == fingerprint(asked.host_key)
    assert ("bastion" in session.link.detail) == (which == "bastion")
    assert asked.auths == 0
    await fleet.trust_key("web1", fingerprint(asked.host_key))
    assert f"[127.0.0.1]:{asked.port} " in world.known_hosts.read_text()
    await until(session, LinkState.UP)

    await asked.stop()
    asked.host_key = key("impostor")
    await asked.start()
    link = await until(session, lambda link: link.state.final)
    assert link.state is LinkState.CHANGED_KEY
    assert link.fingerprint == fingerprint(key("impostor"))


async def test_a_jump_host_that_refuses_us_is_asked_once_for_the_whole_fleet(
    world: World, bed: Bed, bastion: Bed
) -> None:
    world.know(bed)
    world.know(bastion)
    bastion.authorized = []
    names = [f"web{number}" for number in range(8)]
    entries = dict.fromkeys(names, (bed, "ProxyJump bastion"))
    files = config(world, **entries, bastion=(bastion, ""))
    fleet = world.fleet(*(Host(name) for name in names), ssh_config=files)
    for name in names:
        session = await refused(fleet, name)
        assert session.link.state is LinkState.AUTH_FAILED
        assert "jump host bastion" in session.link.detail
    assert bastion.auths == 1
    assert bed.connections == []


async def test_a_locked_key_of_a_jump_host_is_unlocked_from_the_host(
    world: World, bed: Bed, bastion: Bed
) -> None:
    world.know(bed)
    world.know(bastion)
    bastion.authorized = [key("jump client", "ecdsa-sha2-nistp256")]
    locked = world.folder / "id_jump"
    data = key("jump client").export_private_key("pkcs8-pem", passphrase="jump 51ab passphrase")
    locked.write_bytes(data)
    locked.chmod(0o600)
    locked.with_suffix(".pub").write_bytes(key("jump client").export_public_key())
    files = config(
        world, web1=(bed, "ProxyJump bastion"), bastion=(bastion, f"IdentityFile {locked}")
    )
    fleet = world.fleet(Host("web1"), ssh_config=files)
    session = await refused(fleet)
    assert (session.link.state, session.link.identity) == (
        LinkState.LOCKED_IDENTITY,
        str(locked),
    )
    await fleet.unlock_identity("web1", "jump 51ab passphrase")
    await until(session, LinkState.UP)


async def test_a_lost_jump_host_loses_and_regains_the_hosts_behind_it(
    world: World, bed: Bed, bastion: Bed
) -> None:
    world.know(bed)
    world.know(bastion)
    files = config(world, web1=(bed, "ProxyJump bastion"), bastion=(bastion, ""))
    session = await up(world.fleet(Host("web1"), ssh_config=files))
    for connection in bastion.connections:
        connection.abort()
    await until(session, LinkState.LOST)
    await until(session, LinkState.UP)
    assert (await session.run(Command(("true",)))).ok


async def test_a_jump_host_that_may_not_forward_is_named(
    world: World, bed: Bed, bastion: Bed
) -> None:
    world.know(bed)
    world.know(bastion)
    bastion.forwarding = False
    files = config(world, web1=(bed, "ProxyJump bastion"), bastion=(bastion, ""))
    fleet = world.fleet(Host("web1"), ssh_config=files)
    fleet.start()
    session = fleet.sessions["web1"]
    assert isinstance(session, SshSession)
    link = await until(session, LinkState.UNREACHABLE)
    assert "jump host" in link.detail


async def test_a_jump_that_comes_back_to_itself_ends(world: World, bed: Bed) -> None:
    files = config(world, web1=(bed, "ProxyJump a"), a=(bed, "ProxyJump b"), b=(bed, "ProxyJump a"))
    fleet = world.fleet(Host("web1"), ssh_config=files)
    fleet.start()
    session = fleet.sessions["web1"]
    assert isinstance(session, SshSession)
    link = await until(session, LinkState.NO_ADDRESS)
    assert "more than" in link.detail
    assert bed.connections == []


async def test_a_hung_jump_host_delays_nobody_else(world: World, bed: Bed) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        hung = Bed(world.folder, port=silent.getsockname()[1])
        world.know(bed)
        files = config(world, web2=(bed, "ProxyJump hung"), web1=(bed, ""), hung=(hung, ""))
        fleet = world.fleet(
            Host("web2"),
            Host("web1"),
            ssh_config=files,
            limits=Limits(connect_timeout_s=0.5, handshakes=1),
        )
        await up(fleet)
        session = fleet.sessions["web2"]
        assert isinstance(session, SshSession)
        link = await until(session, LinkState.UNREACHABLE)
        assert "jump host hung" in link.detail


@pytest.mark.parametrize(
    ("text", "hops"),
    [
        ("", ()),
        ("none", ()),
        ("NONE", ()),
        ("bastion", (Hop("bastion"),)),
        ("ops@bastion:2222", (Hop("bastion", "ops", 2222),)),
        ("a, b@c", (Hop("a"), Hop("c", "b"))),
        ("ssh://ops@bastion:22/", (Hop("bastion", "ops", 22),)),
        ("[2001:db8::1]:2200", (Hop("2001:db8::1", None, 2200),)),
        ("2001:db8::1", (Hop("2001:db8::1"),)),
        ("ops@[::1]", (Hop("::1", "ops"),)),
    ],
)
def test_the_forms_of_a_jump(text: str, hops: tuple[Hop, ...]) -> None:
    assert parse_jump(text) == hops

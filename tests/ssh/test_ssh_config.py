"""What ssh_config says is honoured, by either parser, and the host's own entry comes first."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.ssh.bed import Bed, World, a_bed, fingerprint, key, public_line
from tests.ssh.conftest import soon, until, up
from tests.ssh.test_host_keys import refused
from tests.ssh.test_variants import parser, write_config
from tui.model.command import Command
from tui.model.fleet import Host
from tui.model.host import LinkState
from tui.ssh.fleet import Fleet

__all__ = ["parser"]  # a fixture of both files


async def test_a_plain_config_has_no_warnings(world: World, bed: Bed, parser: str) -> None:
    fleet = world.fleet(Host("web1"), ssh_config=write_config(world, bed, ""))
    await refused(fleet)
    assert fleet.warnings == ()


async def test_a_bare_name_is_enough(world: World, bed: Bed, parser: str) -> None:
    world.know(bed)
    body = f"UserKnownHostsFile {world.known_hosts}"
    fleet = world.fleet(Host("web1"), ssh_config=write_config(world, bed, body))
    await up(fleet)
    assert bed.users == ["deploy"]


async def test_the_hosts_own_entry_comes_first(world: World, bed: Bed, parser: str) -> None:
    async with a_bed(host_key=key("second")) as other:
        world.know(other)
        config = write_config(world, bed, "")
        host = world.host(other, user="somebody")
        fleet = world.fleet(host, ssh_config=config)
        await up(fleet)
        assert other.users == ["somebody"]
        assert bed.connections == []


async def test_an_alias_is_looked_up_without_a_port(world: World, bed: Bed, parser: str) -> None:
    world.known_hosts.write_text(f"fleet-web {public_line(bed.host_key)}\n")
    body = f"HostKeyAlias fleet-web\nUserKnownHostsFile {world.known_hosts}"
    config = write_config(world, bed, body)
    await up(world.fleet(Host("web1"), ssh_config=config))
    world.known_hosts.write_text("")
    fleet = world.fleet(Host("web1"), ssh_config=config)
    session = await refused(fleet)
    await fleet.trust_key("web1", fingerprint(bed.host_key))
    assert world.known_hosts.read_text().startswith("fleet-web ssh-ed25519 ")
    await until(session, LinkState.UP)


async def test_a_proxy_command_is_used_and_its_complaints_are_not_taken_for_the_server(
    world: World, bed: Bed, parser: str
) -> None:
    world.know(bed)
    script = world.folder / "through"
    script.write_text(
        "#!/usr/bin/env python3\n"
        "import socket, sys, threading, os\n"
        "print('noise from the proxy', file=sys.stderr, flush=True)\n"
        "s = socket.create_connection((sys.argv[1], int(sys.argv[2])))\n"
        "def up():\n"
        "    while d := os.read(0, 65536): s.sendall(d)\n"
        "threading.Thread(target=up, daemon=True).start()\n"
        "while d := s.recv(65536): os.write(1, d)\n"
    )
    script.chmod(0o755)
    body = f"ProxyCommand {script} %h %p\nUserKnownHostsFile {world.known_hosts}"
    fleet = world.fleet(Host("web1"), ssh_config=write_config(world, bed, body))
    session = await up(fleet)
    assert (await session.run(Command(("true",)))).ok
    started = _running(script)
    assert len(started) == 1
    await fleet.close()
    await soon(lambda: not _running(script))


def _running(script: Path) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if str(script).encode() in words:
            found.append(path.parent.name)
    return found


async def test_a_proxy_command_that_fails_says_why(world: World, bed: Bed, parser: str) -> None:
    body = "ProxyCommand echo 'no route to the fleet' >&2"
    fleet = world.fleet(Host("web1"), ssh_config=write_config(world, bed, body))
    fleet.start()
    link = await until(fleet.sessions["web1"], LinkState.UNREACHABLE)  # type: ignore[arg-type]
    assert link.detail == "no route to the fleet"


async def test_a_match_exec_of_the_user_does_not_block_the_loop(
    world: World, bed: Bed, parser: str
) -> None:
    """It is the user's own ssh_config and may run what it likes; the screen stays live."""
    world.know(bed)
    config = write_config(world, bed, f"UserKnownHostsFile {world.known_hosts}")
    slow = world.folder / ".ssh" / "slow"
    slow.write_text('Match exec "sleep 0.5"\nUser patient\n')
    config = (str(slow), *config)
    fleet = world.fleet(Host("web1"), ssh_config=config)
    loop, longest = asyncio.get_running_loop(), 0.0
    fleet.start()
    session = fleet.sessions["web1"]
    waiting = asyncio.ensure_future(session.usable())
    while not waiting.done():
        before = loop.time()
        await asyncio.sleep(0.005)
        longest = max(longest, loop.time() - before)
    assert longest < 0.3
    assert bed.users == ["patient"]


async def test_several_config_files_are_read_in_order(world: World, bed: Bed, parser: str) -> None:
    world.know(bed)
    first = world.folder / "first"
    first.write_text("Host web1\nUser first\nHost nobody\nUser nobody\n")
    second = write_config(world, bed, f"UserKnownHostsFile {world.known_hosts}")
    await up(world.fleet(Host("web1"), ssh_config=(str(first), *second)))
    assert bed.users == ["first"]


async def test_a_broken_config_is_said_and_not_connected(
    world: World, bed: Bed, parser: str
) -> None:
    path = world.folder / "config"
    path.write_text("Host web1\nPort not-a-number\n")
    fleet = world.fleet(Host("web1"), ssh_config=(str(path),))
    fleet.start()
    link = await until(fleet.sessions["web1"], LinkState.UNREACHABLE)  # type: ignore[arg-type]
    assert link.detail.startswith("ssh_config: ")
    assert bed.connections == []


@pytest.mark.parametrize("directive", ["HostName -oProxyCommand=id", "User $(id)", "Port 0"])
async def test_names_from_ssh_config_meet_the_same_allowlists(
    world: World, bed: Bed, directive: str
) -> None:
    path = world.folder / "config"
    path.write_text(f"Host web1\n{directive}\n")
    fleet: Fleet = world.fleet(Host("web1"), ssh_config=(str(path),))
    fleet.start()
    session = fleet.sessions["web1"]
    link = await until(session, lambda link: bool(link.detail))  # type: ignore[arg-type]
    assert link.state in (LinkState.NO_ADDRESS, LinkState.UNREACHABLE)
    assert bed.connections == []

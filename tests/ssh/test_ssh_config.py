"""Whatever ssh_config says: host keys are checked, no agent, no terminal, no command of its own."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from tests.ssh.bed import Bed, World, a_bed, fingerprint, key, public_line
from tests.ssh.conftest import soon, until, up
from tests.ssh.test_host_keys import refused
from tui.model.command import Command
from tui.model.fleet import Host
from tui.model.host import LinkState
from tui.ssh.fleet import Fleet
from tui.ssh.preamble import SHELL

# Each is the body of a Host block; {home} is a folder, {port} the server's port.
VARIANTS = {
    "plain": "",
    "known none": "UserKnownHostsFile none",
    "known null": "UserKnownHostsFile /dev/null",
    "known none, checking no": "UserKnownHostsFile none\nStrictHostKeyChecking no",
    "known null, checking off": "UserKnownHostsFile /dev/null\nStrictHostKeyChecking off",
    "known none, checking yes": "UserKnownHostsFile none\nStrictHostKeyChecking yes",
    "checking no": "StrictHostKeyChecking no",
    "checking off": "StrictHostKeyChecking off",
    "checking accept-new": "StrictHostKeyChecking accept-new",
    "checking ask": "StrictHostKeyChecking ask",
    "global none": "GlobalKnownHostsFile none\nUserKnownHostsFile none",
    "global null": "GlobalKnownHostsFile /dev/null",
    "localhost": "NoHostAuthenticationForLocalhost yes",
    "dns": "VerifyHostKeyDNS yes",
    "ip": "CheckHostIP no",
    "update": "UpdateHostKeys yes\nStrictHostKeyChecking accept-new",
    "known command": "KnownHostsCommand /bin/echo {any} {hostkey}",
    "revoked file": "RevokedHostKeys {home}/revoked",
    "batch": "BatchMode yes\nStrictHostKeyChecking no",
    "terminal": "RequestTTY force\nRemoteCommand touch {home}/ran",
    "agent": "ForwardAgent yes",
    "local command": "PermitLocalCommand yes\nLocalCommand touch {home}/ran",
    "hostbased": "HostbasedAuthentication yes\nEnableSSHKeysign yes",
    "gssapi": "GSSAPIAuthentication yes\nGSSAPIDelegateCredentials yes",
    "forwards": "LocalForward 127.0.0.1:1 127.0.0.1:2\nForwardX11 yes\nForwardX11Trusted yes",
    "environment": "SetEnv SECRET=1\nSendEnv HOME PATH",
    "control": "ControlMaster auto\nControlPath {home}/control",
    "compression": "Compression yes",
    "include": "Include {home}/more",
    "match": "Match all\nStrictHostKeyChecking no\nUserKnownHostsFile none",
}


@pytest.fixture(params=["openssh", "asyncssh"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways to read ssh_config."""
    if request.param == "asyncssh":
        monkeypatch.setattr("tui.ssh.resolve.shutil.which", lambda name: None)
    elif shutil.which("ssh") is None:
        pytest.skip("LOUD: OpenSSH's client is not installed here")
    return str(request.param)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[asyncssh.SSHClientConnection]:
    """Every client connection of asyncssh, each checked for what it was told."""
    connections: list[asyncssh.SSHClientConnection] = []
    real = asyncssh.SSHClientConnection.__init__

    def spied(conn: asyncssh.SSHClientConnection, loop: Any, options: Any, **more: Any) -> None:
        real(conn, loop, options, **more)
        connections.append(conn)
        assert isinstance(options.known_hosts, tuple)
        assert len(options.known_hosts) == 3
        assert not options.config.loaded
        assert options.agent_forward_path is None
        assert options.x509_trusted_certs is None
        assert options.compression_algs == [b"none"]
        assert [options.password_auth, options.kbdint_auth, options.host_based_auth] == [False] * 3

    monkeypatch.setattr(asyncssh.SSHClientConnection, "__init__", spied)
    return connections


def write_config(world: World, bed: Bed, body: str, pattern: str = "web1") -> tuple[str, ...]:
    fill = {
        "{home}": str(world.folder),
        "{any}": f"[127.0.0.1]:{bed.port}",
        "{hostkey}": public_line(bed.host_key),
    }
    for token, value in fill.items():
        body = body.replace(token, value)
    (world.folder / "revoked").write_text("")
    (world.folder / "more").write_text("StrictHostKeyChecking no\nUserKnownHostsFile none\n")
    lines = [
        f"Host {pattern}",
        "HostName 127.0.0.1",
        f"Port {bed.port}",
        "User deploy",
        f"IdentityFile {world.identity}",
        body,
        f"UserKnownHostsFile {world.folder}/.ssh/known_hosts",
        "GlobalKnownHostsFile /nonexistent/known_hosts",
    ]
    path = world.folder / ".ssh" / "config"  # the operator's own
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return (str(path),)


@pytest.mark.parametrize("variant", VARIANTS)
async def test_host_keys_are_checked_whatever_ssh_config_says(
    world: World,
    bed: Bed,
    parser: str,
    variant: str,
    made: list[asyncssh.SSHClientConnection],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = write_config(world, bed, VARIANTS[variant])
    fleet = world.fleet(Host("web1"), ssh_config=config)
    session = await refused(fleet)
    assert session.link.state is LinkState.UNKNOWN_KEY
    assert session.link.fingerprint == fingerprint(bed.host_key)
    assert bed.auths == 0

    await fleet.trust_key("web1", fingerprint(bed.host_key))
    assert "ssh-ed25519" in (world.folder / ".ssh" / "known_hosts").read_text()
    await until(session, LinkState.UP)
    assert (await session.run(Command(("true",)))).ok
    assert bed.commands == [SHELL]
    assert (bed.ptys, bed.agent_paths, bed.environments) == ([], [None], [{}])
    assert not (world.folder / "ran").exists()
    assert len(made) == 2
    for connection in made:
        assert connection._trusted_host_keys is not None
        assert connection._trusted_ca_keys is not None

    await bed.stop()
    bed.host_key = key("impostor")
    await bed.start()
    await until(session, lambda link: link.retry_at is not None)
    fleet.retry("web1")
    link = await until(session, lambda link: link.state.final)
    assert link.state is LinkState.CHANGED_KEY
    assert bed.auths == 1


@pytest.mark.parametrize(
    ("variant", "word"),
    [
        ("known none", "userknownhostsfile none"),
        ("known null", "userknownhostsfile /dev/null"),
        ("checking no", "stricthostkeychecking"),
        ("checking off", "stricthostkeychecking"),
        ("revoked file", "revokedhostkeys"),
        ("known command", "knownhostscommand"),
        ("localhost", "nohostauthenticationforlocalhost"),
    ],
)
async def test_what_is_not_honoured_is_said_at_start(
    world: World, bed: Bed, variant: str, word: str
) -> None:
    if shutil.which("ssh") is None:
        pytest.skip("LOUD: OpenSSH's client is not installed here")
    config = write_config(world, bed, VARIANTS[variant], "web*")
    fleet = world.fleet(*(Host(f"web{n}") for n in range(5)), ssh_config=config)
    assert fleet.warnings == ()
    fleet.start()
    for session in fleet.sessions.values():
        await until(session, lambda link: link.state.final)  # type: ignore[arg-type]
    said = [warning for warning in fleet.warnings if word in warning]
    assert len(said) == 1, fleet.warnings
    assert "and 2 more" in said[0]


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

"""Whatever ssh_config says: host keys are checked, no agent, no terminal, no command of its own."""

from __future__ import annotations

import shutil
from typing import Any

import asyncssh
import pytest

from tests.ssh.bed import Bed, World, fingerprint, key, public_line
from tests.ssh.conftest import until
from tests.ssh.test_host_keys import refused
from tui.model.command import Command
from tui.model.fleet import Host
from tui.model.host import LinkState
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
    "narrowed": "Ciphers aes256-ctr\nKexAlgorithms curve25519-sha256",
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
        ("narrowed", "ciphers, kexalgorithms"),
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

"""The agent: what it signs for, what it is not asked for, and a security key that waits."""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
import struct
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncssh
import pytest

from tests.ssh.bed import Bed, World, a_bed, key
from tests.ssh.conftest import soon, until, up
from tests.ssh.test_host_keys import refused
from tests.ssh.test_identities import PASSPHRASE, certify, needs_bcrypt
from tui.model.command import Command
from tui.model.host import LinkState
from tui.ssh.session import SshSession


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """OpenSSH's own agent, empty."""
    if shutil.which("ssh-agent") is None:
        pytest.skip("LOUD: OpenSSH's agent is not installed here")
    path = str(tmp_path / "agent")
    process = subprocess.Popen(["ssh-agent", "-D", "-a", path], stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 5
        while not os.path.exists(path):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        monkeypatch.setenv("SSH_AUTH_SOCK", path)
        yield path
    finally:
        process.terminate()
        process.wait()


async def _add(path: str, *names: str) -> None:
    async with asyncssh.connect_agent(path) as client:
        await client.add_keys([key(name) for name in names])


@needs_bcrypt
async def test_the_agent_signs_for_a_key_whose_file_is_encrypted(
    world: World, bed: Bed, agent: str
) -> None:
    world.know(bed)
    world.write_identity(passphrase=PASSPHRASE)
    await _add(agent, "other", "client")
    session = await up(world.fleet(world.host(bed)))
    assert (await session.run(Command(("true",)))).ok


async def test_the_agent_is_used_without_any_identity_file(
    world: World, bed: Bed, agent: str
) -> None:
    world.know(bed)
    await _add(agent, "client")
    (world.folder / "config").write_text("")
    fleet = world.fleet(world.host(bed, identity=None), ssh_config=(f"{world.folder}/config",))
    await up(fleet)


async def test_identities_only_offers_the_agents_other_keys_to_nobody(
    world: World, bed: Bed, agent: str
) -> None:
    world.know(bed)
    world.identity.unlink()
    await _add(agent, "client")
    (world.folder / "config").write_text("IdentitiesOnly yes\n")
    fleet = world.fleet(world.host(bed, identity=None), ssh_config=(f"{world.folder}/config",))
    session = await refused(fleet)
    assert session.link.state is LinkState.AUTH_FAILED


async def test_identity_agent_none_is_honoured(world: World, bed: Bed, agent: str) -> None:
    world.know(bed)
    await _add(agent, "client")
    (world.folder / "config").write_text("IdentityAgent none\n")
    fleet = world.fleet(world.host(bed, identity=None), ssh_config=(f"{world.folder}/config",))
    session = await refused(fleet)
    assert session.link.state is LinkState.AUTH_FAILED


async def test_a_public_key_as_identity_picks_the_agents_key(
    world: World, bed: Bed, agent: str
) -> None:
    world.know(bed)
    await _add(agent, "a", "b", "c", "client")
    world.identity.write_bytes(key("client").export_public_key())
    tried: list[bytes] = []
    real = asyncssh.SSHClientConnection.public_key_auth_requested

    async def spied(conn: asyncssh.SSHClientConnection) -> asyncssh.SSHKeyPair | None:
        pair = await real(conn)
        if pair is not None:
            tried.append(pair.public_data)
        return pair

    asyncssh.SSHClientConnection.public_key_auth_requested = spied  # type: ignore[method-assign]
    try:
        await up(world.fleet(world.host(bed)))
    finally:
        asyncssh.SSHClientConnection.public_key_auth_requested = real  # type: ignore[method-assign]
    assert tried == [key("client").public_data]


@needs_bcrypt
async def test_the_agents_key_gets_the_certificate_beside_the_file(
    world: World, bed: Bed, agent: str
) -> None:
    world.know(bed)
    bed.authorized, bed.authorities = [], [key("user ca")]
    certify(world)
    world.write_identity(passphrase=PASSPHRASE)
    await _add(agent, "client")
    await up(world.fleet(world.host(bed)))


async def test_an_agent_that_is_gone_does_not_matter(
    world: World, bed: Bed, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.know(bed)
    monkeypatch.setenv("SSH_AUTH_SOCK", str(world.folder / "nobody"))
    await up(world.fleet(world.host(bed)))


# -- security keys -------------------------------------------------------------------------


def _string(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


class SlowAgent:
    """An agent that holds what looks like a security key, and signs when it is touched."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.touched = asyncio.Event()
        self.asked = asyncio.Event()
        point = key("security").public_data[-32:]
        kind = b"sk-ssh-ed25519@openssh.com"
        self.blob = _string(kind) + _string(point) + _string(b"ssh:")

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                size = struct.unpack(">I", await reader.readexactly(4))[0]
                request = await reader.readexactly(size)
                if request[0] == 11:  # list
                    reply = b"\x0c" + struct.pack(">I", 1) + _string(self.blob) + _string(b"yubi")
                else:  # sign: refused once it was touched, which is enough to see
                    self.asked.set()
                    await self.touched.wait()
                    reply = b"\x05"
                writer.write(_string(reply))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


@pytest.fixture
async def security_key(world: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SlowAgent]:
    slow = SlowAgent(str(world.folder / "sk"))
    server = await asyncio.start_unix_server(slow.answer, slow.path)
    monkeypatch.setenv("SSH_AUTH_SOCK", slow.path)
    async with server:
        yield slow
        slow.touched.set()


async def test_a_security_key_that_waits_for_a_touch_is_said(
    world: World, security_key: SlowAgent, tmp_path: Path
) -> None:
    public = asyncssh.import_public_key(
        b"sk-ssh-ed25519@openssh.com " + base64.b64encode(security_key.blob)
    )
    async with a_bed(authorized=[public]) as bed:
        world.know(bed)
        (tmp_path / "config").write_text("")
        host = world.host(bed, identity=None)
        fleet = world.fleet(host, ssh_config=(str(tmp_path / "config"),))
        fleet.start()
        session = fleet.sessions["web1"]
        assert isinstance(session, SshSession)
        await until(session, LinkState.TOUCH_KEY)
        await soon(security_key.asked.is_set)
        security_key.touched.set()
        link = await until(session, lambda link: link.state.final)
        assert link.state is LinkState.AUTH_FAILED

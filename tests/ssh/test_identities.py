"""Keys of the operator: encrypted ones, the agent's, certificates, and what asks for a touch."""

from __future__ import annotations

import asyncio
import base64
import importlib.util
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
from tui.model.command import Command
from tui.model.host import LinkState
from tui.ssh.fleet import NothingToUnlock
from tui.ssh.identities import PassphraseRefused, encrypted_public
from tui.ssh.session import SshSession

PASSPHRASE = "correct horse 7f3a battery"

needs_bcrypt = pytest.mark.skipif(
    importlib.util.find_spec("bcrypt") is None,
    reason="LOUD: bcrypt is not installed (asyncssh[bcrypt]): no OpenSSH key can be opened",
)


@needs_bcrypt
async def test_an_encrypted_key_is_asked_for_and_opened_for_every_host_that_waits(
    world: World, bed: Bed
) -> None:
    world.know(bed)
    world.write_identity(passphrase=PASSPHRASE)
    fleet = world.fleet(*(world.host(bed, f"web{n}") for n in range(3)))
    for name in fleet.sessions:
        session = await refused(fleet, name)
        assert session.link.state is LinkState.LOCKED_IDENTITY
        assert session.link.identity == str(world.identity)
    asked = len(bed.connections)
    with pytest.raises(PassphraseRefused):
        await fleet.unlock_identity("web0", "wrong")
    assert len(bed.connections) == asked, "a wrong passphrase connects nowhere"
    await fleet.unlock_identity("web0", PASSPHRASE)
    for session in fleet.sessions.values():
        async with asyncio.timeout(10):
            await session.usable()
    with pytest.raises(NothingToUnlock):
        await fleet.unlock_identity("web0", PASSPHRASE)


@pytest.mark.parametrize(
    "form", [pytest.param("openssh", marks=needs_bcrypt), "pkcs1-pem", "pkcs8-pem"]
)
async def test_every_form_of_encrypted_key_is_seen_to_be_one(
    world: World, bed: Bed, form: str
) -> None:
    world.know(bed)
    own = key("rsa client", "ssh-rsa")
    bed.authorized = [own]
    world.identity.write_bytes(
        own.export_private_key(form, passphrase=PASSPHRASE, rounds=4, ignore_few_rounds=True)
    )
    assert encrypted_public(world.identity.read_bytes())[0]
    fleet = world.fleet(world.host(bed))
    session = await refused(fleet)
    assert session.link.state is LinkState.LOCKED_IDENTITY
    await fleet.unlock_identity("web1", PASSPHRASE)
    await until(session, LinkState.UP)


@needs_bcrypt
async def test_a_locked_key_that_the_host_would_not_take_is_not_asked_for(
    world: World, bed: Bed
) -> None:
    """Its public half is offered; only a host that asks for its signature needs it."""
    world.know(bed)
    world.write_identity(passphrase=PASSPHRASE)
    bed.authorized = [key("somebody else")]
    session = await refused(world.fleet(world.host(bed)))
    assert session.link.state is LinkState.AUTH_FAILED


@needs_bcrypt
async def test_without_bcrypt_it_is_said_what_is_missing(
    world: World, bed: Bed, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.know(bed)
    world.write_identity(passphrase=PASSPHRASE)
    fleet = world.fleet(world.host(bed))
    await refused(fleet)
    monkeypatch.setattr("tui.ssh.identities.importlib.util.find_spec", lambda name: None)
    with pytest.raises(PassphraseRefused, match="bcrypt is not installed"):
        await fleet.unlock_identity("web1", PASSPHRASE)


async def test_a_key_file_others_can_read_is_not_used_and_that_is_said(
    world: World, bed: Bed
) -> None:
    world.know(bed)
    world.identity.chmod(0o644)
    session = await refused(world.fleet(world.host(bed)))
    assert session.link.state is LinkState.AUTH_FAILED
    assert "can be read by others" in session.link.detail


async def test_garbage_in_a_key_file_is_said(world: World, bed: Bed) -> None:
    world.know(bed)
    for content in (
        b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
        b"-----BEGIN RSA PRIVATE KEY-----\nnonsense\n-----END RSA PRIVATE KEY-----\n",
    ):
        world.identity.write_bytes(content)
        session = await refused(world.fleet(world.host(bed)))
        assert session.link.state is LinkState.AUTH_FAILED
        assert "cannot be used" in session.link.detail


@needs_bcrypt
async def test_decrypting_does_not_stop_the_loop(world: World, bed: Bed) -> None:
    """bcrypt's rounds take a while; the screen must stay live through them."""
    world.know(bed)
    own = key("client")
    world.identity.write_bytes(
        own.export_private_key("openssh", passphrase=PASSPHRASE, rounds=40, ignore_few_rounds=True)
    )
    fleet = world.fleet(world.host(bed))
    session = await refused(fleet)
    loop, longest, began = asyncio.get_running_loop(), 0.0, time.monotonic()
    opening = asyncio.ensure_future(fleet.unlock_identity("web1", PASSPHRASE))
    while not opening.done():
        before = loop.time()
        await asyncio.sleep(0.002)
        longest = max(longest, loop.time() - before)
    await opening
    took = time.monotonic() - began
    assert took > 0.3, "the key was too easy to say anything"
    assert longest < took / 3
    await until(session, LinkState.UP)


# -- certificates --------------------------------------------------------------------------


def certify(world: World) -> None:
    """Put a certificate of the authority "user ca" beside the identity."""
    certificate = key("user ca").generate_user_certificate(
        key("client"), "operator", principals=["deploy"]
    )
    Path(f"{world.identity}-cert.pub").write_bytes(certificate.export_certificate())


async def test_a_certificate_beside_the_key_is_used(world: World, bed: Bed) -> None:
    world.know(bed)
    bed.authorized, bed.authorities = [], [key("user ca")]
    certify(world)
    await up(world.fleet(world.host(bed)))


@needs_bcrypt
async def test_a_locked_key_with_a_certificate_is_asked_for(world: World, bed: Bed) -> None:
    world.know(bed)
    bed.authorized, bed.authorities = [], [key("user ca")]
    certify(world)
    world.write_identity(passphrase=PASSPHRASE)
    fleet = world.fleet(world.host(bed))
    session = await refused(fleet)
    assert session.link.state is LinkState.LOCKED_IDENTITY
    await fleet.unlock_identity("web1", PASSPHRASE)
    await until(session, LinkState.UP)


# -- the agent -----------------------------------------------------------------------------


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

"""Keys of the operator: encrypted ones, the agent's, certificates, and what asks for a touch."""

from __future__ import annotations

import asyncio
import importlib.util
import time
from pathlib import Path

import pytest

from tests.ssh.bed import Bed, World, key
from tests.ssh.conftest import until, up
from tests.ssh.test_host_keys import refused
from tui.model.host import LinkState
from tui.ssh.fleet import NothingToUnlock
from tui.ssh.identities import PassphraseRefused, encrypted_public

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

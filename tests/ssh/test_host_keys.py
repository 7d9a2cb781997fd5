"""Host keys: what is unknown, changed or revoked stops the host, and how one is accepted."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import stat
from pathlib import Path

import pytest

from tests.ssh.bed import Bed, World, a_bed, fingerprint, key, public_line
from tests.ssh.conftest import until, up
from tui.model.command import Command
from tui.model.host import LinkState
from tui.ssh.fleet import Fleet
from tui.ssh.session import SshSession
from tui.ssh.trust import TrustRefused, append_known, read_known


async def refused(fleet: Fleet, name: str = "web1") -> SshSession:
    """The session of a host once its link came to a final state."""
    fleet.start()
    session = fleet.sessions[name]
    assert isinstance(session, SshSession)
    await until(session, lambda link: link.state.final)
    return session


async def test_an_unknown_key_waits_for_its_fingerprint(world: World, bed: Bed) -> None:
    fleet = world.fleet(world.host(bed))
    session = await refused(fleet)
    link = session.link
    assert link.state is LinkState.UNKNOWN_KEY
    assert link.fingerprint == fingerprint(bed.host_key)
    assert bed.auths == 0, "nobody was told who we are"
    for wrong in (fingerprint(key("other")), "", "SHA256:", fingerprint(bed.host_key)[:-1]):
        with pytest.raises(TrustRefused):
            await fleet.trust_key("web1", wrong)
    assert not world.known_hosts.exists()

    await fleet.trust_key("web1", f" {fingerprint(bed.host_key)} ")
    assert world.known_hosts.read_text() == f"[127.0.0.1]:{bed.port} {_short(bed)}\n"
    assert stat.S_IMODE(world.known_hosts.stat().st_mode) == 0o600
    await until(session, LinkState.UP)
    assert (await session.run(Command(("true",)))).ok


def _short(bed: Bed) -> str:
    return " ".join(public_line(bed.host_key).split()[:2])


async def test_a_key_that_the_configuration_names_is_accepted_and_kept(
    world: World, bed: Bed
) -> None:
    fleet = world.fleet(world.host(bed, fingerprint=fingerprint(bed.host_key)))
    await up(fleet)
    assert _short(bed) in world.known_hosts.read_text()


async def test_another_key_than_the_configuration_names_cannot_be_accepted(
    world: World, bed: Bed
) -> None:
    expected = fingerprint(key("other"))
    fleet = world.fleet(world.host(bed, fingerprint=expected))
    session = await refused(fleet)
    assert session.link.state is LinkState.UNKNOWN_KEY
    assert session.link.expected_fingerprint == expected
    with pytest.raises(TrustRefused, match="expects another"):
        await fleet.trust_key("web1", fingerprint(bed.host_key))
    assert not world.known_hosts.exists()


@pytest.mark.parametrize("kind", ["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"])
async def test_a_changed_key_of_any_type_stops_the_host_for_good(
    world: World, bed: Bed, kind: str
) -> None:
    known = key(f"before-{kind}", kind)
    world.know(bed, known)
    before = world.known_hosts.read_text()
    fleet = world.fleet(world.host(bed, fingerprint=fingerprint(bed.host_key)))
    session = await refused(fleet)
    link = session.link
    assert link.state is LinkState.CHANGED_KEY
    assert link.fingerprint == fingerprint(bed.host_key)
    assert link.expected_fingerprint == fingerprint(known)
    with pytest.raises(TrustRefused, match="does not wait"):
        await fleet.trust_key("web1", fingerprint(bed.host_key))
    assert world.known_hosts.read_text() == before
    assert bed.auths == 0
    assert len(bed.connections) == 1


async def test_a_changed_key_after_a_lost_link_is_final(world: World, bed: Bed) -> None:
    world.know(bed)
    fleet = world.fleet(world.host(bed))
    session = await up(fleet)
    await bed.stop()
    bed.host_key = key("impostor")
    await bed.start()
    link = await until(session, LinkState.CHANGED_KEY)
    assert link.expected_fingerprint == fingerprint(key("host"))
    tried = len(bed.connections)
    await asyncio.sleep(1.2)
    assert len(bed.connections) == tried, "it tried again by itself"


async def test_a_revoked_key_is_refused_even_if_it_is_also_known(world: World, bed: Bed) -> None:
    world.know(bed)
    with world.known_hosts.open("a") as file:
        file.write(f"@revoked * {public_line(bed.host_key)}\n")
    session = await refused(world.fleet(world.host(bed)))
    assert session.link.state is LinkState.CHANGED_KEY
    assert "revoked" in session.link.detail
    assert bed.auths == 0


async def test_a_revoked_key_is_refused_even_if_the_configuration_names_it(
    world: World, bed: Bed
) -> None:
    world.known_hosts.write_text(f"@revoked 127.0.0.1 {public_line(bed.host_key)}\n")
    host = world.host(bed, fingerprint=fingerprint(bed.host_key))
    session = await refused(world.fleet(host))
    assert session.link.state is LinkState.CHANGED_KEY
    assert bed.auths == 0


async def test_a_hashed_name_is_found(world: World, bed: Bed) -> None:
    salt = b"0123456789abcdefghij"
    digest = hmac.new(salt, f"[127.0.0.1]:{bed.port}".encode(), hashlib.sha1).digest()
    hashed = f"|1|{base64.b64encode(salt).decode()}|{base64.b64encode(digest).decode()}"
    world.known_hosts.write_text(f"{hashed} {public_line(bed.host_key)}\n")
    await up(world.fleet(world.host(bed)))
    world.known_hosts.write_text(f"{hashed} {public_line(key('other'))}\n")
    session = await refused(world.fleet(world.host(bed)))
    assert session.link.state is LinkState.CHANGED_KEY


async def test_a_file_of_hashed_names_gets_a_hashed_name(world: World, bed: Bed) -> None:
    async with a_bed(host_key=key("second")) as other:
        append_known(str(world.known_hosts), "127.0.0.1", bed.port, bed.host_key, True)
        fleet = world.fleet(world.host(bed), world.host(other, "web2"))
        fleet.start()
        session = fleet.sessions["web2"]
        assert isinstance(session, SshSession)
        await until(session, LinkState.UNKNOWN_KEY)
        await fleet.trust_key("web2", fingerprint(other.host_key))
        await until(session, LinkState.UP)
        lines = world.known_hosts.read_text().splitlines()
        assert len(lines) == 2
        assert all(line.startswith("|1|") for line in lines)


async def test_lines_that_cannot_be_read_do_not_hide_the_others(world: World, bed: Bed) -> None:
    world.known_hosts.write_bytes(
        b"# a comment\n\nnonsense\n@unknown-marker x y z\n|1|bad|hash ssh-ed25519 AAAA\n"
        b"host ssh-ed25519 not-base64\nhost ssh-quantum AAAA\n\xff\xfe binary\n"
    )
    world.know(bed)
    await up(world.fleet(world.host(bed)))


async def test_known_by_the_bare_name_is_enough_but_not_a_reason_to_cry_wolf(
    world: World, bed: Bed
) -> None:
    world.known_hosts.write_text(f"127.0.0.1 {public_line(bed.host_key)}\n")
    await up(world.fleet(world.host(bed)))
    # another service on another port of that machine has every right to a key of its own
    world.known_hosts.write_text(f"127.0.0.1 {public_line(key('other'))}\n")
    session = await refused(world.fleet(world.host(bed)))
    assert session.link.state is LinkState.UNKNOWN_KEY


# -- certificates --------------------------------------------------------------------------


async def _certified(authority: str = "ca", principal: str = "127.0.0.1", **more: object) -> Bed:
    certificate = key(authority).generate_host_certificate(
        key("host"), "web", principals=[principal], **more
    )
    return Bed(Path("/nonexistent"), host_certificate=certificate, authorized=[key("client")])


async def test_a_certificate_of_a_known_authority_is_accepted(world: World) -> None:
    bed = await _certified()
    await bed.start()
    try:
        world.known_hosts.write_text(f"@cert-authority 127.0.0.1 {public_line(key('ca'))}\n")
        await up(world.fleet(world.host(bed)))
    finally:
        await bed.close()


@pytest.mark.parametrize(
    "case",
    [
        {"authority": "another-ca"},
        {"principal": "elsewhere.example.com"},
        {"valid_before": 1_000_000},
    ],
    ids=["other authority", "other host", "expired"],
)
async def test_a_certificate_that_does_not_hold_stops_the_host(
    world: World, case: dict[str, object]
) -> None:
    bed = await _certified(**case)  # type: ignore[arg-type]  # by name
    await bed.start()
    try:
        world.known_hosts.write_text(f"@cert-authority 127.0.0.1 {public_line(key('ca'))}\n")
        fleet = world.fleet(world.host(bed))
        session = await refused(fleet)
        assert session.link.state is LinkState.CHANGED_KEY
        assert bed.auths == 0
        with pytest.raises(TrustRefused):
            await fleet.trust_key("web1", fingerprint(bed.host_key))
    finally:
        await bed.close()


async def test_without_an_authority_the_plain_key_is_asked_about(world: World) -> None:
    bed = await _certified()
    await bed.start()
    try:
        session = await refused(world.fleet(world.host(bed)))
        assert session.link.state is LinkState.UNKNOWN_KEY
        assert session.link.fingerprint == fingerprint(key("host"))
    finally:
        await bed.close()


async def test_the_pin_does_not_replace_a_certificate(world: World, bed: Bed) -> None:
    world.known_hosts.write_text(f"@cert-authority 127.0.0.1 {public_line(key('ca'))}\n")
    host = world.host(bed, fingerprint=fingerprint(bed.host_key))
    session = await refused(world.fleet(host))
    assert session.link.state is LinkState.UNKNOWN_KEY
    assert "certificate" in session.link.detail


# -- the file ------------------------------------------------------------------------------


def test_the_file_and_its_folder_are_made_private(tmp_path: Path) -> None:
    file = tmp_path / "new" / "known_hosts"
    append_known(str(file), "Web1.Example.com", 22, key("host"), False)
    assert (
        file.read_text() == f"web1.example.com {' '.join(public_line(key('host')).split()[:2])}\n"
    )
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_what_is_in_the_file_stays(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    file.write_bytes(b"old.example.com ssh-ed25519 AAAA no newline at the end")
    append_known(str(file), "new", 2222, key("host"), False)
    first, second = file.read_bytes().splitlines()
    assert first == b"old.example.com ssh-ed25519 AAAA no newline at the end"
    assert second.startswith(b"[new]:2222 ssh-ed25519 ")


def test_a_link_or_a_device_is_not_written(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    target.write_text("")
    link = tmp_path / "known_hosts"
    link.symlink_to(target)
    for path in (str(link), "/dev/null", str(tmp_path)):
        with pytest.raises(TrustRefused):
            append_known(path, "web1", 22, key("host"), False)
    assert target.read_text() == ""


def test_a_line_that_was_written_is_read_again(tmp_path: Path) -> None:
    file = str(tmp_path / "known_hosts")
    for name, port, hashed in (("plain", 22, False), ("hash", 22, True), ("Port", 2222, True)):
        append_known(file, name, port, key(name), hashed)
    for name, port in (("plain", 22), ("hash", 22), ("PORT", 2222)):
        known = read_known([file, "/nonexistent/known_hosts"], name, port)
        own = key("Port" if name == "PORT" else name)
        assert [k.public_data for k in known.named] == [own.public_data]
        assert known.as_argument() == ([known.named[0]], [], [])
    assert read_known([file], "nobody", 22).as_argument() == ([], [], [])

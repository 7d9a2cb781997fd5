"""Links to real hosts: cables pulled, black holes, frozen servers, changed keys, other shells."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.lab.faults import black_hole, connections, link_down, stopped_connections
from tests.lab.lab import Lab
from tests.ssh.bed import fingerprint, key, public_line
from tests.ssh.conftest import until
from tests.ssh.test_host_keys import refused
from tests.ssh.test_link import states
from tui.model.command import Command, Ended
from tui.model.fleet import Environment, Limits
from tui.model.host import Link, LinkState
from tui.ssh.fleet import Fleet
from tui.ssh.gate import Gate
from tui.ssh.session import SshSession

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]
HOST = "web2"  # the one whose link these tests break
UNTOUCHED = "web1"


def fleet_of(environment: Environment) -> Fleet:
    return Fleet(environment, Limits(), Gate(False, 1.0, time.time), ssh_config=())


@asynccontextmanager
async def connected(environment: Environment) -> AsyncIterator[dict[str, SshSession]]:
    fleet = fleet_of(environment)
    fleet.start()
    sessions = {n: s for n, s in fleet.sessions.items() if isinstance(s, SshSession)}
    try:
        async with asyncio.timeout(20):
            await asyncio.gather(*(session.usable() for session in sessions.values()))
        yield sessions
    finally:
        await fleet.close()


def first(seen: list[tuple[float, Link]], state: LinkState) -> float:
    return next(at for at, link in seen if link.state is state)


async def test_real_hosts_answer(lab: Lab, lab_environment: Environment) -> None:
    async with connected(lab_environment) as sessions:
        for name, session in sessions.items():
            outcome = await session.run(Command(("hostname",)))
            assert outcome.stdout.decode().strip() == name
        running = [
            session.run(Command((), script="sleep 0.2; hostname"))
            for session in sessions.values()
            for _ in range(12)
        ]
        assert all(outcome.ok for outcome in await asyncio.gather(*running))


async def test_a_fish_shell_gives_the_same(lab: Lab, lab_environment: Environment) -> None:
    fishy = tuple(replace(host, user="fishy") for host in lab_environment.hosts)
    words = ("a b", "$(id)", "'", '"', "\\", "*", "~", "")
    async with connected(replace(lab_environment, hosts=fishy)) as sessions:
        for session in sessions.values():
            outcome = await session.run(Command(("printf", "%s\\0", *words)))
            assert outcome.stdout.decode() == "".join(f"{word}\0" for word in words)
            shell = await session.run(Command((), script='getent passwd "$(id -un)" | cut -d: -f7'))
            assert shell.stdout.decode().strip().endswith("/fish")


@pytest.mark.parametrize("fault", ["cable", "black hole", "frozen sshd"])
async def test_a_half_open_link_is_stale_in_five_seconds_lost_in_fifteen_and_comes_back(
    lab: Lab, lab_environment: Environment, fault: str
) -> None:
    before = set(connections(lab.sh, HOST))
    async with connected(lab_environment) as sessions:
        session, other = sessions[HOST], sessions[UNTOUCHED]
        # sshd's process for the user is there for sure once a command has run
        assert (await session.run(Command(("true",)))).ok
        ours = sorted(set(connections(lab.sh, HOST)) - before)
        running = asyncio.create_task(session.run(Command(("sleep", "90"), timeout_s=90)))
        await asyncio.sleep(0.5)
        seen, others = states(session), states(other)
        broken = {
            "cable": lambda: link_down(HOST),
            "black hole": lambda: black_hole(HOST),
            "frozen sshd": lambda: stopped_connections(lab.sh, HOST, ours),
        }[fault]
        with broken():
            began = asyncio.get_running_loop().time()
            await until(session, LinkState.LOST, within_s=20)
            assert (await other.run(Command(("true",)))).ok
            outcome = await running
        stale_s, lost_s = first(seen, LinkState.STALE) - began, first(seen, LinkState.LOST) - began
        print(f"{fault}: stale after {stale_s:.1f} s, lost after {lost_s:.1f} s")
        assert stale_s <= 5.0
        assert lost_s <= 15.0
        assert (outcome.ended, outcome.exit_status) == (Ended.LINK_LOST, None)
        mended = time.monotonic()
        await until(session, LinkState.UP, within_s=40)
        print(f"{fault}: up again {time.monotonic() - mended:.1f} s after it was mended")
        assert (await session.run(Command(("true",)))).ok
        assert [link.state for _, link in others] == [], "the other host's link never changed"


async def test_a_short_cut_is_stale_and_the_same_connection_goes_on(
    lab: Lab, lab_environment: Environment
) -> None:
    async with connected(lab_environment) as sessions:
        session = sessions[HOST]
        line = session._line
        with link_down(HOST):
            await until(session, LinkState.STALE, within_s=6)
        await until(session, LinkState.UP, within_s=10)
        assert session._line is line
        assert (await session.run(Command(("true",)))).ok


async def test_a_changed_key_of_a_real_host_is_final(
    lab: Lab, lab_environment: Environment, tmp_path: Path
) -> None:
    """known_hosts says another key than the host has: as after an attack or a new machine."""
    known = tmp_path / "known_hosts"
    host = next(h for h in lab_environment.hosts if h.name == HOST)
    for kind in ("ssh-ed25519", "ecdsa-sha2-nistp256"):
        other = key(f"not the host's {kind}", kind)
        known.write_text(f"{host.address} {public_line(other)}\n")
        changed = replace(lab_environment, hosts=(replace(host, known_hosts=str(known)),))
        fleet = fleet_of(changed)
        session = await refused(fleet, HOST)
        link = session.link
        await fleet.close()
        assert link.state is LinkState.CHANGED_KEY
        assert link.expected_fingerprint == fingerprint(other)
        assert link.fingerprint is not None
        assert link.fingerprint != link.expected_fingerprint


async def test_an_unknown_key_of_a_real_host_is_trusted_by_its_fingerprint(
    lab: Lab, lab_environment: Environment, tmp_path: Path
) -> None:
    known = tmp_path / "known_hosts"
    hosts = tuple(replace(h, known_hosts=str(known)) for h in lab_environment.hosts)
    fleet = fleet_of(replace(lab_environment, hosts=hosts))
    try:
        session = await refused(fleet, HOST)
        said = lab.sh(HOST, "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub").split()[1]
        assert session.link.fingerprint == said
        await fleet.trust_key(HOST, said)
        await until(session, LinkState.UP)
    finally:
        await fleet.close()


async def test_a_wrong_key_is_tried_once(
    lab: Lab, lab_environment: Environment, tmp_path: Path
) -> None:
    identity = tmp_path / "id"
    identity.write_bytes(key("nobody's").export_private_key())
    identity.chmod(0o600)
    host = next(h for h in lab_environment.hosts if h.name == HOST)
    wrong = replace(lab_environment, hosts=(replace(host, identity=str(identity)),))
    fleet = fleet_of(wrong)
    try:
        session = await refused(fleet, HOST)
        assert session.link.state is LinkState.AUTH_FAILED
        seen = states(session)
        await asyncio.sleep(3)
        assert seen == []
    finally:
        await fleet.close()

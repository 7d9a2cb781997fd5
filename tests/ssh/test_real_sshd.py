"""OpenSSH's own sshd: login shells, noise, limits, signals, and what it saw of us."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.ssh.conftest import soon, until
from tests.ssh.sshd import SHELLS, Sshd, running, why_not
from tui.errors import NotConnected
from tui.model.command import Command, Effect, Ended
from tui.model.fleet import Environment, Host, Limits
from tui.model.host import LinkState
from tui.ssh.fleet import Fleet
from tui.ssh.gate import Gate
from tui.ssh.session import SshSession

pytestmark = pytest.mark.skipif(bool(why_not()), reason=f"LOUD: {why_not()}")
NOISE = "echo noise of a start-up file; echo complaints >&2\n"


@pytest.fixture
def sshd() -> Iterator[Sshd]:
    with running(noise=NOISE) as server:
        yield server


def host(sshd: Sshd, user: str) -> Host:
    return Host(
        user,
        address="127.0.0.1",
        port=sshd.port,
        user=user,
        identity=str(sshd.client_key),
        known_hosts=str(sshd.known_hosts),
    )


@asynccontextmanager
async def connected(sshd: Sshd, *users: str) -> AsyncIterator[list[SshSession]]:
    environment = Environment("staging", hosts=tuple(host(sshd, user) for user in users))
    fleet = Fleet(environment, Limits(), Gate(False, 1.0, time.time), ssh_config=())
    fleet.start()
    sessions = [s for s in fleet.sessions.values() if isinstance(s, SshSession)]
    try:
        async with asyncio.timeout(15):
            await asyncio.gather(*(session.usable() for session in sessions))
        yield sessions
    finally:
        await fleet.close()


async def test_every_login_shell_gives_the_same_answers(sshd: Sshd) -> None:
    words = ("héé", "$(id)", "`id`", "a b", "'", '"', "\\", "-n", "*", "~", "", "a\nb", "!!", ";")
    async with connected(sshd, *SHELLS) as sessions:
        for session in sessions:
            outcome = await session.run(Command(("printf", "%s\\0", *words)))
            assert outcome.stdout.decode() == "".join(f"{word}\0" for word in words), session.host
            assert outcome.stderr == b"", session.host
            status = await session.run(Command((), script="exit 7"))
            assert (status.exit_status, status.stdout, status.stderr) == (7, b"", b"")
            killed = await session.run(Command((), script="kill -TERM $$"))
            assert (killed.ended, killed.signal) == (Ended.SIGNALED, "TERM")


async def test_what_the_servers_log_saw_of_us(sshd: Sshd) -> None:
    """R17: no terminal, no agent, no environment; one connection however many commands."""
    async with connected(sshd, "bdsh") as (session,):
        await asyncio.gather(*(session.run(Command(("true",))) for _ in range(20)))
    await soon(lambda: "Disconnected from user bdsh" in sshd.log or "Closing conn" in sshd.log)
    log = sshd.log
    assert log.count("Accepted publickey for bdsh") == 1
    for never in ("pty-req", "auth-agent-req", "x11-req", " env rtype", "setting env"):
        assert never not in log, never
    assert log.count("exec reply 1") == 20


async def test_more_sessions_than_the_server_allows_wait() -> None:
    with running(["MaxSessions 3"]) as sshd:
        async with connected(sshd, "bdsh") as (session,):
            slow = [
                session.run(Command((), script=f"sleep 0.1; echo {number}")) for number in range(12)
            ]
            answers = await asyncio.gather(*slow)
            assert [a.stdout for a in answers] == [b"%d\n" % number for number in range(12)]
            assert "no more sessions" in sshd.log, "it was asked for more than it gives"


async def test_a_user_who_may_have_no_session_is_told() -> None:
    with running(["MaxSessions 0"]) as sshd:
        async with connected(sshd, "bdsh") as (session,):
            with pytest.raises(NotConnected, match="opens no session"):
                await session.run(Command(("true",)))


async def test_forwarding_that_is_forbidden_and_a_port_that_is_closed() -> None:
    with running(["Match User bdsh", "AllowTcpForwarding no"]) as sshd:
        async with connected(sshd, "bdsh", "bdbash") as (forbidden, allowed):
            with pytest.raises(PermissionError):
                async with forbidden.connect_tcp("127.0.0.1", sshd.port):
                    raise AssertionError("forwarding is forbidden")
            with pytest.raises(ConnectionError):
                async with allowed.connect_tcp("127.0.0.1", 1):
                    raise AssertionError("nothing listens there")
            async with allowed.connect_tcp("127.0.0.1", sshd.port) as channel:
                assert (await channel.read(4)) == b"SSH-"


async def test_a_killed_server_process_is_a_lost_link_and_comes_back(sshd: Sshd) -> None:
    async with connected(sshd, "bdsh") as (session,):
        command = Command((), script="echo begun; sleep 30", timeout_s=30)
        waiting = asyncio.create_task(session.run(command))
        await soon(lambda: "exec reply 1" in sshd.log)
        began = time.monotonic()
        for pid in sshd.session_pids():
            os.kill(pid, signal.SIGKILL)
        outcome = await waiting
        assert time.monotonic() - began < 1.0
        assert (outcome.ended, outcome.exit_status) == (Ended.LINK_LOST, None)
        await until(session, LinkState.UP)
        assert (await session.run(Command(("true",)))).ok


async def test_a_read_past_its_limit_is_ended_on_the_host_and_a_change_is_not(
    sshd: Sshd,
) -> None:
    async with connected(sshd, "bdsh") as (session,):
        home = "$HOME"
        read = Command((), script=f"echo $$ > {home}/read; exec sleep 61", timeout_s=0.5)
        assert (await session.run(read)).ended is Ended.TIMED_OUT
        pid = int((sshd.folder / "bdsh" / "read").read_text())
        await soon(lambda: not Path(f"/proc/{pid}").exists())

        gate = session._gate
        change = Command(
            (),
            script=f"sleep 1; echo done > {home}/change",
            effect=Effect.CHANGE,
            timeout_s=0.3,
        )
        outcome = await session.run(change, gate.grant("plan"))
        assert outcome.ended is Ended.TIMED_OUT
        await soon((sshd.folder / "bdsh" / "change").exists)


async def test_an_endless_stream_left_behind_gives_its_session_back(sshd: Sshd) -> None:
    """A closed channel alone would leave a silent process, and sshd counts its session."""
    async with connected(sshd, "bdsh") as (session,):
        for _ in range(12):
            command = Command((), script="echo here; exec sleep 62", timeout_s=None)
            async with session.stream(command) as blocks:
                assert await anext(aiter(blocks)) == b"here\n"
        assert (await session.run(Command(("true",)))).ok
        answers = await asyncio.gather(*(session.run(Command(("true",))) for _ in range(16)))
        assert all(answer.ok for answer in answers)

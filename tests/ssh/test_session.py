"""Commands over a session: what comes back, what bounds it, what is never sent."""

from __future__ import annotations

import asyncio
import os

import asyncssh
import pytest

from tests.ssh.bed import Bed, World, key
from tests.ssh.conftest import soon, until, up
from tui.errors import ChangeRefused, NotConnected
from tui.model.command import Command, Effect, Ended, Secret
from tui.model.gate import Grant
from tui.model.host import LinkState
from tui.ssh.preamble import SHELL
from tui.ssh.session import SshSession


def sh(text: str, **more: object) -> Command:
    return Command((), script=text, **more)  # type: ignore[arg-type]  # by name


async def test_output_status_and_stderr_come_back(session: SshSession) -> None:
    outcome = await session.run(sh("echo out; echo err >&2; exit 3"))
    assert (outcome.ended, outcome.exit_status) == (Ended.EXITED, 3)
    assert (outcome.stdout, outcome.stderr) == (b"out\n", b"err\n")
    assert not outcome.ok
    assert (await session.run(Command(("true",)))).ok


async def test_the_login_shell_sees_one_constant_and_nothing_else(
    session: SshSession, bed: Bed
) -> None:
    secret = Secret("hunter2-9f83c1")
    await session.run(Command(("printf", "%s", secret), env=(("DATABASE_URL", secret),)))
    assert set(bed.commands) == {SHELL}
    assert len(SHELL) < 4096
    assert bed.ptys == []
    assert bed.agent_paths == [None]
    assert bed.environments == [{}]


async def test_bytes_that_are_not_utf8_close_nothing(session: SshSession, bed: Bed) -> None:
    blob = bytes(range(256)) * 64
    (bed.folder / "blob").write_bytes(blob)
    outcome = await session.run(Command(("cat", "blob")))
    assert outcome.stdout == blob
    assert (await session.run(Command(("true",)))).ok
    assert len(bed.connections) == 1


async def test_a_signal_is_an_ending_of_its_own(session: SshSession) -> None:
    outcome = await session.run(sh("kill -9 $$"))
    assert (outcome.ended, outcome.signal, outcome.exit_status) == (Ended.SIGNALED, "KILL", None)
    assert outcome.known
    assert not outcome.ok


async def test_past_its_limit_is_unknown_and_a_change_runs_on(
    session: SshSession, bed: Bed, world: World
) -> None:
    change = sh("sleep 0.6; echo done > mark", effect=Effect.CHANGE, timeout_s=0.2)
    outcome = await session.run(change, world.grant())
    assert (outcome.ended, outcome.exit_status) == (Ended.TIMED_OUT, None)
    assert not outcome.known
    await bed.children[0].wait()
    assert (bed.folder / "mark").read_text() == "done\n"
    assert len(bed.commands) == 1, "it must never be run again by itself"


async def test_too_much_output_stops_the_command(session: SshSession, bed: Bed) -> None:
    outcome = await session.run(sh("while :; do echo 0123456789; done", max_bytes=1000))
    assert outcome.ended is Ended.OVERFLOW
    assert outcome.stdout == (b"0123456789\n" * 91)[:1000]
    assert outcome.exit_status is None
    async with asyncio.timeout(5):
        await bed.children[0].wait()  # the closed channel ended it
    exact = await session.run(sh("head -c 1000 /dev/zero", max_bytes=1000))
    assert (exact.ended, len(exact.stdout)) == (Ended.EXITED, 1000)


async def test_too_much_stderr_stops_the_command_too(session: SshSession) -> None:
    outcome = await session.run(sh("while :; do echo 0123456789 >&2; done", max_bytes=1000))
    assert (outcome.ended, len(outcome.stderr)) == (Ended.OVERFLOW, 1000)


async def test_a_link_lost_in_the_middle_is_unknown(session: SshSession, bed: Bed) -> None:
    running = asyncio.create_task(session.run(sh("echo begun; sleep 5; echo never")))
    await soon(lambda: bed.children)
    for connection in bed.connections:
        connection.abort()
    outcome = await running
    assert (outcome.ended, outcome.exit_status) == (Ended.LINK_LOST, None)
    assert not outcome.ok
    assert not outcome.known


async def test_a_channel_closed_before_the_script_ran_nothing(
    session: SshSession, bed: Bed
) -> None:
    async def close_at_once(process: asyncssh.SSHServerProcess[bytes]) -> None:
        process.close()

    bed.answer = close_at_once
    with pytest.raises(NotConnected):
        await session.run(Command(("true",)))


async def test_a_channel_closed_without_a_status_is_unknown(session: SshSession, bed: Bed) -> None:
    async def read_and_close(process: asyncssh.SSHServerProcess[bytes]) -> None:
        await process.stdin.read()
        process.close()

    bed.answer = read_and_close
    outcome = await session.run(Command(("true",)))
    assert (outcome.exit_status, outcome.known, outcome.ok) == (None, False, False)


async def test_cancelling_passes_through_and_closes_the_channel(
    session: SshSession, bed: Bed
) -> None:
    running = asyncio.create_task(session.run(sh("sleep 30")))
    await soon(lambda: bed.children)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    line = session._line
    assert line is not None
    await soon(lambda: not line.channels.open)
    assert (await session.run(Command(("true",)))).ok


async def test_cancelled_while_the_channel_opens_leaves_no_channel_behind(
    session: SshSession, bed: Bed
) -> None:
    line = session._line
    assert line is not None
    for step in range(12):
        running = asyncio.create_task(session.run(Command(("true",))))
        for _ in range(step):
            await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    await soon(lambda: not (line.channels.open or line.connection._channels))


# -- the gate ------------------------------------------------------------------------------


async def test_a_change_without_a_grant_is_refused_before_anything_is_sent(
    session: SshSession, bed: Bed, world: World
) -> None:
    change = Command(("touch", "changed"), effect=Effect.CHANGE)
    for grant in (None, Grant("a-plan", "guessed")):
        with pytest.raises(ChangeRefused):
            await session.run(change, grant)
        with pytest.raises(ChangeRefused):
            async with session.stream(change):
                raise AssertionError("a stream of a change was opened")
    assert bed.commands == []
    assert (await session.run(change, world.grant())).ok
    assert (bed.folder / "changed").exists()


async def test_a_grant_revoked_while_the_command_waits_sends_nothing(
    session: SshSession, bed: Bed, world: World
) -> None:
    assert session._line is not None
    held = [await session._line.channels.place() for _ in range(8)]
    grant = world.grant()
    change = Command(("touch", "changed"), effect=Effect.CHANGE)
    running = asyncio.create_task(session.run(change, grant))
    await asyncio.sleep(0.05)
    world.gate.revoke(grant)
    for place in held:
        place.free()
    with pytest.raises(ChangeRefused):
        await running
    assert not (bed.folder / "changed").exists()


async def test_not_connected_is_raised_before_anything_is_sent(world: World, bed: Bed) -> None:
    fleet = world.fleet(world.host(bed))
    session = fleet.sessions["web1"]
    with pytest.raises(NotConnected):
        await session.run(Command(("true",)))
    with pytest.raises(NotConnected):
        async with session.stream(Command(("true",))):
            raise AssertionError("a stream without a link")
    with pytest.raises(NotConnected):
        async with session.connect_tcp("127.0.0.1", 22):
            raise AssertionError("a port without a link")


# -- channels --------------------------------------------------------------------------------


async def test_never_more_than_eight_channels_and_all_answer(session: SshSession, bed: Bed) -> None:
    answers = await asyncio.gather(
        *(session.run(sh(f"sleep 0.05; echo {number}")) for number in range(30))
    )
    assert [a.stdout for a in answers] == [b"%d\n" % number for number in range(30)]
    assert bed.peak_sessions == 8
    assert len(bed.connections) == 1


async def test_streams_leave_two_places_to_short_commands(session: SshSession) -> None:
    endless = sh("while :; do echo tick; sleep 0.05; done", timeout_s=None)
    started = []

    async def follow() -> None:
        async with session.stream(endless) as blocks:
            async for _ in blocks:
                if asyncio.current_task() not in started:
                    started.append(asyncio.current_task())

    followers = [asyncio.create_task(follow()) for _ in range(10)]
    await soon(lambda: len(started) >= 6)
    async with asyncio.timeout(5):
        first, second = await asyncio.gather(*(session.run(Command(("true",))) for _ in range(2)))
    assert first.ok
    assert second.ok
    assert len(started) == 6
    for follower in followers:
        follower.cancel()
    await asyncio.gather(*followers, return_exceptions=True)


async def test_a_host_with_fewer_sessions_makes_commands_wait_not_fail(
    session: SshSession, bed: Bed
) -> None:
    bed.max_sessions = 3
    answers = await asyncio.gather(
        *(session.run(sh(f"sleep 0.05; echo {number}")) for number in range(12))
    )
    assert [a.stdout for a in answers] == [b"%d\n" % number for number in range(12)]
    assert bed.peak_sessions == 3


async def test_a_host_that_opens_no_session_at_all_says_so(session: SshSession, bed: Bed) -> None:
    bed.max_sessions = 0
    with pytest.raises(NotConnected, match="opens no session"):
        await session.run(Command(("true",)))


async def test_waiting_for_a_place_is_not_in_the_limit(session: SshSession) -> None:
    slow = [asyncio.create_task(session.run(sh("sleep 0.5"))) for _ in range(8)]
    await asyncio.sleep(0.1)
    outcome = await session.run(sh("echo waited", timeout_s=0.3))
    assert outcome.stdout == b"waited\n"
    await asyncio.gather(*slow)


async def test_nul_bytes_and_surrogates(session: SshSession) -> None:
    odd = os.fsdecode(b"caf\xe9")
    outcome = await session.run(Command(("printf", "%s", odd)))
    assert outcome.stdout == b"caf\xe9"
    with pytest.raises(ValueError, match="NUL"):
        await session.run(Command(("printf", "a\x00b")))


async def test_noise_of_the_login_shell_is_dropped(world: World, bed: Bed) -> None:
    noisy = bed.folder / "noisy"
    noisy.write_text('#!/bin/sh\necho "Welcome"; echo "motd" >&2\nexec /bin/sh "$@"\n')
    noisy.chmod(0o755)
    bed.shell = str(noisy)
    world.know(bed)
    session = await up(world.fleet(world.host(bed)))
    outcome = await session.run(sh("echo out; echo err >&2"))
    assert (outcome.stdout, outcome.stderr) == (b"out\n", b"err\n")
    bed.shell = "/bin/false"  # no shell, no mark: what it says is the output
    outcome = await session.run(sh("echo out"))
    assert (outcome.exit_status, outcome.stdout) == (1, b"")


async def test_a_watcher_that_raises_costs_nothing(world: World, bed: Bed) -> None:
    world.know(bed)
    fleet = world.fleet(world.host(bed))
    seen: list[LinkState] = []

    def broken(link: object) -> None:
        raise RuntimeError("a screen's mistake")

    fleet.sessions["web1"].watch(broken)
    fleet.watch(lambda host, link: broken(link))
    fleet.watch(lambda host, link: seen.append(link.state))
    session = await up(fleet)
    assert (await session.run(Command(("true",)))).ok
    assert seen == [LinkState.CONNECTING, LinkState.UP]
    assert key("client") is key("client")
    await until(session, LinkState.UP)

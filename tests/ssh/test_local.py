"""The transport to this machine keeps the same promises as the one over SSH."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.ssh.conftest import soon
from tui.errors import ChangeRefused, NotConnected
from tui.model.command import Command, Effect, Ended
from tui.model.fleet import Environment, Host, Limits, Transport
from tui.model.host import Link, LinkState
from tui.ssh.fleet import Fleet
from tui.ssh.gate import Gate
from tui.ssh.local import LocalSession

HOST = Host("here", transport=Transport.LOCAL)


@pytest.fixture
def gate() -> Gate:
    return Gate(False, 900.0, time.time)


@pytest.fixture
async def here(gate: Gate) -> AsyncIterator[LocalSession]:
    fleet = Fleet(Environment("staging", hosts=(HOST,)), Limits(), gate)
    fleet.start()
    session = fleet.sessions["here"]
    assert isinstance(session, LocalSession)
    await session.usable()
    yield session
    await fleet.close()


def sh(text: str, **more: object) -> Command:
    return Command((), script=text, **more)  # type: ignore[arg-type]  # by name


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_output_status_and_signals(here: LocalSession) -> None:
    outcome = await here.run(sh("printf '\\377out'; echo err >&2; exit 3"))
    assert (outcome.ended, outcome.exit_status) == (Ended.EXITED, 3)
    assert (outcome.stdout, outcome.stderr) == (b"\xffout", b"err\n")
    outcome = await here.run(sh("kill -9 $$"))
    assert (outcome.ended, outcome.signal, outcome.ok) == (Ended.SIGNALED, "KILL", False)


async def test_a_change_needs_a_grant_and_runs_on_past_its_limit(
    here: LocalSession, gate: Gate, tmp_path: Path
) -> None:
    change = sh(f"sleep 0.4; echo done > {tmp_path}/mark", effect=Effect.CHANGE, timeout_s=0.1)
    with pytest.raises(ChangeRefused):
        await here.run(change)
    outcome = await here.run(change, gate.grant("plan"))
    assert (outcome.ended, outcome.exit_status) == (Ended.TIMED_OUT, None)
    await soon((tmp_path / "mark").exists)


async def test_a_change_runs_on_when_the_session_is_closed(
    here: LocalSession, gate: Gate, tmp_path: Path
) -> None:
    change = sh(f"sleep 0.4; echo done > {tmp_path}/mark", effect=Effect.CHANGE)
    running = asyncio.create_task(here.run(change, gate.grant("plan")))
    await soon(lambda: here._children)
    await here.close()
    await soon((tmp_path / "mark").exists)
    assert (await running).ended in (Ended.EXITED, Ended.LINK_LOST)


async def test_a_read_past_its_limit_is_stopped(here: LocalSession, tmp_path: Path) -> None:
    outcome = await here.run(sh(f"echo $$ > {tmp_path}/pid; exec sleep 60", timeout_s=0.2))
    assert outcome.ended is Ended.TIMED_OUT
    pid = int((tmp_path / "pid").read_text())
    await soon(lambda: not alive(pid))


async def test_too_much_output(here: LocalSession) -> None:
    outcome = await here.run(sh("while :; do echo 0123456789; done", max_bytes=100))
    assert (outcome.ended, len(outcome.stdout)) == (Ended.OVERFLOW, 100)


async def test_a_stream_and_its_end(here: LocalSession, tmp_path: Path) -> None:
    async with here.stream(sh("echo a; sleep 0.1; echo b", timeout_s=None)) as blocks:
        got = [block async for block in blocks]
    assert b"".join(got) == b"a\nb\n"
    assert blocks.outcome is not None
    assert blocks.outcome.ok
    endless = sh(f"echo $$ > {tmp_path}/pid; while :; do echo x; sleep 0.01; done", timeout_s=None)
    async with here.stream(endless) as blocks:
        assert await anext(aiter(blocks))
    pid = int((tmp_path / "pid").read_text())
    await soon(lambda: not alive(pid))


async def test_cancelling_passes_through(here: LocalSession) -> None:
    running = asyncio.create_task(here.run(sh("sleep 60")))
    await soon(lambda: here._children)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await soon(lambda: not here._children)


async def test_ports(here: LocalSession) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((await reader.read(100)).upper())
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with here.connect_tcp("127.0.0.1", port) as channel:
            channel.write(b"hello")
            assert await channel.read(100) == b"HELLO"
            assert await channel.read(100) == b""
    with pytest.raises(ConnectionError):
        async with here.connect_tcp("127.0.0.1", port):
            raise AssertionError("nothing listens there")


async def test_its_link(gate: Gate) -> None:
    session = LocalSession(HOST, gate, time.time, 8)
    seen: list[Link] = []
    session.watch(seen.append)
    with pytest.raises(NotConnected):
        await session.run(Command(("true",)))
    waiting = asyncio.create_task(session.usable())
    await asyncio.sleep(0)
    session.start()
    await waiting
    assert session.link.heard_at is not None
    await session.close()
    session.start()
    assert [link.state for link in seen] == [LinkState.UP, LinkState.IDLE]
    with pytest.raises(NotConnected):
        await session.usable()


async def test_a_file_is_copied_from_an_offset_on_below_the_home(
    here: LocalSession, gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, file = tmp_path / "home", tmp_path / "file"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    file.write_bytes(bytes(range(256)) * 1000)
    (home / "part").write_bytes(file.read_bytes()[:1000])
    told: list[int] = []
    with pytest.raises(ChangeRefused):
        await here.upload(file, "part", 0, told.append, None)
    assert (await here.upload(file, "part", 1000, told.append, gate.grant("plan"))).ok
    assert (home / "part").read_bytes() == file.read_bytes()
    assert (await here.upload(file, "new", 0, told.append, gate.grant("plan"))).ok
    assert (home / "new").stat().st_mode & 0o777 == 0o600
    assert told == [256_000, 256_000]
    refused = await here.upload(file, "no/folder/part", 0, told.append, gate.grant("plan"))
    assert (refused.exit_status, refused.stderr) == (1, b"No such file or directory")

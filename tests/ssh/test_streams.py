"""Streams and ports over a session: what bounds them, what ends them."""

from __future__ import annotations

import asyncio

import pytest

from tests.ssh.bed import Bed
from tests.ssh.conftest import soon
from tests.ssh.test_session import sh
from tui.errors import NameRefused
from tui.model.command import Ended
from tui.ssh.session import SshSession

# -- streams -----------------------------------------------------------------------------------


async def test_a_stream_gives_blocks_and_its_ending(session: SshSession) -> None:
    command = sh("printf a; sleep 0.1; printf b; echo trouble >&2; exit 4", timeout_s=None)
    got = []
    async with session.stream(command) as blocks:
        async for block in blocks:
            got.append(block)
    assert got == [b"a", b"b"]
    assert blocks.outcome is not None
    assert (blocks.outcome.exit_status, blocks.outcome.stderr) == (4, b"trouble\n")
    assert blocks.outcome.stdout == b""


async def test_a_reader_that_pauses_stops_the_host(session: SshSession, bed: Bed) -> None:
    count = bed.folder / "count"
    command = sh(
        f"i=0; while :; do head -c 65536 /dev/zero; i=$((i+1)); echo $i > {count}; done",
        timeout_s=None,
    )
    async with session.stream(command) as blocks:
        await anext(aiter(blocks))
        before, written = -1, 0
        while before != written:  # until the host no longer gets on
            before = written
            await asyncio.sleep(0.3)
            text = count.read_text().strip()
            written = int(text) if text else before + 1
        assert written * 65536 < 16 * 1024 * 1024
        total = 0
        async for block in blocks:
            total += len(block)
            if total > 32 * 1024 * 1024:
                break
    # The host empties the file before it writes it anew: an empty read is no answer.
    await soon(lambda: (text := count.read_text().strip()) and int(text) > written)


async def test_leaving_a_stream_ends_the_remote_command(session: SshSession, bed: Bed) -> None:
    async with session.stream(sh("echo here; exec sleep 1000", timeout_s=None)) as blocks:
        assert await anext(aiter(blocks)) == b"here\n"
    line = session._line
    assert line is not None
    await soon(lambda: not line.channels.open)


async def test_a_stream_whose_link_is_lost_ends_as_unknown(session: SshSession, bed: Bed) -> None:
    async with session.stream(sh("echo here; sleep 1000", timeout_s=None)) as blocks:
        async for _ in blocks:
            for connection in bed.connections:
                connection.abort()
    assert blocks.outcome is not None
    assert (blocks.outcome.ended, blocks.outcome.exit_status) == (Ended.LINK_LOST, None)


async def test_a_stream_with_a_limit_ends_as_timed_out(session: SshSession) -> None:
    async with session.stream(sh("echo here; sleep 1000", timeout_s=0.2)) as blocks:
        got = [block async for block in blocks]
    assert got == [b"here\n"]
    assert blocks.outcome is not None
    assert blocks.outcome.ended is Ended.TIMED_OUT


# -- ports -----------------------------------------------------------------------------------


async def _echo_server() -> asyncio.Server:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1000):
            writer.write(data.upper())
        writer.close()

    return await asyncio.start_server(echo, "127.0.0.1", 0)


async def test_a_port_on_the_host_is_reached_through_the_connection(
    session: SshSession, bed: Bed
) -> None:
    async with await _echo_server() as server:
        port = server.sockets[0].getsockname()[1]
        async with session.connect_tcp("127.0.0.1", port) as channel:
            channel.write(b"hello")
            assert await channel.read(100) == b"HELLO"
    assert bed.forwards == [("127.0.0.1", port)]


async def test_a_refused_port_and_refused_forwarding_are_told_apart(
    session: SshSession, bed: Bed
) -> None:
    async with await _echo_server() as server:
        port = server.sockets[0].getsockname()[1]
        bed.forwarding = False
        with pytest.raises(PermissionError):
            async with session.connect_tcp("127.0.0.1", port):
                raise AssertionError("forwarding was refused")
        bed.forwarding = True
    with pytest.raises(ConnectionError):
        async with session.connect_tcp("127.0.0.1", port):
            raise AssertionError("nothing listens there")
    with pytest.raises(NameRefused):
        async with session.connect_tcp("127.0.0.1; id", port):
            raise AssertionError("not an address")

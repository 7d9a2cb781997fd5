"""The transport to this machine: the same session, by `/bin/sh` without a connection.

It behaves as a session over SSH does: the gate is checked here, a read that is given up is asked
to stop, a change that is given up runs on to its end.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tui.errors import NotConnected
from tui.model.command import Command, Ended, Outcome, script_of
from tui.model.fleet import Host
from tui.model.gate import Grant
from tui.model.host import Link, LinkState
from tui.model.terminal import TerminalCommand
from tui.ssh.channels import Channels
from tui.ssh.child import Child
from tui.ssh.collect import BlockCollector, Blocks, WholeCollector
from tui.ssh.gate import UPLOAD, Gate
from tui.ssh.preamble import mark_of, wrapped
from tui.ssh.settings import check_names
from tui.ssh.watchers import Watchers

if TYPE_CHECKING:
    from tui.ssh.terminal import SshTerminal


class LocalPort:
    """A TCP connection from this machine, as operations/ports.py wants a channel."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self, count: int) -> bytes:
        """1 to `count` bytes, b"" at the end."""
        return await self._reader.read(count)

    def write(self, data: bytes) -> None:
        """Send to the port."""
        self._writer.write(data)


class LocalSession:
    """This machine as a host. Its link is up from start to close."""

    def __init__(self, host: Host, gate: Gate, clock: Callable[[], float], channels: int) -> None:
        self.host = host
        self._gate = gate
        self._clock = clock
        self._channels = Channels(channels)
        self._watchers: Watchers[Link] = Watchers()
        self._link = Link(since=clock())
        self._nonce = secrets.token_hex(8)
        self._changed = asyncio.Event()
        self._closed = False
        self._children: set[Child] = set()

    @property
    def link(self) -> Link:
        """The link now; what is here is always heard."""
        return replace(self._link, heard_at=self._clock()) if self._link.usable else self._link

    def watch(self, callback: Callable[[Link], None]) -> Callable[[], None]:
        """Call back at each change of `link`; the result ends it."""
        return self._watchers.add(callback)

    async def usable(self) -> None:
        """Return once started; NotConnected once closed."""
        while not self._link.usable:
            if self._closed:
                raise NotConnected(f"{self.host.name}: the session is closed")
            self._changed.clear()
            await self._changed.wait()

    def start(self) -> None:
        """Be usable; there is nothing to connect."""
        if not self._closed and not self._link.usable:
            self._set(LinkState.UP)

    def retry(self) -> None:
        """Nothing to try again."""

    async def close(self) -> None:
        """Stop the reads under way; changes run on."""
        self._closed = True
        self._set(LinkState.IDLE)
        await asyncio.gather(*(child.end() for child in tuple(self._children)))

    async def run(self, command: Command, grant: Grant | None = None) -> Outcome:
        """Run to its end or its limit; see operations/ports.py."""
        self._gate.check(command, grant)
        loop = asyncio.get_running_loop()
        place = await self._channels.place()
        try:
            self._check_usable()
            self._gate.check(command, grant)
            whole = WholeCollector(mark_of(self._nonce), command.max_bytes, lambda: None)
            began = loop.time()
            async with self._child(command, whole):
                try:
                    async with asyncio.timeout(command.timeout_s):
                        await asyncio.shield(whole.done)
                except TimeoutError:
                    whole.limit_passed()
            return whole.outcome(loop.time() - began, bytes(whole.stdout))
        finally:
            place.free()

    @asynccontextmanager
    async def stream(self, command: Command) -> AsyncIterator[Blocks]:
        """Run an endless read; leaving the block ends it."""
        self._gate.check(command, None)
        loop = asyncio.get_running_loop()
        place = await self._channels.place(stream=True)
        timer: asyncio.TimerHandle | None = None
        try:
            self._check_usable()
            blocks = BlockCollector(mark_of(self._nonce), command.max_bytes, lambda: None)
            async with self._child(command, blocks):
                if command.timeout_s is not None:
                    timer = loop.call_later(command.timeout_s, blocks.limit_passed)
                yield Blocks(blocks, loop.time)
        finally:
            if timer is not None:
                timer.cancel()
            place.free()

    async def upload(
        self,
        local: Path,
        remote: str,
        offset: int,
        progress: Callable[[int], None],
        grant: Grant | None,
    ) -> Outcome:
        """Copy a file from `offset` on to a path below the home; see operations/ports.py."""
        self._gate.check(UPLOAD, grant)
        self._check_usable()
        began = asyncio.get_running_loop().time()
        status, said = 0, b""
        try:
            size = await asyncio.to_thread(_copy, local, Path.home() / remote, offset)
        except OSError as error:
            status, said = 1, (error.strerror or str(error)).encode()
        else:
            progress(size)
        took = asyncio.get_running_loop().time() - began
        return Outcome(Ended.EXITED, status, stderr=said, duration_s=took)

    async def open_terminal(
        self, command: TerminalCommand, columns: int, lines: int
    ) -> SshTerminal:
        """Refused: this machine has terminals of its own, without a frame around them."""
        self._gate.check_console()
        raise NotConnected(
            f"{self.host.name} is this machine",
            remedy=f"Run {command.shown} in a terminal of your own.",
        )

    @asynccontextmanager
    async def connect_tcp(self, address: str, port: int) -> AsyncIterator[LocalPort]:
        """A connection to address:port from this machine; ConnectionError if it is refused."""
        check_names(name=address, port=port)
        self._check_usable()
        try:
            reader, writer = await asyncio.open_connection(address, port)
        except ConnectionError:
            raise
        except OSError as error:
            raise ConnectionError(f"{address}:{port}: {error.strerror or error}") from None
        try:
            yield LocalPort(reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    @asynccontextmanager
    async def _child(
        self, command: Command, collector: WholeCollector | BlockCollector
    ) -> AsyncIterator[None]:
        script = wrapped(script_of(command), self._nonce)
        child = await Child.start(script, collector, read=command.reading())
        self._children.add(child)
        child.then(lambda: self._children.discard(child))
        try:
            yield
        finally:
            child.dismiss()

    def _check_usable(self) -> None:
        if not self._link.usable:
            raise NotConnected(f"{self.host.name}: {self._link.state.value}")

    def _set(self, state: LinkState) -> None:
        if state is not self._link.state:
            self._link = Link(state, self._clock())
            self._watchers.tell(self.link)
        self._changed.set()


def _copy(local: Path, remote: Path, offset: int) -> int:
    at = os.open(remote, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with local.open("rb") as source, open(at, "wb") as to:
        source.seek(offset)
        to.seek(offset)
        shutil.copyfileobj(source, to, 1024 * 1024)
        return source.tell()

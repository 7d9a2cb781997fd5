"""asyncssh's channel callbacks, bound to our collectors, and the channel to a port.

Imported by functions only, like `wire`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import asyncssh

from tui.ssh.collect import PENDING_LIMIT, BlockCollector, WholeCollector


class RunSession(WholeCollector, asyncssh.SSHClientSession[bytes]):
    """A command that is run to its end, on a channel."""


class BlockSession(BlockCollector, asyncssh.SSHClientSession[bytes]):
    """An endless command, on a channel."""


class TcpSession(asyncssh.SSHTCPSession[bytes]):
    """A byte channel to a port as the host sees it."""

    def __init__(self, heard: Callable[[], None]) -> None:
        self._heard = heard
        self._data = bytearray()
        self._paused = False
        self._eof = False
        self._lost: Exception | None = None
        self._news = asyncio.Event()
        self._chan: asyncssh.SSHTCPChannel[bytes] | None = None
        self.closed = False

    def connection_made(self, chan: asyncssh.SSHTCPChannel[bytes]) -> None:
        """The channel is open."""
        self._chan = chan

    def data_received(self, data: bytes, datatype: int | None) -> None:
        """Bytes from the port."""
        self._heard()
        self._data += data
        self._news.set()
        if len(self._data) > PENDING_LIMIT and not self._paused and self._chan is not None:
            self._paused = True
            self._chan.pause_reading()

    def eof_received(self) -> bool:
        """The port sends no more; we still may."""
        self._eof = True
        self._news.set()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """The channel is closed, or the link gone."""
        self.closed = True
        self._lost = exc
        self._news.set()

    async def read(self, count: int) -> bytes:
        """1 to `count` bytes, b"" at the end; ConnectionError if the link was lost before it."""
        while not self._data and not self._eof and not self.closed:
            self._news.clear()
            await self._news.wait()
        if not self._data and not self._eof and self._lost is not None:
            raise ConnectionError(f"the link was lost: {self._lost}")
        data = bytes(self._data[:count])
        del self._data[:count]
        if self._paused and len(self._data) <= PENDING_LIMIT and self._chan and not self.closed:
            self._paused = False
            self._chan.resume_reading()
        return data

    def write(self, data: bytes) -> None:
        """Send to the port; ConnectionError once the channel is closed."""
        if self.closed or self._chan is None:
            raise ConnectionError("the channel is closed")
        self._chan.write(data)

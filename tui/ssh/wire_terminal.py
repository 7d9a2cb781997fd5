"""asyncssh's callbacks of a terminal's channel. Imported by functions only, like `wire`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import asyncssh

from tui.model.terminal import TerminalEnd
from tui.model.text import scrub_line

PENDING_LIMIT = 256 * 1024
"""Bytes that wait for whoever draws; more, and the remote is stopped by its window."""


class TerminalSession(asyncssh.SSHClientSession[bytes]):
    """The callbacks of a terminal's channel; collects bytes and how it ended."""

    def __init__(self, heard: Callable[[], None]) -> None:
        self._heard = heard
        self._blocks: list[bytes] = []
        self._size = 0
        self._paused = False
        self._news = asyncio.Event()
        self._then: Callable[[], None] | None = None
        self._exit: int | None = None
        self._signal = ""
        self.hung_up = False
        self.end: TerminalEnd | None = None
        self.chan: asyncssh.SSHClientChannel[bytes] | None = None

    def at_end(self, then: Callable[[], None]) -> None:
        """Call `then` once the channel is closed."""
        if self.end is not None:
            then()
        else:
            self._then = then

    def connection_made(self, chan: asyncssh.SSHClientChannel[bytes]) -> None:
        """The channel is open."""
        self.chan = chan

    def data_received(self, data: bytes, datatype: int | None) -> None:
        """What the remote wrote; a terminal has one stream."""
        self._heard()
        self._blocks.append(data)
        self._size += len(data)
        self._news.set()
        if self._size > PENDING_LIMIT and not self._paused and self.chan is not None:
            self._paused = True
            self.chan.pause_reading()

    def exit_status_received(self, status: int) -> None:
        """What runs there has ended."""
        self._exit = status

    def exit_signal_received(self, signal: str, core_dumped: bool, msg: str, lang: str) -> None:
        """What runs there has died."""
        self._signal = scrub_line(signal)

    def connection_lost(self, exc: Exception | None) -> None:
        """The channel is closed. Without an exit status nobody knows what became of it."""
        lost = self._exit is None and not self._signal and not self.hung_up
        detail = scrub_line(str(exc)) if exc is not None else ""
        self.end = TerminalEnd(lost, self._exit, self._signal, detail)
        self._news.set()
        then, self._then = self._then, None
        if then is not None:
            then()

    async def take(self) -> bytes:
        """All that has come, at least a byte; b"" at the end."""
        while not self._blocks and self.end is None:
            self._news.clear()
            await self._news.wait()
        data = b"".join(self._blocks)
        self._blocks.clear()
        self._size = 0
        if self._paused and self.chan is not None and self.end is None:
            self._paused = False
            self.chan.resume_reading()
        return data

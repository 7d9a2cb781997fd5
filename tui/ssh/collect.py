"""Collects what a running command says: bytes, bounded, and an ending that claims nothing.

Knows neither asyncssh nor processes. Whole outputs for commands that end, blocks for those that
do not; exit status and signal count only together with all of the output.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Protocol

from tui.model.command import Ended, Outcome
from tui.ssh.preamble import Sieve

PENDING_LIMIT = 256 * 1024  # bytes that wait for a reader before the source is paused


class Pausable(Protocol):
    """Where bytes come from: a channel or a pipe."""

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


class Collector:
    """What every command tells: stderr (bounded), the exit, the end.

    The base of two ways to read stdout. Its methods are named as asyncssh's callbacks are; the
    local transport calls them, too.
    """

    def __init__(self, mark: bytes, max_bytes: int, heard: Callable[[], None]) -> None:
        self._heard = heard
        self._max_bytes = max_bytes
        self._out = Sieve(mark)
        self._err = Sieve(mark)
        self._stderr = bytearray()
        self._exit_status: int | None = None
        self._signal: str | None = None
        self._eof = False
        self._source: Pausable | None = None
        self.closed = False
        self.ended: Ended | None = None
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, chan: Pausable) -> None:
        """The source is open."""
        self._source = chan

    def data_received(self, data: bytes, datatype: int | None) -> None:
        """A block of stdout, or of stderr where `datatype` says so."""
        self._heard()
        if self.ended is not None:
            return
        if datatype is None:
            self._took(self._out.pass_on(data))
        else:
            self._took_error(self._err.pass_on(data))

    def exit_status_received(self, status: int) -> None:
        """The command ended by itself."""
        self._heard()
        self._exit_status = status

    def exit_signal_received(self, signal: str, core_dumped: bool, msg: str, lang: str) -> None:
        """The command was ended by a signal."""
        self._heard()
        self._signal = signal

    def eof_received(self) -> bool:
        """No more output; True leaves it to the close to end the channel."""
        self._heard()
        self._eof = True
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """The channel is closed: by the host after the end, or because the link is gone.

        A status counts only with all the output: after it came EOF, or the close in order.
        """
        self.closed = True
        if self._exit_status is not None and (self._eof or exc is None):
            self.finish(Ended.EXITED)
        elif self._signal is not None and (self._eof or exc is None):
            self.finish(Ended.SIGNALED)
        else:
            self.finish(Ended.LINK_LOST)

    def limit_passed(self) -> None:
        """Its time is over: unknown, unless the host already said that the command ended."""
        if self._exit_status is not None:
            self.finish(Ended.EXITED)
        elif self._signal is not None:
            self.finish(Ended.SIGNALED)
        else:
            self.finish(Ended.TIMED_OUT)

    def finish(self, ended: Ended) -> None:
        """Settle how it ended, once; later news changes nothing."""
        if self.ended is None:
            if ended is not Ended.OVERFLOW:
                self._took_error(self._err.rest())
                self._took(self._out.rest())
            self.ended = self.ended or ended
        if not self.done.done():
            self.done.set_result(None)

    def outcome(self, duration_s: float, stdout: bytes = b"") -> Outcome:
        """What came back. An exit status or signal only where it is known to be the command's."""
        ended = self.ended or Ended.LINK_LOST
        return Outcome(
            ended,
            self._exit_status if ended is Ended.EXITED else None,
            stdout,
            bytes(self._stderr),
            duration_s,
            self._signal if ended is Ended.SIGNALED else None,
        )

    def _took(self, data: bytes) -> None:
        raise NotImplementedError

    def _took_error(self, data: bytes) -> None:
        raise NotImplementedError


class WholeCollector(Collector):
    """A command that is run to its end; more than `max_bytes` on one output stops it."""

    def __init__(self, mark: bytes, max_bytes: int, heard: Callable[[], None]) -> None:
        super().__init__(mark, max_bytes, heard)
        self.stdout = bytearray()

    def _took(self, data: bytes) -> None:
        self._keep(self.stdout, data)

    def _took_error(self, data: bytes) -> None:
        self._keep(self._stderr, data)

    def _keep(self, kept: bytearray, data: bytes) -> None:
        kept += data
        if len(kept) > self._max_bytes:
            del kept[self._max_bytes :]
            self.finish(Ended.OVERFLOW)


class BlockCollector(Collector):
    """An endless command: its blocks wait for the reader in the channel's window, not here."""

    def __init__(self, mark: bytes, max_bytes: int, heard: Callable[[], None]) -> None:
        super().__init__(mark, max_bytes, heard)
        self._blocks: deque[bytes] = deque()
        self._size = 0
        self._paused = False
        self._news = asyncio.Event()

    async def block(self) -> bytes:
        """What came since the last call, as one block; empty once the command has ended."""
        while not self._blocks and self.ended is None:
            self._news.clear()
            await self._news.wait()
        data = self._blocks[0] if len(self._blocks) == 1 else b"".join(self._blocks)
        self._blocks.clear()
        self._size = 0
        if self._paused and self._source is not None and not self.closed:
            self._paused = False
            self._source.resume_reading()
        return data

    def finish(self, ended: Ended) -> None:
        """Settle how it ended and wake the reader."""
        super().finish(ended)
        self._news.set()

    def _took(self, data: bytes) -> None:
        if not data:
            return
        self._blocks.append(data)
        self._size += len(data)
        self._news.set()
        if self._size > PENDING_LIMIT and not self._paused and self._source is not None:
            self._paused = True
            self._source.pause_reading()

    def _took_error(self, data: bytes) -> None:
        # An endless command's complaints are read for their first words; the rest is let go.
        self._stderr += data[: max(0, self._max_bytes - len(self._stderr))]


class Blocks:
    """stdout of a running command, as blocks in order of arrival; see ports.ByteStream."""

    def __init__(self, collector: BlockCollector, time: Callable[[], float]) -> None:
        """`time` is the loop's clock, for how long it ran."""
        self._collector = collector
        self._time = time
        self._began = time()
        self.outcome: Outcome | None = None

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        block = await self._collector.block()
        if not block:
            if self.outcome is None:
                self.outcome = self._collector.outcome(self._time() - self._began)
            raise StopAsyncIteration
        return block

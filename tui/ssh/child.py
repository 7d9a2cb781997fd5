"""A shell on this machine whose output goes to a collector, without asyncio's own subprocesses:
those kill the process when their transport goes, and a change must run on to its end.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable
from functools import partial

from tui.ssh.collect import Collector

END_LIMIT_S = 1.0


class _Output(asyncio.Protocol):
    """One pipe of the shell; `kind` is None for stdout, 1 for stderr as on an SSH channel."""

    def __init__(self, collector: Collector, kind: int | None, ended: Callable[[], None]) -> None:
        self._collector = collector
        self._kind = kind
        self._ended = ended

    def data_received(self, data: bytes) -> None:
        self._collector.data_received(data, self._kind)

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended()


class Child:
    """One run of `/bin/sh -s` in a process group of its own; a read may be stopped."""

    def __init__(self, process: subprocess.Popen[bytes], collector: Collector, read: bool) -> None:
        self._process = process
        self._collector = collector
        self._read = read
        self._loop = asyncio.get_running_loop()
        self._pipes: list[asyncio.BaseTransport] = []
        self._open_outputs = 2
        self._exited = asyncio.Event()
        self._after: Callable[[], None] | None = None

    @classmethod
    async def start(cls, script: bytes, collector: Collector, *, read: bool) -> Child:
        """Start the shell and send it the script."""
        process = subprocess.Popen(  # noqa: ASYNC220  # returns as soon as the fork has
            ["/bin/sh", "-s"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        child = cls(process, collector, read)
        threading.Thread(target=child._wait, name=f"wait {process.pid}", daemon=True).start()
        await child._connect(script)
        return child

    async def _connect(self, script: bytes) -> None:
        loop, process = self._loop, self._process
        for kind, pipe in ((None, process.stdout), (1, process.stderr)):
            output = partial(_Output, self._collector, kind, self._output_ended)
            transport, _ = await loop.connect_read_pipe(output, pipe)
            if kind is None:
                self._collector.connection_made(transport)
            self._pipes.append(transport)
        stdin, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, process.stdin)
        self._pipes.append(stdin)
        stdin.write(script)
        stdin.write_eof()

    def then(self, after: Callable[[], None]) -> None:
        """Call `after` once the shell has exited."""
        if self._exited.is_set():
            after()
        else:
            self._after = after

    def dismiss(self) -> None:
        """Read no more of it; a read that still runs is asked to stop, a change is not touched."""
        for pipe in self._pipes:
            pipe.close()
        if self._read:
            self._signal(signal.SIGTERM)

    async def end(self) -> None:
        """At the end of the session: a read that did not stop is killed, a change runs on."""
        self.dismiss()
        if not self._read:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(END_LIMIT_S):
                await self._exited.wait()
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if not self._exited.is_set():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)

    def _wait(self) -> None:
        status = self._process.wait()
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._has_exited, status)

    def _has_exited(self, status: int) -> None:
        if status < 0:
            name = signal.Signals(-status).name.removeprefix("SIG")
            self._collector.exit_signal_received(name, False, "", "")
        else:
            self._collector.exit_status_received(status)
        self._exited.set()
        if self._after is not None:
            self._after()
        self._perhaps_done()

    def _output_ended(self) -> None:
        self._open_outputs -= 1
        if self._open_outputs == 0:
            self._collector.eof_received()
        self._perhaps_done()

    def _perhaps_done(self) -> None:
        if self._exited.is_set() and self._open_outputs == 0:
            self._collector.connection_lost(None)

"""A real command as a unit's main program: its output goes to the journal, or to who waits."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from tui.demo.children import Child, Start

if TYPE_CHECKING:
    from tui.demo.sandbox import Sandbox

_BLOCK = 65536
Sink = Callable[[bytes], None]


class _Output:
    """One output of the command: passed on as it comes, or line by line."""

    def __init__(self, read: int, sink: Sink, *, lines: bool, closed: Callable[[], None]) -> None:
        self._read_end = read
        self._sink = sink
        self._lines = lines
        self._closed = closed
        self._rest = b""
        self.ended = False
        os.set_blocking(read, False)
        asyncio.get_running_loop().add_reader(read, self._read)

    def drain(self) -> None:
        """Take what is there; called when the command has ended, before that is told."""
        while not self.ended and self._read():
            pass

    def _read(self) -> bool:
        """One piece; whether there may be more."""
        try:
            data = os.read(self._read_end, _BLOCK)
        except BlockingIOError:
            return False
        if not data:
            if self._rest:
                self._sink(self._rest)
            self.close()
            return False
        if not self._lines:
            self._sink(data)
            return True
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._sink(line)
        return True

    def close(self) -> None:
        """Read no more."""
        if self.ended:
            return
        self.ended = True
        asyncio.get_running_loop().remove_reader(self._read_end)
        os.close(self._read_end)
        self._closed()


class CommandMain:
    """One command line in a host's sandbox; every start runs it anew."""

    def __init__(
        self,
        sandbox: Sandbox,
        argv: Sequence[str],
        env: Mapping[str, str],
        cwd: str,
        sinks: tuple[Sink, Sink],
        *,
        lines: bool = True,
    ) -> None:
        self.name = argv[0].rsplit("/", 1)[-1][:15]
        self._sandbox = sandbox
        self._argv = tuple(argv)
        self._env = env
        self._cwd = cwd
        self._sinks = sinks
        self._lines = lines
        self._child: Child | None = None
        self._outputs: list[_Output] = []
        self.stdin: int | None = None
        self.drained = asyncio.Event()

    def start(self) -> Child:
        """Fork and execute; as a unit's (`lines`) with /dev/null as stdin."""
        (in_read, in_write), out, err = os.pipe(), os.pipe(), os.pipe()
        given = (in_read, out[1], err[1])
        try:
            start = Start(self._argv, self._env, self._cwd, *given)
            self._child = self._sandbox.spawn_shell(start)
        except OSError:
            for descriptor in (in_write, out[0], err[0]):
                os.close(descriptor)
            raise
        finally:
            for descriptor in given:
                os.close(descriptor)
        self.stdin = in_write
        if self._lines:
            self.end_stdin()
        self.drained.clear()
        self._outputs = [
            _Output(read, sink, lines=self._lines, closed=self._one_closed)
            for read, sink in zip((out[0], err[0]), self._sinks, strict=True)
        ]
        self._child.on_exit(lambda _code: self._drain())
        return self._child

    def _drain(self) -> None:
        for output in self._outputs:
            output.drain()

    def _one_closed(self) -> None:
        if all(output.ended for output in self._outputs):
            self.drained.set()

    async def exec_stop(self) -> None:
        """There is none."""

    def terminate(self) -> None:
        """SIGTERM to the whole group."""
        if self._child is not None:
            self._child.signal_group(signal.SIGTERM)

    def close(self) -> None:
        """Let go of the pipes."""
        for output in self._outputs:
            output.close()
        self.end_stdin()

    def end_stdin(self) -> None:
        """Close the command's stdin."""
        if self.stdin is not None:
            os.close(self.stdin)
            self.stdin = None

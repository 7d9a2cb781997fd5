"""Calls of simulated programs: what a shim brings from the shell, and the answer on its way back.

Frames are those of shims/shim.pl. A program is a coroutine that gets a Call and returns its exit
status; it ends early by raising RunInstead (exec) or DieOf (a signal).
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_HEAD = struct.Struct("!cI")
_LARGEST_CALL = 1 << 20


@dataclass
class RunInstead(Exception):
    """The shim becomes another program; `env` sets variables, None unsets."""

    argv: Sequence[str]
    env: Mapping[str, str | None] = field(default_factory=dict)


@dataclass
class DieOf(Exception):
    """The shim dies of this signal."""

    number: int


class Call:
    """One run of a simulated program: who calls it, with what, and its three streams."""

    def __init__(self, fields: list[str], reader: asyncio.StreamReader, link: _Link) -> None:
        name, cwd, tty, pid, count, *words = fields
        self.name = name
        self.cwd = cwd
        self.stdin_is_tty = "i" in tty
        self.stdout_is_tty = "o" in tty
        self.pid = int(pid)
        self.args = words[: int(count)]
        self.env = dict(word.partition("=")[::2] for word in words[int(count) :])
        self._reader = reader
        self._link = link
        self._stdin_asked = False

    @property
    def user(self) -> str:
        """Who runs it: root below sudo, else the SSH user, `nobody` with a bare environment."""
        return self.env.get("DEMO_AS", "nobody")

    @property
    def is_root(self) -> bool:
        """Whether it runs as root."""
        return self.user == "root"

    def out(self, data: str | bytes) -> None:
        """Write to stdout; `drain` when it is much."""
        self._link.frame(b"o", _bytes(data))

    def err(self, data: str | bytes) -> None:
        """Write to stderr."""
        self._link.frame(b"e", _bytes(data))

    async def drain(self) -> None:
        """Wait until whoever reads the output has kept up."""
        await self._link.writer.drain()

    async def read(self) -> bytes:
        """The next piece of stdin, `b""` at its end."""
        if not self._stdin_asked:
            self._stdin_asked = True
            self._link.frame(b"i", b"")
        return await self._link.stdin.get()


def _bytes(data: str | bytes) -> bytes:
    return data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data


Program = Callable[[Call], Awaitable[int]]


class _Link:
    """The socket to one shim: frames out, stdin in; its end is the death of the shim."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.stdin: asyncio.Queue[bytes] = asyncio.Queue(maxsize=4)

    def frame(self, kind: bytes, payload: bytes) -> None:
        self.writer.write(_HEAD.pack(kind, len(payload)) + payload)

    async def listen(self) -> None:
        """Take stdin frames until the shim is gone."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                _, size = _HEAD.unpack(await self.reader.readexactly(_HEAD.size))
                await self.stdin.put(await self.reader.readexactly(size))


class Counter:
    """Where the shims of one host come to: a Unix socket, and the programs behind it."""

    def __init__(self, socket: Path, programs: Mapping[str, Program]) -> None:
        self.socket = socket
        self._programs = programs
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.calls: dict[str, int] = {}

    @property
    def open(self) -> int:
        """How many calls are under way."""
        return len(self._tasks)

    async def listen(self) -> None:
        """Begin to take calls."""
        self._server = await asyncio.start_unix_server(self._accept, self.socket)

    async def close(self) -> None:
        """Stop listening and end the calls that are under way."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(_Link(reader, writer)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, link: _Link) -> None:
        try:
            size = int.from_bytes(await link.reader.readexactly(4), "big")
            if size > _LARGEST_CALL:
                return
            text = (await link.reader.readexactly(size)).decode("utf-8", "surrogateescape")
            await self._answer(link, Call(text.split("\0"), link.reader, link))
        except (asyncio.IncompleteReadError, ConnectionError):
            return  # the shim was killed: nobody waits for the answer
        finally:
            link.writer.close()

    async def _answer(self, link: _Link, call: Call) -> None:
        """Run the program; whichever ends first, it or the shim, ends the other."""
        self.calls[call.name] = self.calls.get(call.name, 0) + 1
        loop = asyncio.get_running_loop()
        program = loop.create_task(self._run(call))
        listening = loop.create_task(link.listen())
        try:
            await asyncio.wait((program, listening), return_when=asyncio.FIRST_COMPLETED)
            if program.done():
                link.frame(*program.result())
                await link.writer.drain()
        finally:
            program.cancel()
            listening.cancel()
            await asyncio.gather(program, listening, return_exceptions=True)

    async def _run(self, call: Call) -> tuple[bytes, bytes]:
        """The last frame of the answer."""
        program = self._programs.get(call.name)
        if program is None:
            call.err(f"{call.name}: the simulated host has no such program\n")
            return b"x", b"127"
        try:
            return b"x", str(await program(call)).encode()
        except RunInstead as other:
            words = [str(len(other.argv)), *other.argv]
            words += [key if v is None else f"{key}={v}" for key, v in other.env.items()]
            return b"r", "\0".join(words).encode("utf-8", "surrogateescape")
        except DieOf as death:
            return b"k", str(death.number).encode()

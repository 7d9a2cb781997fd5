"""A host with a journal, in memory: it answers the probe and streams what journalctl would.

Entries carry the cursors of journald; a stream begins at its cursor inclusively, and where that
entry is gone at the next one held, as journalctl does.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

from tui.errors import NotConnected
from tui.model.command import Command, Ended, Outcome, reveal
from tui.model.fleet import Host
from tui.model.gate import Grant
from tui.model.host import Link, LinkState
from tui.operations.ports import ByteStream, TcpChannel

BOOT = "1d811788903943e1bd4153c65e0d0772"

HINT = "Hint: You are currently not seeing messages from other users and the system."


def export_entry(number: int, at_us: int, message: str, **fields: str) -> bytes:
    """One stdout line of unit app.service in export format; fields replace or add."""
    said = {
        "__CURSOR": f"s=19497;i={number:x};b={BOOT};t={at_us:x}",
        "__REALTIME_TIMESTAMP": str(at_us),
        "__MONOTONIC_TIMESTAMP": str(at_us % 10**9),
        "_BOOT_ID": BOOT,
        "_TRANSPORT": "stdout",
        "PRIORITY": "6",
        "SYSLOG_IDENTIFIER": "app",
        "_SYSTEMD_UNIT": "app.service",
        "_HOSTNAME": "fake",
        "_STREAM_ID": "f9444e114a8f4048a8dadbccd484552c",
        "_PID": "2800",
        "MESSAGE": message,
    }
    said.update(fields)
    return "".join(f"{name}={value}\n" for name, value in said.items()).encode() + b"\n"


@dataclass
class Line:
    """An entry of the fake journal."""

    number: int
    at_us: int
    raw: bytes


@dataclass
class FakeHost:
    """A session to a host whose journal the test writes; starts connected."""

    name: str
    clock: Callable[[], float]
    seed: int = 0
    ahead_s: float = 0.0
    readable: bool = True
    sudo: bool = False
    volatile: bool = False
    probe_delay_s: float = 0.0
    refuses_cursors: bool = False
    lines: list[Line] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    written: int = 0
    link: Link = field(default_factory=lambda: Link(LinkState.UP))
    _watchers: list[Callable[[Link], None]] = field(default_factory=list)
    _streams: set[_Stream] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    @property
    def host(self) -> Host:
        return Host(self.name)

    def now_us(self) -> int:
        return round((self.clock() + self.ahead_s) * 1e6)

    def write(self, message: str, at_us: int | None = None, **fields: str) -> int:
        """Log a line; its number."""
        at = self.now_us() if at_us is None else at_us
        self.written += 1
        raw = export_entry(self.written, at, message, **fields)
        self.lines.append(Line(self.written, at, raw))
        self._wake()
        return self.written

    def vacuum(self, keep: int) -> None:
        """Forget all but the newest `keep` lines, as --vacuum does."""
        del self.lines[: max(0, len(self.lines) - keep)]

    def end_streams(self, status: int | None, stderr: bytes = b"", after: int = 0) -> None:
        """journalctl ends by itself, in mid-entry if `after` bytes more are sent before."""
        for stream in self._streams:
            stream.end = Outcome(Ended.EXITED, status, stderr=stderr)
            stream.tail_bytes = after
        self._wake()

    def cut(self, state: LinkState = LinkState.LOST) -> None:
        """Lose the link; what is under way ends without a word from the host."""
        for stream in self._streams:
            stream.end = Outcome(Ended.LINK_LOST, None)
        self._set_link(Link(state, heard_at=self.clock()))
        self._wake()

    def mend(self) -> None:
        """The link is back."""
        self._set_link(Link(LinkState.UP))

    def say_link(self, state: LinkState) -> None:
        self._set_link(Link(state, heard_at=self.clock()))

    def _set_link(self, link: Link) -> None:
        self.link = link
        for watcher in tuple(self._watchers):
            watcher(link)

    def _wake(self) -> None:
        for stream in self._streams:
            stream.news.set()

    def watch(self, callback: Callable[[Link], None]) -> Callable[[], None]:
        self._watchers.append(callback)
        return lambda: self._watchers.remove(callback)

    async def usable(self) -> None:
        up = asyncio.Event()

        def note(link: Link) -> None:
            if link.usable:
                up.set()

        if not self.link.usable:
            stop = self.watch(note)
            try:
                await up.wait()
            finally:
                stop()

    async def asked(self, count: int) -> None:
        """Return once so many commands have come."""
        async with asyncio.timeout(10):
            while len(self.commands) < count:  # noqa: ASYNC110 - every command takes its turn here
                await asyncio.sleep(0)

    async def run(self, command: Command, grant: Grant | None = None) -> Outcome:
        if not self.link.usable:
            raise NotConnected(self.name)
        self.commands.append(command)
        await asyncio.sleep(self.probe_delay_s)
        if not self.link.usable:
            return Outcome(Ended.LINK_LOST, None)
        now = self.now_us() / 1e6
        hint = "" if self.readable else f"note {HINT}\n"
        said = (
            f"before {now:.9f}\nread 0\n{hint}keeps {'no' if self.volatile else 'yes'}\n"
            f"sudo {0 if self.sudo else 1}\nafter {now:.9f}\n"
        )
        return Outcome(Ended.EXITED, 0, stdout=said.encode())

    def stream(self, command: Command) -> AbstractAsyncContextManager[ByteStream]:
        return self._stream(command)

    @asynccontextmanager
    async def _stream(self, command: Command) -> AsyncIterator[ByteStream]:
        if not self.link.usable:
            raise NotConnected(self.name)
        self.commands.append(command)
        stream = _Stream(self, tuple(reveal(word) for word in command.argv))
        self._streams.add(stream)
        try:
            yield stream
        finally:
            self._streams.discard(stream)

    def connect_tcp(self, address: str, port: int) -> AbstractAsyncContextManager[TcpChannel]:
        raise NotImplementedError


class _Stream:
    """journalctl at work: from its cursor or time, in blocks that end anywhere."""

    def __init__(self, host: FakeHost, argv: tuple[str, ...]) -> None:
        self._host = host
        self._words = dict(w.split("=", 1) for w in argv if w.startswith("--") and "=" in w)
        self._follows = "-f" in argv
        self.outcome: Outcome | None = None
        self.end: Outcome | None = None
        self.tail_bytes = 0
        self.news = asyncio.Event()
        if host.refuses_cursors and "--cursor" in self._words:
            stderr = b"Failed to seek to cursor: Invalid argument\n"
            self.end = Outcome(Ended.EXITED, 1, stderr=stderr)
        self._sent = self._start()

    def _start(self) -> int:
        """The number before the first line to send."""
        cursor = self._words.get("--cursor")
        if cursor is not None:
            return int(cursor.split("i=")[1].split(";")[0], 16) - 1
        since = round(float(self._words["--since"].removeprefix("@")) * 1e6)
        return next((x.number for x in self._host.lines if x.at_us >= since), 1 << 60) - 1

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._blocks()

    async def _blocks(self) -> AsyncIterator[bytes]:
        until = self._words.get("--until")
        limit = round(float(until.removeprefix("@")) * 1e6) if until else None
        if self._sent == (1 << 60) - 1:
            self._sent = self._host.written
        while True:
            raw = self._next(limit)
            ended = self.end
            if ended is not None and ended.ended is Ended.LINK_LOST:
                # What was written last may never have left the host.
                raw = raw[: self._host.random.randrange(len(raw) + 1)]
            elif ended is not None:
                raw = raw[: self.tail_bytes]
            while raw:
                size = self._host.random.choice((1, 17, 300, 4096, 40_000))
                yield raw[:size]
                raw = raw[size:]
            if ended is not None:
                self.outcome = ended
                return
            if not self._follows:
                self.outcome = Outcome(Ended.EXITED, 0)
                return
            await self.news.wait()
            self.news.clear()

    def _next(self, limit: int | None) -> bytes:
        lines = [x for x in self._host.lines if x.number > self._sent]
        if lines:
            self._sent = lines[-1].number
        return b"".join(x.raw for x in lines if limit is None or x.at_us <= limit)

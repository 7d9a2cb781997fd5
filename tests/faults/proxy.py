"""A TCP proxy on loopback with faults: latency, bandwidth, black hole, reset, cut after N bytes.

What it is told holds for connections that are open and for new ones. Order is never changed.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

BLOCK = 16 * 1024


@dataclass
class Faults:
    """What is wrong with the link now. Delays hold for each direction, in seconds."""

    delay_s: float = 0.0
    jitter_s: float = 0.0
    bytes_per_s: float | None = None
    black_hole: bool = False
    refuse: bool = False
    cut_after: int | None = None  # bytes in both directions, over all connections


@dataclass
class Proxy:
    """A running proxy; `port` is where to connect to."""

    target_port: int
    target: str = "127.0.0.1"
    faults: Faults = field(default_factory=Faults)
    port: int = 0
    accepted: int = 0
    carried: int = 0
    chance: random.Random = field(default_factory=random.Random)
    _pairs: set[tuple[socket.socket, socket.socket]] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _listener: socket.socket | None = None

    async def start(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(64)
        listener.setblocking(False)
        self.port = listener.getsockname()[1]
        self._listener = listener
        self._spawn(self._accept(listener))

    async def close(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        for task in tuple(self._tasks):
            with contextlib.suppress(asyncio.CancelledError):
                await task
        for pair in tuple(self._pairs):
            self._drop(pair)
        if self._listener is not None:
            self._listener.close()

    def reset(self) -> None:
        """End every connection with RST on both sides."""
        for pair in tuple(self._pairs):
            for sock in pair:
                with contextlib.suppress(OSError):
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._drop(pair)

    def _spawn(self, work: object) -> None:
        task = asyncio.ensure_future(work)  # type: ignore[arg-type]  # always a coroutine here
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _drop(self, pair: tuple[socket.socket, socket.socket]) -> None:
        self._pairs.discard(pair)
        loop = asyncio.get_running_loop()
        for sock in pair:
            loop.remove_reader(sock)
            loop.remove_writer(sock)
            sock.close()

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            client, _ = await loop.sock_accept(listener)
            self.accepted += 1
            client.setblocking(False)
            server = socket.socket()
            server.setblocking(False)
            if self.faults.refuse:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                client.close()
                server.close()
                continue
            try:
                await loop.sock_connect(server, (self.target, self.target_port))
            except OSError:
                client.close()
                server.close()
                continue
            for sock in (client, server):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            pair = (client, server)
            self._pairs.add(pair)
            self._spawn(self._carry(pair, client, server))
            self._spawn(self._carry(pair, server, client))

    async def _carry(
        self, pair: tuple[socket.socket, socket.socket], source: socket.socket, to: socket.socket
    ) -> None:
        """One direction: read at once, deliver when its time has come, in order."""
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(maxsize=4096)
        deliver = asyncio.ensure_future(self._deliver(pair, queue, to))
        loop = asyncio.get_running_loop()
        try:
            while pair in self._pairs:
                data = await loop.sock_recv(source, BLOCK)
                faults = self.faults
                delay = faults.delay_s + self.chance.uniform(-faults.jitter_s, faults.jitter_s)
                await queue.put((loop.time() + max(0.0, delay), data))
                if not data:
                    break
            await deliver
        except (OSError, ValueError):
            pass  # the pair was dropped under us
        finally:
            deliver.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await deliver
            if pair in self._pairs and not self.faults.black_hole:
                self._drop(pair)

    async def _deliver(
        self,
        pair: tuple[socket.socket, socket.socket],
        queue: asyncio.Queue[tuple[float, bytes]],
        to: socket.socket,
    ) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due, data = await queue.get()
            await asyncio.sleep(max(0.0, due - loop.time()))
            while self.faults.black_hole:  # noqa: ASYNC110  # a field that tests set
                await asyncio.sleep(0.01)
            if not data:
                return
            left = self.faults.cut_after
            if left is not None:
                data = data[: max(0, left - self.carried)]
            try:
                await loop.sock_sendall(to, data)
            except OSError:
                return
            self.carried += len(data)
            if left is not None and self.carried >= left:
                self.reset()
                return
            if self.faults.bytes_per_s:
                await asyncio.sleep(len(data) / self.faults.bytes_per_s)


@asynccontextmanager
async def proxied(target_port: int, **faults: object) -> AsyncIterator[Proxy]:
    """A proxy before a port, with its first faults."""
    proxy = Proxy(target_port, faults=Faults(**faults))  # type: ignore[arg-type]  # by name
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.close()

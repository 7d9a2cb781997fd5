"""The cable to a host: TCP in front of its sshd, where links are cut, held, slowed or refused."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import cast

_RST = struct.pack("ii", 1, 0)


class _End(asyncio.Protocol):
    """One end of a link: what comes in here goes out at the other end, at its pace."""

    def __init__(self, link: _Link) -> None:
        self.link = link
        self.other: _End | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.link.made(self)

    def data_received(self, data: bytes) -> None:
        self.link.carry(self, data)

    def eof_received(self) -> bool:
        other = self.other
        if other is not None and other.transport is not None and other.transport.can_write_eof():
            other.transport.write_eof()
        return True

    def pause_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and self.other.transport is not None and not self.link.held:
            self.other.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self.link.ended()


class _Link:
    """A client's connection and its continuation to the sshd behind."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.held = wire.black
        self.outer = _End(self)
        self.inner = _End(self)
        self.outer.other, self.inner.other = self.inner, self.outer
        self.budget = wire.cut_after

    def made(self, end: _End) -> None:
        if end is self.outer and end.transport is not None:
            end.transport.pause_reading()
            self._wire.joined(self)
        elif self.outer.transport is None:
            self.abort()
        elif self.held:
            self.hold(True)
        else:
            self.outer.transport.resume_reading()

    def carry(self, end: _End, data: bytes) -> None:
        other = end.other
        if other is None or other.transport is None:
            return
        if self.budget is not None:
            data, self.budget = data[: self.budget], self.budget - len(data)
        other.transport.write(data)
        self._wire.carried += len(data)
        if self.budget is not None and self.budget <= 0:
            self._wire.cuts += 1
            self.abort()

    def hold(self, held: bool) -> None:
        self.held = held
        for end in (self.outer, self.inner):
            if end.transport is not None:
                (end.transport.pause_reading if held else end.transport.resume_reading)()

    def abort(self) -> None:
        """End at once, with a reset towards the client."""
        outer = self.outer.transport
        if outer is not None:
            sock = outer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST)
            outer.abort()
        if self.inner.transport is not None:
            self.inner.transport.abort()

    def ended(self) -> None:
        for end in (self.outer, self.inner):
            if end.transport is not None and not end.transport.is_closing():
                end.transport.close()
        if self.outer.transport is None and self.inner.transport is None:
            self._wire.parted(self)


class Wire:
    """A listening port in front of a Unix socket, and the links through it."""

    def __init__(self, behind: str, address: str = "127.0.0.1") -> None:
        self._behind = behind
        self._address = address
        self._links: set[_Link] = set()
        self._joining: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._idle = asyncio.Event()
        self.port = 0
        self.black = False
        self.cut_after: int | None = None
        self.carried = 0
        self.cuts = 0

    @property
    def links(self) -> int:
        """How many clients are connected."""
        return len(self._links)

    async def open(self) -> None:
        """Listen; the port stays the same when opened again."""
        if self._server is None:
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(
                lambda: _Link(self).outer, self._address, self.port
            )
            self.port = self._server.sockets[0].getsockname()[1]

    def refuse(self) -> None:
        """Stop listening: a new connection is refused; those that are stay."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def black_hole(self, on: bool) -> None:
        """Carry nothing, in either direction, until switched off; nobody is told."""
        self.black = on
        for link in self._links:
            link.hold(on)

    def drop(self) -> None:
        """Reset every link."""
        for link in tuple(self._links):
            link.abort()

    def cut_in(self, count: int) -> None:
        """Reset every link that there is now once it has carried `count` more bytes."""
        for link in self._links:
            link.budget = count

    async def close(self) -> None:
        """Stop listening, drop every link, wait until they are gone."""
        self.refuse()
        for task in tuple(self._joining):
            task.cancel()
        self.drop()
        if self._links:
            self._idle.clear()
            await self._idle.wait()

    def joined(self, link: _Link) -> None:
        """A client has connected: continue to the sshd behind."""
        self._links.add(link)
        task = asyncio.get_running_loop().create_task(self._join(link))
        self._joining.add(task)
        task.add_done_callback(self._joining.discard)

    async def _join(self, link: _Link) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.create_unix_connection(lambda: link.inner, self._behind)
        except OSError:
            link.abort()  # nothing behind: the client sees what a dead sshd looks like

    def parted(self, link: _Link) -> None:
        """Both ends of a link are closed."""
        self._links.discard(link)
        if not self._links:
            self._idle.set()

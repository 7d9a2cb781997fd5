"""The app's HTTP on a host's own loopback address: listens while the app serves, not before."""

from __future__ import annotations

import asyncio
import contextlib
import socket

_REASONS = {200: "OK", 404: "Not Found", 503: "Service Unavailable"}


class HttpPort:
    """One reserved address and port; open only between `listen` and `shut`."""

    def __init__(self, address: str, port: int = 0) -> None:
        # Bound and never listening: the port stays ours, and a connection is refused.
        self._held = self._socket(address, port)
        name: tuple[str, int] = self._held.getsockname()
        self.address, self.port = name
        self.healthy = True
        self._server: asyncio.Server | None = None
        self._opening: asyncio.Task[None] | None = None

    @staticmethod
    def _socket(address: str, port: int) -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            made.bind((address, port))
        except OSError:
            made.close()
            raise
        return made

    def listen(self) -> None:
        """Begin to accept."""
        if self._server is None and self._opening is None:
            self._opening = asyncio.get_running_loop().create_task(self._listen())

    async def _listen(self) -> None:
        listening = self._socket(self.address, self.port)
        self._server = await asyncio.start_server(self._serve, sock=listening)
        self._opening = None

    def shut(self) -> None:
        """Stop accepting: the port refuses again."""
        if self._opening is not None:
            self._opening.cancel()
            self._opening = None
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, TimeoutError):
            async with asyncio.timeout(5):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(self._answer(head.split(b" ", 2)[1:2]))
                await writer.drain()
        writer.close()

    def _answer(self, path: list[bytes]) -> bytes:
        status, body = 404, b"not found\n"
        if path and path[0].split(b"?")[0] in (b"/health", b"/"):
            status, body = (200, b"ok\n") if self.healthy else (503, b"database: timeout\n")
        head = (
            f"HTTP/1.1 {status} {_REASONS[status]}\r\nserver: Cowboy\r\n"
            f"content-type: text/plain; charset=utf-8\r\ncontent-length: {len(body)}\r\n"
            "connection: close\r\n\r\n"
        )
        return head.encode() + body

    def close(self) -> None:
        """Let the port go."""
        self.shut()
        self._held.close()


def reserve(count: int, attempts: int = 50) -> list[HttpPort]:
    """The same free port on 127.0.0.1, 127.0.0.2, …: one app, one port, a host each."""
    for _ in range(attempts):
        ports = [HttpPort("127.0.0.1")]
        try:
            for number in range(2, count + 1):
                ports.append(HttpPort(f"127.0.0.{number}", ports[0].port))
        except OSError:
            for port in ports:
                port.close()
            continue
        return ports
    raise OSError("no port is free on all loopback addresses")

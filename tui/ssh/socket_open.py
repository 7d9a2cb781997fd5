"""The TCP connection to a host, made before a handshake takes its turn.

A host that does not answer, or accepts and then says nothing, waits here and holds up nobody:
only a server that has said its first word is let into a handshake.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Sequence

from tui.model.host import LinkState
from tui.ssh.failure import LinkFailure, reason_of
from tui.ssh.settings import Settings
from tui.ssh.threads import in_thread

_Address = tuple[int, int, int, str, tuple[str, int] | tuple[str, int, int, int]]


class OpenSocket:
    """A connected socket, in the form in which asyncssh takes any way to a server.

    asyncssh's own `sock=` leaks the socket when it is cancelled before it uses it.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock: socket.socket | None = sock

    async def create_connection(
        self, factory: Callable[[], asyncio.Protocol], host: str, port: int
    ) -> tuple[asyncio.Transport, asyncio.Protocol]:
        """Hand the socket over to a protocol, once; the loop closes it from now on."""
        protocol = factory()  # if this raises, the socket is still ours to close
        sock, self._sock = self._sock, None
        if sock is None:
            raise OSError("the socket was already used")
        return await asyncio.get_running_loop().create_connection(lambda: protocol, sock=sock)

    @property
    def complaint(self) -> str:
        """What the way itself has to say of a failure."""
        return ""

    def end(self) -> None:
        """The connection over it is over, or was not made: close it, unless it was handed over."""
        sock, self._sock = self._sock, None
        if sock is not None:
            sock.close()


async def open_socket(settings: Settings, limit_s: float) -> OpenSocket:
    """A connected socket with the server's first bytes waiting in it, within `limit_s` seconds.

    LinkFailure: NO_ADDRESS where the name has none, else UNREACHABLE with the reason.
    """
    try:
        async with asyncio.timeout(limit_s):
            found = await _addresses(settings.address, settings.port, settings.family)
            connected = await _first_connected(found, settings.bind_address, limit_s)
            try:
                await readable(connected)
            except BaseException:
                connected.close()
                raise
            return OpenSocket(connected)
    except TimeoutError:
        raise LinkFailure(
            LinkState.UNREACHABLE, f"no answer from {settings.address} in {limit_s:g} s"
        ) from None
    except OSError as error:
        where = f"{settings.address} port {settings.port}"
        raise LinkFailure(LinkState.UNREACHABLE, f"{where}: {reason_of(error)}") from None


async def _addresses(address: str, port: int, family: int) -> list[_Address]:
    with contextlib.suppress(socket.gaierror):  # a literal address asks nobody
        return _looked_up(address, port, family, socket.AI_NUMERICHOST)
    try:
        return await in_thread(_looked_up, address, port, family, 0)
    except socket.gaierror as error:
        raise LinkFailure(LinkState.NO_ADDRESS, f"{address}: {error.strerror}") from None


def _looked_up(address: str, port: int, family: int, flags: int) -> list[_Address]:
    return socket.getaddrinfo(  # type: ignore[return-value]  # all that SOCK_STREAM gives
        address, port, family=family, type=socket.SOCK_STREAM, flags=flags
    )


async def _first_connected(
    addresses: Sequence[_Address], bind_address: str | None, limit_s: float
) -> socket.socket:
    """The first address that answers; all but the last get an equal share of the time."""
    share = limit_s / max(1, len(addresses))
    refused: OSError | None = None
    for number, (family, kind, protocol, _, where) in enumerate(addresses, 1):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setblocking(False)
            if bind_address is not None:
                sock.bind((bind_address, 0))
            last = number == len(addresses)
            async with asyncio.timeout(None if last else share):
                await asyncio.get_running_loop().sock_connect(sock, where)
            return sock
        except OSError as error:  # TimeoutError is one
            sock.close()
            refused = error
            if isinstance(error, TimeoutError) and number == len(addresses):
                raise
        except BaseException:
            sock.close()
            raise
    raise refused or OSError("the name has no usable address")


async def readable(sock: socket.socket) -> None:
    """Return as soon as bytes (or the end) wait in the socket."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()

    def has_come() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(sock, has_come)
    try:
        await ready
    finally:
        loop.remove_reader(sock)

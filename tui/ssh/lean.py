"""Sending a lot over one connection at half of what it costs asyncssh.

asyncssh copies each packet of 32 KiB ten times, sends an empty one before it, and asks the kernel
to send each and for each one's padding; that bounds an upload by one core of Python. What is spared
here is copies and calls: the bytes on the wire are the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncssh

_IGNORE = 2  # SSH_MSG_IGNORE, RFC 4253
_DATA = 94  # SSH_MSG_CHANNEL_DATA, RFC 4254
_BLOCK = 16
"""Bytes that a packet of AES-GCM is padded to, its length field not counted (RFC 5647)."""
_CHANCE = 4096
"""Random bytes that are had from the kernel at once, for paddings of 4 to 19."""
_MOST_PIECES = 16
"""Pieces that are sent at once: eight packets, a quarter of a MiB."""


@contextlib.contextmanager
def lean_sending(connection: asyncssh.SSHClientConnection) -> Iterator[None]:
    """Within the block packets of data go out with two copies, and none that says nothing.

    The empty packets protect CBC ciphers, whose next IV is known to whoever reads along; with
    those all stays as it is. Whatever this asyncssh does not have, it does itself as always.
    """
    cipher = str(connection.get_extra_info("send_cipher") or "cbc")
    if "cbc" in cipher or "send_packet" in vars(connection):
        yield
        return
    send = connection.send_packet
    seal, together = None, None
    if (own := cipher_of(connection)) is not None:
        together = _Together(connection)
        seal = _sealer(connection, own, together.put)

    def lean(kind: int, *args: bytes, **named: Any) -> None:
        if kind == _IGNORE:
            return
        if kind != _DATA or seal is None or not seal(args):
            send(kind, *args, **named)

    setattr(connection, "send_packet", lean)  # noqa: B010 - its one door; mypy knows no other
    try:
        yield
    finally:
        del connection.send_packet
        if together is not None:
            together.end()


class _Together:
    """Gathers what one turn of the event loop sends, so that the kernel is asked once for it.

    All that the connection sends passes here in its order, asyncssh's own packets too.
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._send: Callable[[bytes], None] = connection._send
        self._pieces: list[bytes] = []
        connection._send = self._one

    def put(self, *pieces: bytes) -> None:
        """To be sent in this order, behind what was put before."""
        if not self._pieces:
            asyncio.get_running_loop().call_soon(self.flush)
        self._pieces += pieces
        if len(self._pieces) >= _MOST_PIECES:
            self.flush()

    def _one(self, data: bytes) -> None:
        self.put(data)
        # At once: asyncssh may close behind it.
        self.flush()

    def flush(self) -> None:
        """Send what is there."""
        if self._pieces:
            data = b"".join(self._pieces)
            self._pieces.clear()
            self._send(data)

    def end(self) -> None:
        """From here on the connection sends by itself."""
        del self._connection._send
        self.flush()


def cipher_of(connection: Any) -> Any:
    """asyncssh's AES-GCM of what is sent, None if packets cannot be sealed here.

    That is: another cipher, compression, or another asyncssh than was read.
    """
    from asyncssh.crypto.cipher import GCMCipher

    needs = ("_send", "_send_seq", "_rekey_bytes", "_rekey_bytes_sent", "_kex_complete")
    plain = getattr(connection, "_compressor", connection) is None
    found = getattr(getattr(connection, "_send_encryption", None), "_cipher", None)
    known = type(found) is GCMCipher and all(hasattr(connection, name) for name in needs)
    return found if known and plain else None


def _sealer(
    connection: Any, cipher: Any, put: Callable[..., None]
) -> Callable[[tuple[bytes, ...]], bool]:
    """What seals a packet of data and gives it to `put`, False where asyncssh itself has to."""
    from asyncssh.crypto.cipher import AESGCM  # type: ignore[attr-defined]  # what it uses itself

    aes = AESGCM(cipher._key)
    encryption = connection._send_encryption
    chance = bytearray()

    def seal(args: tuple[bytes, ...]) -> bool:
        due = connection._rekey_bytes_sent >= connection._rekey_bytes
        if due or not connection._kex_complete or connection._send_encryption is not encryption:
            # A key exchange is due, under way or over: asyncssh knows how.
            return False
        count = 2 + sum(map(len, args))
        padding = -count % _BLOCK
        padding += _BLOCK if padding < 4 else 0
        head = (count + padding).to_bytes(4, "big")
        if len(chance) < padding:
            chance.extend(os.urandom(_CHANCE))
        packet = b"".join((bytes((padding, _DATA)), *args, chance[:padding]))
        del chance[:padding]
        sealed = aes.encrypt(cipher._iv, packet, head)
        # At once: an IV that is used twice gives the key's secrets away.
        cipher._update_iv()
        connection._send_seq = (connection._send_seq + 1) & 0xFFFFFFFF
        connection._rekey_bytes_sent += len(packet)
        put(head, sealed)
        return True

    return seal

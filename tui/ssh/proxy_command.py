"""ProxyCommand: the user's own program as the way to a server, on one end of a socket pair.

asyncssh's own way takes the program's complaints for the server's words, and its closed stderr for
a lost connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import threading

from tui.model.host import LinkState
from tui.ssh.failure import LinkFailure
from tui.ssh.socket_open import OpenSocket, readable
from tui.ssh.threads import in_thread

LAST_WORDS = 2048
ENDED_LIMIT_S = 1.0


class ProxySocket(OpenSocket):
    """The end of the socket pair that is ours, and the program at the other."""

    def __init__(self, sock: socket.socket, process: subprocess.Popen[bytes], stderr: int) -> None:
        super().__init__(sock)
        self._process = process
        self._stderr = stderr
        self._said = b""
        # reads its complaints and reaps it; a program may live as long as the console
        self._listener = threading.Thread(
            target=self._listen, name=f"proxy {process.pid}", daemon=True
        )
        self._listener.start()

    @property
    def complaint(self) -> str:
        """The last line that the program said on stderr, empty if none."""
        lines = self._said.decode("utf-8", "backslashreplace").strip().splitlines()
        return lines[-1] if lines else ""

    async def ended(self) -> None:
        """Return once its complaints are read in full, or after a moment."""
        await in_thread(self._listener.join, ENDED_LIMIT_S)

    def end(self) -> None:
        """Hang up on the program, as OpenSSH does."""
        super().end()
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGHUP)

    def _listen(self) -> None:
        with os.fdopen(self._stderr, "rb", buffering=0) as complaints:
            while said := complaints.read(LAST_WORDS):
                self._said = (self._said + said)[-LAST_WORDS:]
        self._process.wait()


async def open_proxy(command: str, limit_s: float) -> ProxySocket:
    """The program started, with the server's first bytes waiting; `command` is shell text.

    LinkFailure if nothing came within `limit_s` seconds.
    """
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    complaints, stderr = os.pipe()
    with theirs:
        process = subprocess.Popen(  # noqa: ASYNC220  # returns as soon as the fork has
            ["/bin/sh", "-c", f"exec {command}"],
            stdin=theirs.fileno(),
            stdout=theirs.fileno(),
            stderr=stderr,
            start_new_session=True,
        )
    os.close(stderr)
    proxy = ProxySocket(ours, process, complaints)
    try:
        async with asyncio.timeout(limit_s):
            await readable(ours)
        if not ours.recv(1, socket.MSG_PEEK):
            await proxy.ended()
            said = proxy.complaint or f"ProxyCommand ended with status {process.returncode}"
            raise LinkFailure(LinkState.UNREACHABLE, said)
    except TimeoutError:
        proxy.end()
        said = f": {proxy.complaint}" if proxy.complaint else ""
        raise LinkFailure(
            LinkState.UNREACHABLE, f"no answer by ProxyCommand in {limit_s:g} s{said}"
        ) from None
    except BaseException:
        proxy.end()
        raise
    return proxy

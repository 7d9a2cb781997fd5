"""A terminal on a host: the only channel with a PTY, and never with the operator's agent."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from tui.model.terminal import TERM, TerminalEnd

if TYPE_CHECKING:
    from tui.ssh.wire_terminal import TerminalSession

WINDOW = 256 * 1024
_CLOSE_S = 2.0


def terminal_options(columns: int, lines: int) -> dict[str, Any]:
    """How a terminal's channel is opened; forwarding of the agent or of X11 is never asked for."""
    return {
        "request_pty": "force",
        "term_type": TERM,
        "term_size": (columns, lines),
        "env": None,
        "send_env": None,
        "x11_forwarding": False,
        "encoding": None,
        "window": WINDOW,
    }


class SshTerminal:
    """A terminal as operations/ports.py wants it."""

    def __init__(self, session: TerminalSession) -> None:
        self._session = session

    @property
    def end(self) -> TerminalEnd | None:
        """How it ended; None while it runs."""
        return self._session.end

    async def read(self) -> bytes:
        """All that has come since, at least a byte; b"" at the end."""
        return await self._session.take()

    def write(self, data: bytes) -> None:
        """Send keys; dropped once it has ended."""
        chan = self._session.chan
        if chan is not None and self.end is None:
            with contextlib.suppress(OSError):
                chan.write(data)

    def resize(self, columns: int, lines: int) -> None:
        """Tell the remote another size."""
        chan = self._session.chan
        if chan is not None and self.end is None:
            with contextlib.suppress(OSError):
                chan.change_terminal_size(columns, lines)

    async def close(self) -> None:
        """Hang up, and wait a moment for the host to have closed its side."""
        chan = self._session.chan
        if chan is not None and self.end is None:
            self._session.hung_up = True
            chan.close()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_CLOSE_S):
                    await chan.wait_closed()

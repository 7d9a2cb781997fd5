"""What the use cases need of a session; tui/ssh gives it, tests may give something smaller."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from tui.model.command import Command, Outcome
from tui.model.fleet import Host
from tui.model.gate import Grant
from tui.model.host import Link
from tui.model.terminal import TerminalCommand, TerminalEnd


class ByteStream(Protocol):
    """stdout of a running command, as blocks of bytes in order of arrival.

    Iterating pauses the remote when it is not read (the channel's window is the only queue).
    After the iteration ended, `outcome` says how; its stdout is empty.
    """

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    @property
    def outcome(self) -> Outcome | None: ...


class TcpChannel(Protocol):
    """A byte channel to a port as the host sees it (direct-tcpip)."""

    async def read(self, count: int) -> bytes: ...

    def write(self, data: bytes) -> None: ...


class Terminal(Protocol):
    """A terminal on a host. What is not read stops the remote: the window is the only queue."""

    @property
    def end(self) -> TerminalEnd | None:
        """How it ended; None while it runs."""
        ...

    async def read(self) -> bytes:
        """All that has come since, at least a byte; b"" at the end."""
        ...

    def write(self, data: bytes) -> None:
        """Send keys; dropped once it has ended."""
        ...

    def resize(self, columns: int, lines: int) -> None:
        """Tell the remote another size."""
        ...

    async def close(self) -> None:
        """Hang up: what runs there gets SIGHUP."""
        ...


class Session(Protocol):
    """One host's link; many commands at once, never more channels than the limit."""

    @property
    def host(self) -> Host: ...

    @property
    def link(self) -> Link: ...

    async def run(self, command: Command, grant: Grant | None = None) -> Outcome:
        """Run to its end, its limit or the link's. NotConnected and ChangeRefused are raised
        before anything is sent; afterwards every ending is an Outcome."""
        ...

    def stream(self, command: Command) -> AbstractAsyncContextManager[ByteStream]:
        """Run an endless read; leaving the block closes its channel."""
        ...

    async def upload(
        self,
        local: Path,
        remote: str,
        offset: int,
        progress: Callable[[int], None],
        grant: Grant | None,
    ) -> Outcome:
        """Write `local` from `offset` on into `remote`, a path below the SSH user's home.

        Status 0: every byte was answered for; 1: the host refused, stderr says what it said, and
        what it took stays there. `progress` is told the bytes answered for. NotConnected and
        ChangeRefused are raised before anything is written.
        """
        ...

    def connect_tcp(self, address: str, port: int) -> AbstractAsyncContextManager[TcpChannel]:
        """A channel to address:port on the host; ConnectionError if the host refuses it,
        PermissionError if forwarding itself is not allowed."""
        ...

    async def open_terminal(self, command: TerminalCommand, columns: int, lines: int) -> Terminal:
        """A command behind a terminal of that size; ChangeRefused while production is locked,
        NotConnected if it cannot be opened."""
        ...

    def watch(self, callback: Callable[[Link], None]) -> Callable[[], None]:
        """Call back on the event loop at each change of `link`; the result ends it."""
        ...

    async def usable(self) -> None:
        """Return as soon as the link is usable."""
        ...

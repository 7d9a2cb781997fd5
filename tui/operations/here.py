"""This machine as the place of a step that no host carries out: a build."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from tui.errors import NotConnected
from tui.model.command import Command, Outcome
from tui.model.fleet import Host, Transport
from tui.model.gate import Grant
from tui.model.host import Link, LinkState
from tui.model.terminal import TerminalCommand
from tui.operations.ports import ByteStream, TcpChannel, Terminal

HERE = "this machine"
"""The host of such a step; no configured host can be named so, for the blank in it."""
_WHY = "this machine takes no commands of hosts"


class Here:
    """A session that only says where it is: its steps act by themselves."""

    host = Host(HERE, transport=Transport.LOCAL)
    link = Link(LinkState.UP)

    async def run(self, command: Command, grant: Grant | None = None) -> Outcome:
        """Refused: what is meant for a host must not run here."""
        raise NotConnected(_WHY)

    def stream(self, command: Command) -> AbstractAsyncContextManager[ByteStream]:
        """Refused likewise."""
        raise NotConnected(_WHY)

    def connect_tcp(self, address: str, port: int) -> AbstractAsyncContextManager[TcpChannel]:
        """Refused likewise."""
        raise NotConnected(_WHY)

    async def upload(
        self,
        local: Path,
        remote: str,
        offset: int,
        progress: Callable[[int], None],
        grant: Grant | None,
    ) -> Outcome:
        """Refused likewise."""
        raise NotConnected(_WHY)

    async def open_terminal(self, command: TerminalCommand, columns: int, lines: int) -> Terminal:
        """Refused likewise."""
        raise NotConnected(_WHY)

    def watch(self, callback: Callable[[Link], None]) -> Callable[[], None]:
        """It never changes."""
        return lambda: None

    async def usable(self) -> None:
        """At once."""

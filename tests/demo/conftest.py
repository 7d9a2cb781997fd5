"""A plain asyncssh client for the embedded fleet: nothing of beamdeck's own SSH is in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import asyncssh
import pytest

from tui.demo.fleet import DemoFleet


@dataclass(frozen=True)
class Answer:
    """What a command gave: exit status (None: by a signal), both outputs as text."""

    status: int | None
    out: str
    err: str
    signal: str | None = None


class Shell:
    """One user's connection to one host."""

    def __init__(self, connection: asyncssh.SSHClientConnection) -> None:
        self.connection = connection

    async def run(self, command: str, stdin: bytes = b"", **options: Any) -> Answer:
        """Run a command line by the login shell, as `ssh host 'command'` does."""
        given = {"input": stdin} if stdin else {"stdin": asyncssh.DEVNULL}
        done = await self.connection.run(command, encoding=None, **given, **options)
        signal = done.exit_signal[0] if done.exit_signal else None
        status = done.exit_status if signal is None else None
        return Answer(status, _text(done.stdout), _text(done.stderr), signal)

    async def output(self, command: str) -> bytes:
        """stdout of a command that must succeed, as it is."""
        done = await self.connection.run(command, encoding=None, stdin=asyncssh.DEVNULL, check=True)
        stdout: Any = done.stdout
        return bytes(stdout)

    async def process(self, command: str | None, **options: Any) -> Any:
        """Start a command and leave it running."""
        return await self.connection.create_process(command, encoding=None, **options)


def _text(data: Any) -> str:
    return bytes(data or b"").decode("utf-8", "backslashreplace")


async def until(condition: Callable[[], bool], limit_s: float = 5.0) -> None:
    """Wait for something that happens in a process of its own, or in the fleet."""
    async with asyncio.timeout(limit_s):
        while not condition():  # noqa: ASYNC110 - a file or a process cannot set an event
            await asyncio.sleep(0.01)


Connect = Callable[..., Awaitable[Shell]]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """`await connect(fleet, host="web1", user="devops")` gives a Shell."""
    async with AsyncExitStack() as opened:

        async def make(
            fleet: DemoFleet, host: str = "web1", user: str = "devops", **options: Any
        ) -> Shell:
            machine = fleet.machines[host]
            connection = await opened.enter_async_context(
                asyncssh.connect(
                    "127.0.0.1",
                    machine.port,
                    username=user,
                    client_keys=[str(fleet.identity)],
                    known_hosts=str(fleet.known_hosts),
                    config=None,
                    **options,
                )
            )
            return Shell(connection)

        yield make


@pytest.fixture
async def shell(demo_fleet: DemoFleet, connect: Connect) -> Shell:
    """devops on web1 of the quiet fleet."""
    return await connect(demo_fleet)

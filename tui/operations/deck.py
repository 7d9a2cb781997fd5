"""The services of one open environment and app: what a screen or a command is given."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.model.fleet import App, Config, Environment
    from tui.operations.audit_log import AuditLog
    from tui.operations.follow import JournalFeed
    from tui.operations.oplog import OpLog
    from tui.operations.snapshot import Board
    from tui.operations.store import JournalStore
    from tui.ssh.fleet import Fleet
    from tui.ssh.gate import Gate


@dataclass(slots=True)
class Deck:
    """One environment and app: sessions, probes, journal, records. Started and closed once."""

    config: Config
    environment: Environment
    app: App
    fleet: Fleet
    gate: Gate
    board: Board
    store: JournalStore
    feed: JournalFeed
    oplog: OpLog
    audit: AuditLog
    clock: Callable[[], float]
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def key(self) -> str:
        """What tells this deck from others: `environment/app`."""
        return f"{self.environment.name}/{self.app.name}"

    def start(self, *, journal: bool = True) -> None:
        """Connect, probe and follow in the background; returns at once."""
        self.fleet.start()
        self._tasks.append(asyncio.create_task(self.board.run(), name=f"board {self.key}"))
        if journal:
            self._tasks.append(asyncio.create_task(self.feed.run(), name=f"journal {self.key}"))

    async def close(self) -> None:
        """End the followers, then the links; what runs on the hosts is left alone."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._tasks.clear()
        await self.fleet.close()

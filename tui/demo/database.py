"""The database that all hosts of the fleet share: what is applied, and whether it answers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable


class Database:
    """`schema_migrations` of one PostgreSQL, with its lock and its faults."""

    def __init__(self, host: str, applied: Iterable[int]) -> None:
        self.host = host
        self.applied = set(applied)
        self.reachable = True
        self.table = True  # whether `schema_migrations` was ever created
        self.migration_s = 0.0
        self.lock = asyncio.Lock()

    def answers(self, url: str) -> bool:
        """Whether a connection by this URL is possible."""
        place = url.rpartition("@")[2].partition("/")[0].partition(":")[0]
        return self.reachable and place == self.host

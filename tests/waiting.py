"""Waiting for what a test expects, never for a time to pass."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

LIMIT_S = 30.0


async def until(holds: Callable[[], object], limit_s: float = LIMIT_S) -> None:
    """Return as soon as `holds()` is true; TimeoutError if it is not within the limit."""
    async with asyncio.timeout(limit_s):
        while not holds():  # noqa: ASYNC110 - there is no event for what is waited for
            await asyncio.sleep(0.01)

"""How long something has been the same, by the event loop's clock."""

from __future__ import annotations

import asyncio


def now() -> float:
    """Seconds by the event loop's clock."""
    return asyncio.get_running_loop().time()


class Held:
    """How long a thing has been the same without another in between."""

    def __init__(self) -> None:
        self._what: object = None
        self._at = 0.0

    def seconds(self, what: object) -> float:
        """Seconds since `what` was first given and nothing else after it."""
        at = now()
        if what != self._what:
            self._what, self._at = what, at
        return at - self._at

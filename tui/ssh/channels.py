"""The places on one connection: never more channels than the limit, short commands never starved.

Streams are long and may not take the last places. Where sshd allows fewer sessions than we do
(MaxSessions), its refusal lowers the ceiling for a while and the command waits: nothing was sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
from collections import deque

RESERVED = 2  # places that streams leave to short commands
LOWERED_S = 30.0  # how long a ceiling that sshd lowered holds


class Place:
    """A place held on the connection; given back once, however often `free` is called."""

    def __init__(self, channels: Channels, *, stream: bool) -> None:
        self._channels: Channels | None = channels
        self._stream = stream

    def free(self) -> None:
        """Give the place to the next who waits."""
        channels, self._channels = self._channels, None
        if channels is not None:
            channels._give(self._stream)

    def handed_over(self) -> Place:
        """The place for another holder: freeing this one does nothing from now on."""
        other = copy.copy(self)
        self._channels = None
        return other


class Channels:
    """A counter with two queues, each in order of arrival. One event loop only."""

    def __init__(self, limit: int) -> None:
        """At most `limit` channels at once, at least 1."""
        self.limit = max(1, limit)
        self.open = 0
        self.peak = 0
        self._streams = 0
        self._ceiling = self.limit
        self._lowered_until = 0.0
        self._waiting: deque[tuple[bool, asyncio.Future[Place]]] = deque()

    async def place(self, *, stream: bool = False) -> Place:
        """Wait for a place; streams leave some to short commands."""
        if self._has_room(stream) and not any(kind == stream for kind, _ in self._waiting):
            return self._given(stream)
        turn: asyncio.Future[Place] = asyncio.get_running_loop().create_future()
        self._waiting.append((stream, turn))
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                turn.result().free()  # the place came together with the cancellation
            raise
        finally:
            with contextlib.suppress(ValueError):
                self._waiting.remove((stream, turn))

    def refused(self) -> bool:
        """The host opened no further channel: lower the ceiling to what it held until now.

        True if waiting for one of our own channels to end can help, False if there is none.
        Called while the refused place is still held.
        """
        others = self.open - 1
        if others < 1:
            return False
        self._ceiling = min(self._ceiling, others)
        loop = asyncio.get_running_loop()
        self._lowered_until = loop.time() + LOWERED_S
        loop.call_later(LOWERED_S, self._raise_ceiling)
        return True

    def _raise_ceiling(self) -> None:
        # A later refusal moved the end on; its own timer comes.
        if asyncio.get_running_loop().time() >= self._lowered_until:
            self._ceiling = self.limit
            self._wake()

    def _has_room(self, stream: bool) -> bool:
        if self.open >= self._ceiling:
            return False
        return not stream or self._streams < max(1, self._ceiling - RESERVED)

    def _given(self, stream: bool) -> Place:
        self._count(stream, 1)
        return Place(self, stream=stream)

    def _count(self, stream: bool, by: int) -> None:
        self.open += by
        self.peak = max(self.peak, self.open)
        if stream:
            self._streams += by

    def _give(self, stream: bool) -> None:
        self._count(stream, -1)
        self._wake()

    def _wake(self) -> None:
        # A stream that cannot have a place yet does not hold up the short command behind it.
        for item in tuple(self._waiting):
            stream, turn = item
            if not turn.done() and self._has_room(stream):
                self._waiting.remove(item)
                turn.set_result(self._given(stream))

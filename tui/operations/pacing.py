"""The screen's share of the time: slices of work that let keys in, and calls once a frame."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import perf_counter
from types import TracebackType

# Of one turn of the loop at most this goes to reading, however many hosts talk at once.
SLICE_S = 0.006
FRAME_S = 1 / 30


class Turns:
    """Shares the loop between readers: `async with turns:` around work of a few milliseconds.

    When readers have used SLICE_S in one turn of the loop, the next one waits for another turn;
    between turns the loop serves keys, timers and the screen.
    """

    def __init__(self) -> None:
        self._spent = 0.0
        self._counting = False
        self._began = 0.0

    async def __aenter__(self) -> None:
        while self._spent >= SLICE_S:  # noqa: ASYNC110 - what is awaited is the loop's next turn
            await asyncio.sleep(0)
        self._began = perf_counter()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Nothing is awaited inside, so nobody else's work is counted here.
        self._spent += perf_counter() - self._began
        if not self._counting:
            self._counting = True
            asyncio.get_running_loop().call_soon(self._next_turn)

    def _next_turn(self) -> None:
        self._spent = 0.0
        self._counting = False


class Pulse:
    """Calls its watchers after changes: at once after a rest, else once a frame, never too early
    for the last change."""

    def __init__(self, interval_s: float = FRAME_S) -> None:
        self._interval_s = interval_s
        self._watchers: list[Callable[[], None]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._last = 0.0

    def watch(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back on the loop after changes; the result ends it."""
        self._watchers.append(callback)

        def stop() -> None:
            if callback in self._watchers:
                self._watchers.remove(callback)

        return stop

    def beat(self) -> None:
        """Something changed. Must be called on the loop."""
        if self._timer is None and self._watchers:
            loop = asyncio.get_running_loop()
            wait = max(0.0, self._last + self._interval_s - loop.time())
            self._timer = loop.call_later(wait, self._call)

    def stop(self) -> None:
        """Forget a call that is due."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _call(self) -> None:
        self._timer = None
        self._last = asyncio.get_running_loop().time()
        for callback in tuple(self._watchers):
            callback()


class Rest:
    """Calls back when nothing happened for a while; one wait at a time."""

    def __init__(self, callback: Callable[[], None]) -> None:
        self._callback = callback
        self._timer: asyncio.TimerHandle | None = None

    def after(self, seconds: float) -> None:
        """Call back in `seconds`, counted anew from now."""
        self.stop()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._callback)

    def stop(self) -> None:
        """Do not call back."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

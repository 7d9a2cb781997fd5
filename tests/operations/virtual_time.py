"""An event loop whose clock jumps to the next timer: hours of waiting pass at once, in order."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


class Stuck(AssertionError):
    """Everybody waits, and no timer is set: in real life this would hang for ever."""


class _Selector(selectors.SelectSelector):
    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[Any]:
        events = super().select(0)
        if events or timeout == 0:
            return events
        if timeout is None:
            raise Stuck("nothing is left that could happen")
        self.loop.jump(max(timeout, 0.0))
        return events


class VirtualLoop(asyncio.SelectorEventLoop):
    """`time()` begins at 1,000 s and moves only when everybody waits."""

    def __init__(self) -> None:
        self._virtual = 1_000.0
        selector = _Selector()
        super().__init__(selector)
        selector.loop = self

    def time(self) -> float:
        return self._virtual

    def jump(self, seconds: float) -> None:
        self._virtual += seconds


def run(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Run to the end in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(coroutine)


def clock() -> float:
    """Unix seconds that follow the virtual loop."""
    return 1_795_400_000.0 + asyncio.get_running_loop().time()

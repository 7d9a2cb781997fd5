"""Matching a pattern for a limited time: somebody typed it, or a user's rule holds it."""

from __future__ import annotations

import re
import signal
import threading
from types import FrameType

PATIENCE_S = 0.25


class TooSlow(Exception):
    """Raised into a running match by the alarm."""


class Alarm:
    """A limit on the time that a match takes.

    `re` has none of its own but looks for signals while it matches. Signals reach the main
    thread only; elsewhere matches run without a limit, which holds up that thread alone.
    """

    def __init__(self) -> None:
        self._installed = False
        self._armed = False

    def search(
        self, pattern: re.Pattern[str], message: str, start: int, end: int
    ) -> re.Match[str] | None:
        """`pattern.search`, or TooSlow after PATIENCE_S."""
        if not self._ready():
            return pattern.search(message, start, end)
        self._armed = True
        signal.setitimer(signal.ITIMER_REAL, PATIENCE_S)
        try:
            return pattern.search(message, start, end)
        finally:
            # First the flag: an alarm that is already on its way must not meet other code.
            self._armed = False
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _ready(self) -> bool:
        if threading.current_thread() is not threading.main_thread():
            return False
        if not self._installed:
            signal.signal(signal.SIGALRM, self._ring)
            self._installed = True
        return True

    def _ring(self, _signal: int, _frame: FrameType | None) -> None:
        if self._armed:
            raise TooSlow


ALARM = Alarm()

"""The last way out of a console whose terminal is gone.

Textual's writing thread dies of a terminal that is gone, and what still wants to write then waits
for ever: the console would keep the log of its operation, and nobody could go on with it.
"""

from __future__ import annotations

import os
import sys
import termios
import threading

EXIT_S = 1.8
"""Seconds that the ordinary end gets, with all that it writes down, before the last way out."""


def leave_with_terminal() -> None:
    """End this process soon, unless it ends by itself or its terminal is still there."""
    way_out = threading.Timer(EXIT_S, _leave)
    way_out.daemon = True
    way_out.start()


def _leave() -> None:
    if terminal_gone():
        os._exit(0)


def terminal_gone() -> bool:
    """Whether what the console was started on does not answer as a terminal any more."""
    if sys.__stdin__ is None:
        return True
    try:
        termios.tcgetattr(sys.__stdin__.fileno())
    except (OSError, ValueError, termios.error):
        return True
    return False

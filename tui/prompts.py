"""Questions on a terminal, for commands without a screen. Nothing but a terminal is ever read.

The line is read by the event loop, so that links stay alive while somebody thinks.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import termios

from tui.errors import BeamdeckError


class Declined(BeamdeckError):
    """The operator ended the questions instead of answering them."""

    title = "Not begun"


def on_a_terminal() -> bool:
    """Whether somebody can be asked: both what is read and what is shown is a terminal."""
    try:
        return os.isatty(0) and sys.stderr.isatty()
    except (OSError, ValueError):
        return False


async def ask(question: str) -> str:
    """One line of the terminal, without blanks around it; what was typed ahead is dropped.

    Declined at its end (Ctrl-D).
    """
    with contextlib.suppress(termios.error):
        termios.tcflush(0, termios.TCIFLUSH)
    print(f"{question} › ", end="", file=sys.stderr, flush=True)
    loop = asyncio.get_running_loop()
    line: asyncio.Future[bytes] = loop.create_future()

    def readable() -> None:
        if not line.done():
            try:
                line.set_result(os.read(0, 4096))
            except OSError:
                line.set_result(b"")

    loop.add_reader(0, readable)
    try:
        raw = await line
    finally:
        loop.remove_reader(0)
    if not raw:
        print(file=sys.stderr)
        raise Declined("the questions were not answered; nothing was sent")
    return raw.decode("utf-8", "replace").strip()

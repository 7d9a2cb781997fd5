"""Read a host that may be out of sight: wait for its link a bounded time, then ask."""

from __future__ import annotations

import asyncio

from tui.errors import NotConnected
from tui.model.command import Command, Outcome
from tui.model.plan import StepState
from tui.operations.held import now
from tui.operations.ports import Session
from tui.operations.steps import Say

RECONNECT_S = 300.0
"""Seconds that a link is waited for before the truth is left open."""
_PAUSE_S = 0.5


async def read_in_sight(
    session: Session, command: Command, say: Say, *, limit_s: float = RECONNECT_S
) -> Outcome | None:
    """The answer to a read, asked again after a lost link; None if the host stayed out of sight.

    Only reads: ValueError for a command that changes anything.
    """
    if not command.reading():
        raise ValueError("what changes a host is never sent again")
    deadline = now() + limit_s
    while True:
        try:
            outcome = await session.run(command)
        except NotConnected:
            outcome = None
        if outcome is not None and outcome.known:
            return outcome
        if now() >= deadline:
            return None
        if session.link.usable:
            await asyncio.sleep(_PAUSE_S)
            continue
        say(StepState.UNKNOWN, f"{session.link.state}; waiting for the link")
        try:
            async with asyncio.timeout_at(asyncio.get_running_loop().time() + deadline - now()):
                await session.usable()
        except TimeoutError:
            return None
        except NotConnected:
            return None
        say(StepState.VERIFYING, "the link is back; reading the host")

"""Reading a host after a step until it answers: the link is waited for, a bounded time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import TypeVar

from tui.errors import BeamdeckError
from tui.model.command import Command, Outcome
from tui.model.plan import StepState
from tui.operations.held import now
from tui.operations.ports import Session
from tui.operations.steps import Say

RECONNECT_S = 300.0
POLL_S = 1.0

Seen = TypeVar("Seen")


class OutOfSight(Exception):
    """The host could not be read for longer than is waited for it."""


async def in_sight(
    session: Session,
    look: Callable[[], Awaitable[Seen | None]],
    say: Say,
    limit_s: float = RECONNECT_S,
) -> Seen:
    """What `look` sees as soon as it sees something; OutOfSight after `limit_s` seconds.

    `look` returns None, or raises BeamdeckError, where the host gave no answer.
    """
    deadline = now() + limit_s
    while True:
        try:
            seen = await look()
        except BeamdeckError:
            seen = None
        if seen is not None:
            return seen
        if now() >= deadline:
            raise OutOfSight
        if session.link.usable:
            await asyncio.sleep(POLL_S)
            continue
        say(StepState.UNKNOWN, f"{session.link.state}; waiting for the link")
        try:
            async with asyncio.timeout_at(deadline):
                await session.usable()
        except TimeoutError:
            raise OutOfSight from None
        say(StepState.VERIFYING, "the link is back; reading the host")


async def link_back(session: Session, enough: Coroutine[object, object, None]) -> bool:
    """Whether the link can be used again within RECONNECT_S seconds, and before `enough` ends."""
    back = asyncio.ensure_future(session.usable())
    given_up = asyncio.ensure_future(enough)
    try:
        await asyncio.wait(
            (back, given_up), timeout=RECONNECT_S, return_when=asyncio.FIRST_COMPLETED
        )
        return back.done() and back.exception() is None
    finally:
        back.cancel()
        given_up.cancel()


async def link_within(session: Session, limit_s: float) -> bool:
    """Whether the link can be used within `limit_s` seconds."""
    try:
        async with asyncio.timeout(limit_s):
            await session.usable()
    except TimeoutError:
        return False
    return True


async def read_in_sight(session: Session, command: Command, say: Say) -> Outcome | None:
    """The answer to a read, asked again after a lost link; None if the host stayed out of sight.

    ValueError for a command that changes anything: that is never sent again.
    """
    if not command.reading():
        raise ValueError("what changes a host is never sent again")

    async def look() -> Outcome | None:
        outcome = await session.run(command)
        return outcome if outcome.known else None

    try:
        return await in_sight(session, look, say)
    except OutOfSight:
        return None

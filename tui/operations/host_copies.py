"""The copies of an operation's log on its hosts: brought up to the local one, or found ahead of it.

A step is sent only after its own host holds the records so far; the other hosts follow behind.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tui.commands.operation_copy import (
    MOVED,
    CopyState,
    grow_copy,
    parse_state,
    parts_of,
    read_copy,
)
from tui.commands.owner import NOT_ALLOWED
from tui.errors import BeamdeckError, NotConnected
from tui.model.audit import parse_line
from tui.model.command import Outcome
from tui.model.fleet import App
from tui.model.gate import Grant
from tui.model.operation import whole_lines, worker_of
from tui.model.redact import from_host
from tui.operations.ports import Session

SPREAD_S = 5.0
"""Seconds that the end of an operation waits for hosts that are behind."""


class StoodDown(BeamdeckError):
    """Another console goes on with the operation; this one sends nothing more of it."""

    title = "The operation was taken over"
    remedy = "Look at it with the other console, or among the operations of this one."


@dataclass(slots=True)
class _Copy:
    """What is known of one host's copy. `off`: why none is kept there."""

    session: Session
    state: CopyState = field(default_factory=lambda: CopyState.of(b""))
    off: str = ""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class HostCopies:
    """The copies of one operation on the hosts of its plan, while this console works on it."""

    def __init__(
        self,
        app: App,
        op: str,
        sessions: Mapping[str, Session],
        content: Callable[[], bytes],
        grant: Grant,
    ) -> None:
        """`content` is the local log as it is on disk."""
        self._app = app
        self._op = op
        self._content = content
        self._grant = grant
        self._copies = {name: _Copy(session) for name, session in sessions.items()}
        self._spreading: asyncio.Task[None] | None = None

    @property
    def off(self) -> dict[str, str]:
        """Hosts that keep no copy, and why."""
        return {name: copy.off for name, copy in self._copies.items() if copy.off}

    async def bring(self, host: str) -> str:
        """Bring a host's copy up to the local log; why none is kept there, empty if one is.

        NotConnected if the host is not there, StoodDown if its copy was gone on with by another
        console: in both cases nothing more may be sent.
        """
        copy = self._copies.get(host)
        if copy is None:
            return "it is not a host of this operation"
        async with copy.turn:
            if not copy.off:
                await self._bring(copy)
        return copy.off

    async def _bring(self, copy: _Copy) -> None:
        content = self._content()
        for _ in range(3):
            base = copy.state.size_bytes
            if base > len(content) or CopyState.of(content[:base]) != copy.state:
                raise StoodDown("its copy is ahead of this console's")
            moved = False
            for part in parts_of(content[base:]):
                moved = not await self._grow(copy, part)
                if moved or copy.off:
                    break
            if not moved:
                return
            await self._look_again(copy, content)
        raise NotConnected(f"the copy on {copy.session.host.name} does not stay as it is")

    async def _grow(self, copy: _Copy, part: bytes) -> bool:
        """Add a part; False if the copy is not as it was known."""
        known = copy.state
        command = grow_copy(self._app, self._op, known, known.size_bytes, part)
        outcome = await copy.session.run(command, self._grant)
        if not outcome.known:
            raise NotConnected(f"the link was lost ({outcome.ended})")
        if outcome.exit_status == MOVED:
            return False
        copy.off = why_not_kept(outcome)
        if not copy.off:
            copy.state = parse_state(outcome.stdout)
        return True

    async def _look_again(self, copy: _Copy, content: bytes) -> None:
        """Learn what the copy is; StoodDown if it says something else than the local log."""
        there = await fetch_copy(copy.session, self._app, self._op)
        if not content.startswith(there):
            raise StoodDown(f"on {copy.session.host.name} {taken_words(there)}")
        copy.state = CopyState.of(there)

    def spread(self) -> None:
        """Bring the copies of all hosts up to date in the background, as far as they are there."""
        if self._spreading is None or self._spreading.done():
            self._spreading = asyncio.create_task(self._bring_all(), name=f"copies of {self._op}")

    async def settle(self, limit_s: float = SPREAD_S) -> None:
        """Bring all that are there up to date, within `limit_s` seconds."""
        await self.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                await self._bring_all()

    async def close(self) -> None:
        """End what goes on in the background."""
        if self._spreading is not None:
            self._spreading.cancel()
            await asyncio.wait([self._spreading])
            self._spreading = None

    async def _bring_all(self) -> None:
        async def quietly(host: str) -> None:
            # A host that is away, or ahead, is met again before anything is sent to it.
            with contextlib.suppress(BeamdeckError, ValueError, OSError):
                await self.bring(host)

        await asyncio.gather(*map(quietly, self._copies))


def why_not_kept(outcome: Outcome) -> str:
    """Why a host keeps no copy, by the answer to a write; empty if it does."""
    if outcome.ok:
        return ""
    lines = from_host(outcome.stderr).strip().splitlines()
    said = lines[-1].removeprefix("beamdeck: ") if lines else f"exit status {outcome.exit_status}"
    if outcome.exit_status == NOT_ALLOWED:
        return f"no copy of the operation is kept there: {said}"
    return f"no copy of the operation can be written there: {said}"


async def fetch_copy(session: Session, app: App, op: str) -> bytes:
    """A host's copy of an operation, b"" if it has none; NotConnected if it cannot be read."""
    outcome = await session.run(read_copy(app, op))
    if not outcome.ok:
        lines = from_host(outcome.stderr).strip().splitlines()
        raise NotConnected(lines[-1] if lines else str(outcome.ended))
    return outcome.stdout


def taken_words(content: bytes) -> str:
    """Who went on with an operation, by its copy."""
    records = []
    for line in whole_lines(content):
        with contextlib.suppress(ValueError):
            records.append(parse_line(line.rstrip(b"\n")))
    who = worker_of(records)
    return f"{who.words} goes on with it"

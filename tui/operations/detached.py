"""Follow a detached step to its end, over as many links as that takes, within its limit."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from tui.commands.detached import DetachedState, parse_detached, read_detached
from tui.errors import BeamdeckError, NotConnected
from tui.model.fleet import App
from tui.model.plan import StepState
from tui.model.redact import from_host
from tui.operations.held import now
from tui.operations.ports import Session
from tui.operations.steps import Say

POLL_S = 0.5
SLOW_POLL_S = 2.0
ABSENT_S = 10.0
"""Seconds that a step may still be missing: its start may be under way without its link."""

KEPT_BYTES = 8 * 1024 * 1024
"""Bytes of output that are kept; of more, the middle goes."""

_CUT = b"\n[beamdeck: output left out here]\n"


@dataclass(frozen=True, slots=True)
class DetachedEnd:
    """How a detached step ended. `exit_status` is what it left, None if it left none.

    `lost`: its truth is not known (still at work past its limit, out of reach, or gone without
    a status). Neither lost nor a status: it never began. `detail` says it in words.
    """

    exit_status: int | None
    output: bytes
    lost: bool
    detail: str = ""


async def follow_detached(
    session: Session, app: App, step_name: str, limit_s: float, say: Say
) -> DetachedEnd:
    """Wait for the step's end at most `limit_s` seconds; never raises for a lost link."""
    return await _Follower(session, app, step_name, limit_s, say).follow()


class _Follower:
    """One step being followed."""

    def __init__(
        self, session: Session, app: App, step_name: str, limit_s: float, say: Say
    ) -> None:
        self._session = session
        self._app = app
        self._name = step_name
        self._limit_s = limit_s
        self._say = say
        self._output = _Kept()
        self._offset = 0

    async def follow(self) -> DetachedEnd:
        deadline = now() + self._limit_s
        missing_since: float | None = None
        pause_s, seen = POLL_S, ""
        while True:
            state = await self._look(deadline)
            if isinstance(state, str):
                seen = state
            elif state.word == "ended" and state.whole:
                return self._ended(state)
            elif state.word == "absent":
                missing_since = missing_since or now()
                if now() - missing_since >= ABSENT_S:
                    return DetachedEnd(None, b"", False, "it was never begun")
            elif not state.whole:
                continue
            else:
                seen = f"still at work after {self._limit_s:g} s"
            if now() >= deadline:
                return DetachedEnd(None, self._output.bytes, True, seen or "it was not begun yet")
            await asyncio.sleep(min(pause_s, max(0.0, deadline - now())))
            pause_s = min(SLOW_POLL_S, pause_s * 1.2)

    def _ended(self, state: DetachedState) -> DetachedEnd:
        lost = state.exit_status is None
        how = "it ended without a status" if lost else f"exit status {state.exit_status}"
        return DetachedEnd(state.exit_status, self._output.bytes, lost, how)

    async def _look(self, deadline: float) -> DetachedState | str:
        """The step as it stands, its new output kept; in words why it cannot be read."""
        try:
            outcome = await self._session.run(read_detached(self._app, self._name, self._offset))
        except NotConnected as error:
            self._say(StepState.UNKNOWN, f"the host is out of sight: {error.detail}")
            await self._back(deadline)
            return f"the host is out of sight: {error.detail}"
        except BeamdeckError as error:
            return error.detail
        if not outcome.known:
            self._say(StepState.UNKNOWN, f"{outcome.ended}; the step goes on by itself")
            return str(outcome.ended)
        try:
            state = parse_detached(outcome.stdout, self._offset)
        except ValueError as error:
            return f"{error}: {from_host(outcome.stderr).strip() or outcome.exit_status}"
        self._offset = state.next_offset
        self._output.add(state.output)
        if state.word == "running":
            self._say(StepState.VERIFYING, self._output.last_line or "it is at work")
        return state

    async def _back(self, deadline: float) -> None:
        try:
            await asyncio.wait_for(self._session.usable(), max(0.0, deadline - now()))
        except TimeoutError:
            return


class _Kept:
    """Output in order, its beginning and its end if it is too much for both."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._tail = bytearray()
        self._cut = False

    def add(self, data: bytes) -> None:
        room = KEPT_BYTES // 2 - len(self._head)
        self._head += data[:room]
        self._tail += data[room:]
        over = len(self._tail) - KEPT_BYTES // 2
        if over > 0:
            self._cut = True
            del self._tail[:over]

    @property
    def bytes(self) -> bytes:
        return bytes(self._head) + (_CUT if self._cut else b"") + bytes(self._tail)

    @property
    def last_line(self) -> str:
        end = bytes(self._tail[-4096:]) or bytes(self._head[-4096:])
        lines = [line for line in from_host(end).splitlines() if line.strip()]
        return lines[-1].strip() if lines else ""

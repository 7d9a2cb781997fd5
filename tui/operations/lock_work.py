"""Taking the lock of a host, giving it back, and clearing somebody else's, each as a step."""

from __future__ import annotations

import asyncio

from tui.commands.lock import parse_lock, read_lock
from tui.errors import NotConnected
from tui.model.command import Outcome
from tui.model.fleet import App
from tui.model.lock import LOCK, UNLOCK, LockSeen
from tui.model.plan import Facts, Step, StepState
from tui.model.redact import from_host
from tui.operations.held import now
from tui.operations.ports import Session
from tui.operations.sight import POLL_S, RECONNECT_S, OutOfSight, in_sight
from tui.operations.steps import Finding, Ready, Say

LATE_S = 10.0
"""Seconds that a lock is watched for a command whose answer was lost."""

BARRED = (66, 77)
"""Exit statuses of a command as the owner that say that no lock can be kept there."""


async def look_at_lock(session: Session, app: App) -> LockSeen:
    """The lock on the session's host; NotConnected if there is no link, or it was lost."""
    outcome = await session.run(read_lock(app))
    if not outcome.known or outcome.exit_status is None:
        raise NotConnected(f"the lock could not be read ({outcome.ended})")
    host = session.host.name
    if outcome.exit_status in BARRED:
        return LockSeen(host, problem=_said(outcome), barred=True)
    if not outcome.ok:
        return LockSeen(host, problem=_said(outcome))
    return parse_lock(host, outcome.stdout)


class LockWork:
    """One step about a lock: it is taken for the operation, given back, or cleared by name."""

    def __init__(self, step: Step, session: Session, app: App) -> None:
        self.step_name = ""
        self._step = step
        self._session = session
        self._app = app

    @property
    def _op(self) -> str:
        """The operation whose lock the step is about."""
        return self._step.param("op") or self.step_name.rpartition("-")[0]

    async def judge(self) -> Ready:
        """Nobody else holds it; one to be cleared shows no sign of life."""
        try:
            # To give it back the link is waited for: nobody else will.
            limit_s = RECONNECT_S if self._step.kind == UNLOCK else 0.0
            seen = await in_sight(self._session, self._look, _unheard, limit_s)
        except OutOfSight:
            return Ready(refused="it is out of sight")
        if seen.problem:
            return Ready(refused=seen.sentence)
        if seen.holder is not None and seen.holder.op != self._op:
            return Ready(refused=seen.sentence)
        if self._step.param("op") and seen.holder is not None and not seen.stale:
            return Ready(refused=f"{seen.sentence}; it is not cleared")
        return Ready((("lock", seen.word),))

    async def progress(self) -> str:
        """It takes no time worth a word."""
        return ""

    async def find_out(self, before: Facts, outcome: Outcome | None, say: Say) -> Finding:
        """Whose the lock is now."""
        unknown = outcome is not None and not (outcome.known and outcome.exit_status is not None)
        try:
            seen = await in_sight(self._session, self._look, say)
            until = now() + (LATE_S if unknown else 0.0)
            while not self._wanted(seen) and now() < until:
                # What was sent may still be on its way: a lock must not come after its end.
                await asyncio.sleep(POLL_S)
                seen = await in_sight(self._session, self._look, say)
        except OutOfSight:
            detail = f"{self._step.host} was not seen again: whose its lock is, is not known"
            return Finding(StepState.UNKNOWN, detail, open=True)
        facts = (("lock", seen.word),)
        if seen.problem:
            return Finding(StepState.UNKNOWN, seen.sentence, open=True, facts=facts)
        state, detail = self._judged(seen, outcome)
        return Finding(state, detail, facts=facts)

    async def _look(self) -> LockSeen:
        return await look_at_lock(self._session, self._app)

    def _wanted(self, seen: LockSeen) -> bool:
        """Whether it is as the step wants it."""
        ours = seen.holder is not None and seen.holder.op == self._op
        return ours == (self._step.kind == LOCK)

    def _judged(self, seen: LockSeen, outcome: Outcome | None) -> tuple[StepState, str]:
        ours = seen.holder is not None and seen.holder.op == self._op
        if self._step.kind == LOCK:
            if ours:
                return StepState.DONE, "locked for this operation"
            return StepState.REFUSED, self._not_taken(seen, outcome)
        if ours:
            said = _said(outcome) if outcome is not None else "the console was gone"
            return StepState.FAILED, f"it is still held: {said}"
        if seen.holder is not None:
            return StepState.DONE, f"given back; {seen.sentence}"
        return StepState.DONE, "given back" if not self._step.param("op") else "cleared"

    def _not_taken(self, seen: LockSeen, outcome: Outcome | None) -> str:
        if seen.holder is not None:
            return seen.sentence
        # It came free between the refusal and the look: who had it stands in the answer.
        if outcome is not None and outcome.stdout:
            beaten = parse_lock(self._step.host, b"now=0\nheld=yes\n\n" + outcome.stdout)
            if beaten.holder is not None:
                return f"not locked: it was held by {beaten.holder.sentence}, and is free now"
        return f"not locked: {_said(outcome) if outcome is not None else 'it is free'}"


def _unheard(_state: StepState, _detail: str) -> None:
    """Nobody listens before the step."""


def _said(outcome: Outcome) -> str:
    lines = from_host(outcome.stderr).strip().splitlines()
    if lines:
        return lines[-1].removeprefix("beamdeck: ")
    return f"exit status {outcome.exit_status}" if outcome.known else str(outcome.ended)

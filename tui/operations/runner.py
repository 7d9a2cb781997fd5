"""Carry a consented plan out: judge again, write down, send once, read the truth, go on or stop.

What a kind of step means is its `StepWork`'s; here are the order of things and the records.
Nothing is ever sent twice, and no exit status counts as success.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from tui.errors import ChangeRefused, RecordUnwritable
from tui.model.consent import Consent
from tui.model.gate import Grant
from tui.model.lock import UNLOCK, locks_or_unlocks
from tui.model.plan import (
    Plan,
    PlanEnded,
    PlanEvent,
    PlanPaused,
    PlanStuck,
    Step,
    StepEvent,
    StepState,
)
from tui.operations.guards import not_consented
from tui.operations.host_copies import HostCopies
from tui.operations.locks_held import LocksHeld
from tui.operations.records import Records, Resumption
from tui.operations.sight import link_back
from tui.operations.step_hand import Desk, StepHand
from tui.operations.steps import Finding, Steering

LEFT = "the console was left while this step was under way"


async def run_plan(
    plan: Plan,
    consent: Consent,
    desk: Desk,
    steering: Steering,
    going: Resumption | None = None,
) -> AsyncIterator[PlanEvent]:
    """Carry the plan out, step by step; the last event is a PlanEnded.

    `going` is an operation of this plan that an earlier console left: what is done is not done
    again. With a steering that stops already it only gives back its locks and ends.

    Before anything is sent: ChangeRefused if the environment is locked or the consent does not
    fit, RecordUnwritable if nothing can be written down. Cancelling it, or leaving the loop,
    stops no remote step: what is known is written and the operation stays unresolved.
    """
    events: asyncio.Queue[PlanEvent] = asyncio.Queue()
    run = _Run(plan, consent, desk, steering, events.put_nowait, going)
    task = asyncio.create_task(run.carry_out(), name=f"plan {plan.title}")
    try:
        while not (task.done() and events.empty()):
            event = asyncio.ensure_future(events.get())
            try:
                await asyncio.wait({task, event}, return_when=asyncio.FIRST_COMPLETED)
                if event.done():
                    yield event.result()
            finally:
                event.cancel()
        await task
    finally:
        if not task.done():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


class _Run:
    """One plan under way."""

    def __init__(
        self,
        plan: Plan,
        consent: Consent,
        desk: Desk,
        steering: Steering,
        emit: Callable[[PlanEvent], None],
        going: Resumption | None = None,
    ) -> None:
        self._plan = plan
        self._consent = consent
        self._desk = desk
        self._steering = steering
        self._emit = emit
        self._going = going
        self._start = going.left.next_step if going else 0
        self._locks = LocksHeld(going.left.locked if going else ())
        self._next = self._start
        self._open = False

    async def carry_out(self) -> None:
        """Grant, records, steps, end; the grant never outlives this."""
        plan, desk = self._plan, self._desk
        lacking = not_consented(plan, self._consent)
        if lacking:
            raise ChangeRefused("; ".join(lacking), remedy="Open the plan and confirm it again.")
        unknown_kinds = {step.kind for step in plan.steps} - set(desk.kinds)
        if unknown_kinds:
            raise ValueError(f"nobody can carry out {', '.join(sorted(unknown_kinds))}")
        grant = desk.gate.grant(plan.hash)
        try:
            records = self._records()
            copies = self._copies(records, grant)
            try:
                if copies is not None and self._going is not None:
                    # Whoever worked on it before must learn of this before anything is sent.
                    await copies.settle()
                await self._steps(StepHand(desk, grant, records, self._tell, copies))
                if copies is not None:
                    await copies.settle()
            finally:
                if copies is not None:
                    await copies.close()
                records.close()
        finally:
            desk.gate.revoke(grant)

    def _records(self) -> Records:
        desk = self._desk
        if self._going is None:
            return Records.begin(self._plan, self._consent, desk.oplog, desk.audit)
        return Records.resume(self._plan, self._consent, desk.oplog, desk.audit, self._going)

    def _copies(self, records: Records, grant: Grant) -> HostCopies | None:
        desk = self._desk
        if desk.app is None:
            return None
        sessions = {name: desk.sessions[name] for name in self._plan.hosts if name in desk.sessions}
        return HostCopies(desk.app, records.op, sessions, records.content, grant)

    def _tell(
        self, index: int, state: StepState, detail: str = "", *, warning: bool = False
    ) -> None:
        self._emit(StepEvent(index, state, self._desk.clock(), detail, warning))

    async def _steps(self, hand: StepHand) -> None:
        over = False
        try:
            early = await self._in_order(hand)
            if early is None:
                self._end(hand.records, "", ok=True)
            else:
                await self._end_early(hand, early)
            over = True
        finally:
            if not over:
                self._leave(hand)

    async def _in_order(self, hand: StepHand) -> _Early | None:
        """Every step in turn; what ended the plan before its last one, None if nothing did."""
        plan = self._plan
        for index, step in enumerate(plan.steps):
            if index < self._start:
                continue
            self._next = index
            why = step.pause or self._asked_to_wait(step)
            if why and not self._steering.stopping:
                await self._pause(index, why)
            if self._steering.stopping:
                return _Early(index, self._stopped())
            finding = await self._step(hand, index, step)
            if finding.state is not StepState.DONE or hand.mute:
                why = "; ".join(filter(None, (f"{step.host}: {finding.detail}", hand.mute)))
                return _Early(index + 1, why, finding.open)
            self._locks.note(step)
            if hand.lost_sight and not all(s.kind == UNLOCK for s in plan.steps[index + 1 :]):
                # She was away: nothing goes on by itself until she has seen how the step ended.
                away = f"{step.host} was out of sight during its step. It is done; the plan waits."
                await self._pause(index + 1, away)
        return None

    def _asked_to_wait(self, step: Step) -> str:
        """Why the operator wants to look before this step; locks go together with what they are
        for."""
        if not self._steering.by_step or locks_or_unlocks(step):
            return ""
        return f"Step by step: next is {step.host}: {step.what}."

    def _stopped(self) -> str:
        going = self._going
        if going is None or self._next > self._start:
            return "stopped by you"
        return f"ended where it stood: {going.left.standing}"

    async def _step(self, hand: StepHand, index: int, step: Step) -> Finding:
        """One step, and what the operator makes of it where it did not come out well."""
        finding = await hand.step(index, step, self._plan.facts)
        while hand.unseen and index > self._start and await self._back(index, step):
            finding = await hand.step(index, step, self._plan.facts)
        self._next, self._open = index + 1, finding.open
        self._tell(index, finding.state, finding.detail, warning=finding.warning)
        while (
            finding.state in (StepState.FAILED, StepState.UNKNOWN)
            and self._steering.attended
            and not hand.mute
        ):
            self._emit(PlanStuck(index, self._desk.clock(), f"{step.host}: {finding.detail}"))
            if not await self._steering.reads_again():
                break
            finding = await hand.read_again(index, step)
            self._open = finding.open
            self._tell(index, finding.state, finding.detail, warning=finding.warning)
        return finding

    async def _back(self, index: int, step: Step) -> bool:
        """Whether a host whose link was lost before its step is back and the operator goes on.

        A plan under way waits in a tunnel; one that has not begun is refused at once.
        """
        session = self._desk.sessions.get(step.host)
        if session is None:
            return False
        self._tell(index, StepState.WAITING, "its link is lost; nothing of it was sent")
        if not await link_back(session, self._steering.stopped()):
            return False
        away = f"{step.host} was out of sight before its step, of which nothing was sent yet."
        await self._pause(index, f"{away} It is back; the plan waits.")
        return not self._steering.stopping

    async def _end_early(self, hand: StepHand, early: _Early) -> None:
        """Skip the rest, give back the locks that are held, and end.

        Where a truth is open the locks stay: whoever comes next must know of it first.
        """
        plan, held = self._plan, self._locks.hosts
        if hand.stood_down:
            # Its locks are the other console's now, and so is its truth.
            self._end(hand.records, early.why)
            return
        kept: list[str] = []
        gives_back = not early.is_open and not hand.mute
        rest = list(enumerate(plan.steps))[early.begun :]
        back = [(i, s) for i, s in rest if gives_back and s.kind == UNLOCK and s.host in held]
        for index, _ in rest:
            if index not in dict(back):
                self._tell(index, StepState.SKIPPED, "not begun")
        is_open = early.is_open
        for index, step in back:
            finding = await hand.step(index, step, plan.facts)
            self._tell(index, finding.state, finding.detail, warning=finding.warning)
            if finding.state is StepState.DONE:
                self._locks.note(step)
            else:
                kept.append(f"{step.host}: {finding.detail}")
        if self._locks.hosts:
            # Never without a word, and the operation stays unresolved until they are given back.
            is_open = True
            kept.append(f"Still locked: {', '.join(self._locks.hosts)}")
        undone = [s for _, s in rest if not locks_or_unlocks(s)]
        not_begun = ", ".join(dict.fromkeys(step.host for step in undone))
        why = early.why + (f". Not begun: {not_begun}" if not_begun else "")
        self._end(hand.records, ". ".join([why, *kept]), is_open=is_open)

    def _leave(self, hand: StepHand) -> None:
        """The console goes (or a fault of its own ends it): write what is known, nothing else."""
        records, held = hand.records, self._locks.hosts
        with contextlib.suppress(RecordUnwritable):
            # Without the record the operation is unresolved all the same: it has no end.
            if hand.begun is not None:
                records.left(hand.begun, LEFT)
            elif self._open or held:
                locks = f"; the locks stay: {', '.join(held)}" if held else ""
                records.left(None, f"the console was left between steps{locks}")
            else:
                of = len(self._plan.steps)
                records.end(False, f"left; step {min(self._next + 1, of)} of {of} was not begun")

    async def _pause(self, index: int, reason: str) -> None:
        self._emit(PlanPaused(index, self._desk.clock(), reason))
        await self._steering.decided()

    def _end(self, records: Records, why: str, *, ok: bool = False, is_open: bool = False) -> None:
        plan = self._plan
        summary = f"{plan.title}: done and verified on {', '.join(plan.hosts)}" if ok else why
        try:
            # An operation whose truth is open keeps no end: it is asked for at the next start.
            if not is_open:
                records.end(ok, summary)
        except RecordUnwritable as error:
            ok, summary = False, f"{summary} (not written down: {error.detail})"
        self._emit(PlanEnded(ok, self._desk.clock(), summary, plan.undo))


@dataclass(frozen=True, slots=True)
class _Early:
    """Why a plan ended before its last step; steps from `begun` (0-based) on were not begun."""

    begun: int
    why: str
    is_open: bool = False

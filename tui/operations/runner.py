"""Carry a consented plan out: judge again, write down, send once, read the truth, go on or stop.

What a kind of step means is its `StepWork`'s; here are the order of things and the records.
Nothing is ever sent twice, and no exit status counts as success.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from tui.errors import ChangeRefused, RecordUnwritable
from tui.model.consent import Consent
from tui.model.plan import Plan, PlanEnded, PlanEvent, PlanPaused, Step, StepEvent, StepState
from tui.operations.guards import not_consented
from tui.operations.records import Records
from tui.operations.step_hand import Desk, StepHand
from tui.operations.steps import Steering

LEFT = "the console was left while this step was under way"


async def run_plan(
    plan: Plan, consent: Consent, desk: Desk, steering: Steering
) -> AsyncIterator[PlanEvent]:
    """Carry the plan out, step by step; the last event is a PlanEnded.

    Before anything is sent: ChangeRefused if the environment is locked or the consent does not
    fit, RecordUnwritable if nothing can be written down. Cancelling it, or leaving the loop,
    stops no remote step: what is known is written and the operation stays unresolved.
    """
    events: asyncio.Queue[PlanEvent] = asyncio.Queue()
    run = _Run(plan, consent, desk, steering, events.put_nowait)
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
    ) -> None:
        self._plan = plan
        self._consent = consent
        self._desk = desk
        self._steering = steering
        self._emit = emit

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
            records = Records.begin(plan, self._consent, desk.oplog, desk.audit)
            try:
                await self._steps(StepHand(desk, grant, records, self._tell))
            finally:
                records.close()
        finally:
            desk.gate.revoke(grant)

    def _tell(
        self, index: int, state: StepState, detail: str = "", *, warning: bool = False
    ) -> None:
        self._emit(StepEvent(index, state, self._desk.clock(), detail, warning))

    async def _steps(self, hand: StepHand) -> None:
        plan, records = self._plan, hand.records
        at = 0
        over = False
        try:
            for index, step in enumerate(plan.steps):
                at = index
                if self._steering.stopping:
                    self._end(records, index, "stopped by you")
                    break
                finding = await hand.step(index, step, plan.facts)
                self._tell(index, finding.state, finding.detail, warning=finding.warning)
                if finding.state is not StepState.DONE or hand.mute:
                    why = "; ".join(filter(None, (f"{step.host}: {finding.detail}", hand.mute)))
                    self._end(records, index + 1, why, is_open=finding.open)
                    break
                if hand.lost_sight and index + 1 < len(plan.steps):
                    await self._pause(index + 1, step)
            else:
                self._end(records, len(plan.steps), "", ok=True)
            over = True
        finally:
            if not over:
                self._leave(records, hand.begun, at)

    def _leave(self, records: Records, begun: int | None, at: int) -> None:
        """The console goes (or a fault of its own ends it): write what is known, nothing else."""
        with contextlib.suppress(RecordUnwritable):
            # Without the record the operation is unresolved all the same: it has no end.
            if begun is None:
                records.end(False, f"left; step {at + 1} of {len(self._plan.steps)} was not begun")
            else:
                records.left(begun, LEFT)

    async def _pause(self, index: int, step: Step) -> None:
        # She was away: nothing goes on by itself until she has seen how the step ended.
        reason = f"{step.host} was out of sight during its step. It is done; the plan waits."
        self._emit(PlanPaused(index, self._desk.clock(), reason))
        await self._steering.decided()

    def _end(
        self, records: Records, begun: int, why: str, *, ok: bool = False, is_open: bool = False
    ) -> None:
        plan = self._plan
        for index in range(begun, len(plan.steps)):
            self._tell(index, StepState.SKIPPED, "not begun")
        rest = ", ".join(dict.fromkeys(step.host for step in plan.steps[begun:]))
        if ok:
            summary = f"{plan.title}: done and verified on {', '.join(plan.hosts)}"
        else:
            summary = why + (f". Not begun: {rest}" if rest else "")
        try:
            # An operation whose truth is open keeps no end: it is asked for at the next start.
            if not is_open:
                records.end(ok, summary)
        except RecordUnwritable as error:
            ok, summary = False, f"{summary} (not written down: {error.detail})"
        self._emit(PlanEnded(ok, self._desk.clock(), summary, plan.undo))

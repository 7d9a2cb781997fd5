"""A plan under way as something to look at: its events so far, and a hand on its steering."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping

from tui.errors import BeamdeckError
from tui.model.consent import Consent
from tui.model.fleet import App
from tui.model.plan import Plan, PlanEnded, PlanEvent, PlanPaused, PlanStuck, StepEvent, StepState
from tui.operations.audit_log import AuditLog
from tui.operations.oplog import OpLog
from tui.operations.ports import Session
from tui.operations.records import Resumption
from tui.operations.runner import run_plan
from tui.operations.step_hand import Desk
from tui.operations.steps import Gatekeeper, Steering, StepKind


class PlanRun:
    """One run of a plan. It belongs to the app: screens come and go and look at it."""

    def __init__(
        self,
        plan: Plan,
        consent: Consent,
        *,
        sessions: Mapping[str, Session],
        gate: Gatekeeper,
        oplog: OpLog,
        audit: AuditLog,
        kinds: Mapping[str, StepKind],
        clock: Callable[[], float],
        attended: bool = False,
        app: App | None = None,
        going: Resumption | None = None,
    ) -> None:
        """`attended`: somebody can answer where a step did not come out well.

        `app`: its hosts keep copies of the operation; `going`: an operation that is gone on with.
        """
        self.plan = plan
        self.steering = Steering(attended=attended)
        self.events: list[PlanEvent] = []
        self.ended: PlanEnded | None = None
        self._answered: PlanPaused | PlanStuck | None = None
        self._consent = consent
        self._clock = clock
        self._sent: list[tuple[float, str, str]] = []
        self._watchers: list[Callable[[], None]] = []
        self._desk = Desk(sessions, gate, oplog, audit, kinds, clock, self._note_sent, app)
        self._going = going
        if going is not None:
            self.events += _done_before(going)

    @property
    def commands_sent(self) -> tuple[tuple[float, str, str], ...]:
        """(Unix seconds, host, exact command line without secrets) of each change, in order."""
        return tuple(self._sent)

    @property
    def paused(self) -> PlanPaused | None:
        """Why the plan waits for the operator now, if it does."""
        last = self.events[-1] if self.events else None
        if isinstance(last, PlanPaused) and last is not self._answered:
            return last
        return None

    @property
    def stuck(self) -> PlanStuck | None:
        """The step that did not come out well and waits for the operator now, if one does."""
        last = self.events[-1] if self.events else None
        if isinstance(last, PlanStuck) and last is not self._answered:
            return last
        return None

    def last_of(self, index: int) -> StepEvent:
        """The last event of a step (0-based); waiting if nothing happened yet."""
        for event in reversed(self.events):
            if isinstance(event, StepEvent) and event.index == index:
                return event
        return StepEvent(index, StepState.WAITING, 0.0)

    def history_of(self, index: int) -> tuple[StepEvent, ...]:
        """The events of a step (0-based), oldest first."""
        return tuple(e for e in self.events if isinstance(e, StepEvent) and e.index == index)

    async def run(self) -> None:
        """Carry the plan out, once. ChangeRefused and RecordUnwritable: nothing was sent."""
        try:
            async for event in run_plan(
                self.plan, self._consent, self._desk, self.steering, self._going
            ):
                self._add(event)
        except BeamdeckError as error:
            self._add(PlanEnded(False, self._clock(), f"not begun: {error.detail}"))
            raise
        except BaseException:
            # Left or broken: whoever looks must not see it as under way for ever.
            self._add(PlanEnded(False, self._clock(), "left by this console"))
            raise

    def go_on(self) -> None:
        """Go on after a pause, or take back a stop that did not take effect yet."""
        self._answered = self.paused
        self.steering.go_on()
        self._changed()

    def stop_here(self) -> None:
        """Begin no further step."""
        self._answered = self.paused or self.stuck
        self.steering.stop_here()
        self._changed()

    def verify_again(self) -> None:
        """Read the step that is stuck anew; nothing is sent again."""
        self._answered = self.stuck
        self.steering.verify_again()
        self._changed()

    def leave(self) -> None:
        """End the plan at the step that is stuck; its locks are given back."""
        self._answered = self.stuck
        self.steering.leave()
        self._changed()

    def watch(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back on the event loop at each change; the result ends it."""
        self._watchers.append(callback)

        def stop() -> None:
            with contextlib.suppress(ValueError):
                self._watchers.remove(callback)

        return stop

    def _note_sent(self, at: float, host: str, text: str) -> None:
        self._sent.append((at, host, text))
        self._changed()

    def _add(self, event: PlanEvent) -> None:
        self.events.append(event)
        if isinstance(event, PlanEnded):
            self.ended = event
        self._changed()

    def _changed(self) -> None:
        for callback in tuple(self._watchers):
            callback()


def _done_before(going: Resumption) -> list[PlanEvent]:
    """How the steps stood when this console came to it."""
    left = going.left
    return [
        StepEvent(index, StepState(state), left.last_at, "by the console before this one")
        for index, state in enumerate(left.states)
        if state and index < left.next_step
    ]

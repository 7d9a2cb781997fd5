"""One host's restart as a step: the last look before it, progress, and the truth after it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from tui.errors import BeamdeckError
from tui.model.command import Outcome
from tui.model.fleet import App
from tui.model.host import HostSnapshot
from tui.model.plan import Facts, Step
from tui.operations.held import Held, now
from tui.operations.ports import Session
from tui.operations.restart_aftermath import Aftermath
from tui.operations.restart_setback import Sent
from tui.operations.restart_state import Before, busy, moving, phase_words, restart_facts
from tui.operations.steps import Finding, Ready, Say

JOB_WAIT_S = 10.0
"""Seconds that the last look before a step waits for a job of somebody else to end."""
POLL_S = 0.5

Refresh = Callable[[str], Awaitable[HostSnapshot | None]]


class RestartWork:
    """The work of one restart step; made anew for each step, also for one of an earlier console.

    `verb` is systemctl's.
    """

    verb = "restart"

    def __init__(
        self, step: Step, session: Session, facts: Facts, app: App, refresh: Refresh
    ) -> None:
        self._step = step
        self._session = session
        # A step after a switch brings its own: what it boots is not what the plan began with.
        self._facts = dict(step.params or facts)
        self._own = bool(step.params)
        self._app = app
        self._refresh = refresh
        self._held = Held()

    async def judge(self) -> Ready:
        """The facts that consent rests on still hold, and nobody's job is under way."""
        deadline = now() + JOB_WAIT_S
        while True:
            snapshot = await self._refresh(self._step.host)
            if snapshot is None or not snapshot.unit.active_state:
                return Ready(refused="it could not be read right before the step")
            moved = self._moved(snapshot)
            if moved:
                return Ready(refused=f"it is not as it was shown: {moved}")
            if not busy(snapshot.unit):
                return Ready(Before.of(snapshot).facts())
            if now() >= deadline:
                return Ready(refused=f"a job is under way on it: {snapshot.unit.word}")
            await asyncio.sleep(POLL_S)

    def _moved(self, snapshot: HostSnapshot) -> str:
        unit = snapshot.unit
        if unit.load_state != "loaded":
            return f"{unit.name} is {unit.load_state}"
        return "; ".join(
            f"{name}: was {self._facts.get(name) or 'not known'}, is {value or 'not known'}"
            for name, value in restart_facts(snapshot)
            if self._facts.get(name, "") != value and (name in self._facts or not self._own)
        )

    async def progress(self) -> str:
        """What systemd does to the unit now; empty if it cannot be read or is at rest."""
        try:
            snapshot = await self._refresh(self._step.host)
        except BeamdeckError:
            # It cannot be read just now; the step's command goes on all the same.
            return ""
        if snapshot is None or not moving(snapshot.unit):
            return ""
        unit = snapshot.unit
        return phase_words(unit, self._held.seconds((unit.active_state, bool(unit.job))))

    async def find_out(self, before: Facts, outcome: Outcome | None, say: Say) -> Finding:
        """Watch the unit until it is told what became of the restart (see `Aftermath`)."""
        sent = self.sent(before, outcome)
        return await Aftermath(self._step, sent, self._refresh, say).find_out()

    def sent(self, before: Facts, outcome: Outcome | None) -> Sent:
        """What was sent, to whom, and what was before it."""
        return Sent(self._session, self._app, Before.read(before), outcome, self.verb)

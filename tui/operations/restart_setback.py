"""What is told when a restart did not come to a running unit: refused, not done, down, looping."""

from __future__ import annotations

from dataclasses import dataclass

from tui.model.command import Ended, Outcome
from tui.model.fleet import App
from tui.model.host import HostSnapshot
from tui.model.plan import StepState
from tui.model.redact import from_host
from tui.operations.held import Held
from tui.operations.ports import Session
from tui.operations.restart_state import (
    Before,
    after_facts,
    down_words,
    loop_words,
    not_started_words,
    refusal,
)
from tui.operations.restart_witness import Witness
from tui.operations.steps import Finding

QUIET_S = 6.0
"""Seconds that an unchanged unit is watched before a restart counts as not done: what a dying
link still holds may reach the host late."""

_DOWN = ("failed", "inactive")
_DONE = {"restart": "restarted", "start": "started", "stop": "stopped"}


@dataclass(frozen=True, slots=True)
class Sent:
    """A restart that was sent: to whom, what was before, and how the command ended (None: the
    console that sent it is gone). `verb` is systemctl's: restart, start or stop."""

    session: Session
    app: App
    before: Before
    outcome: Outcome | None
    verb: str = "restart"

    @property
    def done(self) -> str:
        """The word for what was done: restarted, started, stopped."""
        return _DONE[self.verb]

    def witness(self, snapshot: HostSnapshot) -> Witness:
        """The journal and sudo of the host, as far as the SSH user may ask them."""
        return Witness(self.session, self.app, snapshot.unit.name, self.verb)


def found(state: StepState, detail: str, snapshot: HostSnapshot) -> Finding:
    """A finding that rests on a snapshot."""
    return Finding(state, detail, facts=after_facts(snapshot))


class Setback:
    """Tells what became of a restart whose unit is not up again."""

    def __init__(self, sent: Sent) -> None:
        self._sent = sent
        self._held = Held()

    async def not_restarted(self, snapshot: HostSnapshot) -> Finding | None:
        """The unit's run is the one before: why, or None while that may still change."""
        unit, sent = snapshot.unit, self._sent
        outcome = sent.outcome
        if outcome is not None and outcome.ended is Ended.EXITED and outcome.exit_status:
            return await self._said_no(snapshot, outcome, outcome.exit_status)
        if self._held.seconds(unit.active_state) < QUIET_S:
            return None
        if unit.active_state in _DOWN and sent.before.state == "active":
            return await self._not_started(snapshot)
        said = "; the command itself ended well" if outcome is not None and outcome.ok else ""
        detail = (
            f"not {sent.done}: {unit.name} is {unit.word} as before{said}. Nothing is sent again"
        )
        return found(StepState.FAILED, detail, snapshot)

    async def _said_no(self, snapshot: HostSnapshot, outcome: Outcome, status: int) -> Finding:
        unit = snapshot.unit
        if status == 1:
            refused = await self._sent.witness(snapshot).sudo_refused(outcome)
            if refused:
                return found(StepState.REFUSED, refused, snapshot)
            if unit.active_state in _DOWN and unit.load_state == "loaded":
                return await self._not_started(snapshot)
        said = from_host(outcome.stderr, limit=2000).strip().split("\n")[0]
        return found(*refusal(unit, status, said, self._sent.done), snapshot)

    async def _not_started(self, snapshot: HostSnapshot) -> Finding:
        before = self._sent.before
        seen = await self._sent.witness(snapshot).starts(before.at_us)
        detail = not_started_words(snapshot.unit, seen, before.state)
        return found(StepState.FAILED, detail, snapshot)

    async def down(self, snapshot: HostSnapshot, deaths: int, watched_s: float) -> Finding:
        """The new run is over, and systemd starts no other."""
        seen = await self._sent.witness(snapshot).starts(self._sent.before.at_us)
        if deaths or seen.starts > 1 or seen.start_limit:
            return await self.loops(snapshot, deaths, watched_s)
        return found(StepState.FAILED, down_words(snapshot.unit, seen), snapshot)

    async def loops(self, snapshot: HostSnapshot, deaths: int, watched_s: float) -> Finding:
        """One new run after the other dies."""
        unit = snapshot.unit
        seen = await self._sent.witness(snapshot).starts(self._sent.before.at_us)
        # The last automatic restart that systemd counts is the one that its limit refused.
        starts = deaths if unit.active_state in _DOWN and deaths > 1 else deaths + 1
        return found(StepState.FAILED, loop_words(unit, seen, starts, watched_s), snapshot)

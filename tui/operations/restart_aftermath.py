"""The truth after a restart was sent, also by a console that is gone: read until it is told.

No exit status is believed: a restart is done when another run of the unit is up, stays up, runs
the expected version and serves. Everything here reads; nothing is sent again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from tui.commands.health import HealthState
from tui.errors import BeamdeckError
from tui.model.host import HostSnapshot
from tui.model.plan import Step, StepState
from tui.model.unit import UnitFacts
from tui.model.words import counted
from tui.operations.health import HealthCheck
from tui.operations.held import Held, now
from tui.operations.restart_setback import Sent, Setback, found
from tui.operations.restart_state import moving, phase_words
from tui.operations.steps import Finding, Say

POLL_S = 1.0
SETTLE_S = 4.0
"""Seconds that a new process must stay up, without an automatic restart, to count as started."""
VERSION_WAIT_S = 20.0
"""Seconds until a new main process must show which version it runs: it begins as a shell."""
UNSEEN = "its version cannot be read"
LOOP_STARTS = 7
LOOP_WATCH_S = 30.0
"""A unit that comes and goes is told to loop when it dies once more after so many seconds, or
after so many starts: more than systemd's own limit, whose end of it is the clearer word."""
LATE_S = 30.0
"""Seconds beyond the step's own limit that a unit still at work is watched."""
RECONNECT_S = 300.0

Refresh = Callable[[str], Awaitable[HostSnapshot | None]]


class OutOfSight(Exception):
    """The host could not be read for longer than is waited for it."""


class Aftermath:
    """One restart's aftermath: looks again and again, each look may be the last."""

    def __init__(self, step: Step, sent: Sent, refresh: Refresh, say: Say) -> None:
        self._host = step.host
        self._limit_s = step.limit_s
        self._sent = sent
        self._before = sent.before
        self._refresh = refresh
        self._say = say
        self._setback = Setback(sent)
        self._health = HealthCheck(sent.session, sent.app.health)
        self._state = Held()
        self._dying = Held()
        self._began = 0.0
        self._base: int | None = None
        self._seen_deaths = 0

    async def find_out(self) -> Finding:
        """The truth, or `unknown` and open if the host stays out of sight."""
        self._began = now()
        try:
            while True:
                snapshot = await self._sight()
                finding = await self._look(snapshot)
                if finding is not None:
                    return finding
                await asyncio.sleep(POLL_S)
        except OutOfSight:
            gone = f"{self._host} was not seen again for {RECONNECT_S / 60:g} minutes"
            detail = f"{gone}: whether it was {self._sent.done} is not known"
            return Finding(StepState.UNKNOWN, detail, open=True)

    async def _sight(self) -> HostSnapshot:
        """A snapshot; waits for the link, a bounded time."""
        deadline = now() + RECONNECT_S
        while True:
            snapshot = await self._fresh()
            if snapshot is not None and snapshot.unit.active_state:
                return snapshot
            if now() >= deadline:
                raise OutOfSight
            if self._sent.session.link.usable:
                await asyncio.sleep(POLL_S)
                continue
            self._say(StepState.UNKNOWN, f"{self._sent.session.link.state}; waiting for the link")
            try:
                async with asyncio.timeout_at(deadline):
                    await self._sent.session.usable()
            except TimeoutError:
                raise OutOfSight from None
            self._say(StepState.VERIFYING, "the link is back; reading the host")

    async def _fresh(self) -> HostSnapshot | None:
        try:
            return await self._refresh(self._host)
        except BeamdeckError:
            # No link at this moment: whoever asked waits for it.
            return None

    async def _look(self, snapshot: HostSnapshot) -> Finding | None:
        """One look: the truth, or None while it is still to come."""
        unit = snapshot.unit
        if self._before.rebooted(snapshot):
            return found(
                StepState.UNKNOWN,
                f"the host itself was started anew meanwhile; {unit.name} is {unit.word} now. "
                f"Whether it was {self._sent.done} before cannot be told",
                snapshot,
            )
        new = self._before.is_new(unit)
        if new and self._loops(unit):
            watched_s = now() - self._began
            return await self._setback.loops(snapshot, self._deaths(unit), watched_s)
        if moving(unit):
            return self._at_work(snapshot)
        if not new:
            self._say(StepState.VERIFYING, f"{unit.word} as before; watching it")
            return await self._setback.not_restarted(snapshot)
        if unit.active_state == "active":
            return await self._up(snapshot)
        return await self._down(snapshot)

    def _deaths(self, unit: UnitFacts) -> int:
        """How often the new process died and was started again by systemd."""
        if self._base is None:
            self._base = self._before.count_base(unit.restarts)
        return max(0, (unit.restarts or 0) - self._base)

    def _loops(self, unit: UnitFacts) -> bool:
        deaths = self._deaths(unit)
        died_again = deaths > self._seen_deaths
        self._seen_deaths = deaths
        if not deaths:
            return False
        since_first_s = self._dying.seconds("dying")
        return died_again and (deaths + 1 >= LOOP_STARTS or since_first_s > LOOP_WATCH_S)

    def _at_work(self, snapshot: HostSnapshot) -> Finding | None:
        unit = snapshot.unit
        held = self._state.seconds((unit.active_state, bool(unit.job)))
        words = phase_words(unit, held)
        if now() - self._began > self._limit_s + LATE_S:
            detail = f"{words}: systemd is past its own limits and still at work"
            return replace(found(StepState.UNKNOWN, detail, snapshot), open=True)
        self._say(StepState.VERIFYING, words)
        return None

    async def _down(self, snapshot: HostSnapshot) -> Finding | None:
        deaths, watched_s = self._deaths(snapshot.unit), now() - self._began
        if snapshot.unit.active_state != "activating":
            return await self._setback.down(snapshot, deaths, watched_s)
        # It died, and systemd waits before it starts it again, which is when it counts it.
        if self._dying.seconds("dying") > LOOP_WATCH_S:
            return await self._setback.loops(snapshot, deaths, watched_s)
        starts = counted(deaths + 1, "start")
        self._say(StepState.VERIFYING, f"it died; systemd will start it again ({starts} so far)")
        return None

    async def _up(self, snapshot: HostSnapshot) -> Finding | None:
        unit = snapshot.unit
        key = (unit.invocation_id, unit.main_pid, unit.restarts)
        up_s = self._state.seconds(key)
        if up_s < SETTLE_S:
            self._say(StepState.VERIFYING, f"started; up for {up_s:.0f} s of {SETTLE_S:g} s")
            return None
        version = self._version(snapshot, up_s)
        if not isinstance(version, str):
            return version
        health = await self._healthy(snapshot, up_s)
        if not isinstance(health, str):
            return health
        last = await self._sight()
        if (last.unit.invocation_id, last.unit.main_pid, last.unit.restarts) != key:
            return None
        return await self._done(last, ", ".join(filter(None, (version, health))))

    def _version(self, snapshot: HostSnapshot, up_s: float) -> Finding | str | None:
        """The version as words, a verdict against it, or None while it is still to be seen."""
        runs, expected = snapshot.release.runs, self._before.boots
        if runs is None:
            if self._before.state == "active" and not self._before.runs:
                # It could not be seen before either (/proc hides it), and the plan said so.
                return ""
            if up_s < VERSION_WAIT_S:
                self._say(StepState.VERIFYING, "started; its version is not to be seen yet")
                return None
            detail = f"{self._sent.done} and up, but which version it runs cannot be read"
            return found(StepState.UNKNOWN, detail, snapshot)
        if expected and runs != expected:
            detail = f"{self._sent.done}, but it runs {runs}, not {expected}"
            return found(StepState.FAILED, detail, snapshot)
        return f"runs {runs}"

    async def _healthy(self, snapshot: HostSnapshot, up_s: float) -> Finding | str | None:
        """Health as words, a verdict against it, or None while it may still come."""
        try:
            answer = await self._health.ask()
        except BeamdeckError:
            # The link went: the next look waits for it.
            return None
        if answer.state is HealthState.HEALTHY:
            return f"healthy ({answer.detail})"
        if answer.state is HealthState.NOT_ASKED:
            return answer.detail
        up = f"{self._sent.done} and up ({snapshot.release.runs or 'version not known'}), but"
        if answer.state is HealthState.CANNOT_CHECK:
            detail = f"{up} its health cannot be checked: {answer.detail}"
            return found(StepState.UNKNOWN, detail, snapshot)
        within = self._sent.app.health.within_s
        if up_s >= within:
            detail = f"{up} not healthy after {up_s:.0f} s: {answer.detail}"
            return found(StepState.FAILED, detail, snapshot)
        said = f"up, not healthy yet: {answer.detail}; {up_s:.0f} s of at most {within:g} s"
        self._say(StepState.VERIFYING, said)
        return None

    async def _done(self, snapshot: HostSnapshot, what: str) -> Finding:
        unit, outcome = snapshot.unit, self._sent.outcome
        notes = [UNSEEN] if snapshot.release.runs is None else []
        stop = await self._sent.witness(snapshot).stop(self._before.invocation)
        if stop.killed:
            after = "" if stop.after_s is None else f" after {stop.after_s:.0f} s"
            notes.append(f"unclean stop: SIGKILL{after}")
        deaths = self._deaths(unit)
        if deaths:
            notes.append(f"it died {counted(deaths, 'time')} before it stayed up")
        if outcome is not None and outcome.known and not outcome.ok:
            status = outcome.exit_status
            told = "without a status" if status is None else f"with {outcome.signal or status}"
            notes.append(f"though the command itself ended {told}")
        pid = f", main process {unit.main_pid}" if unit.main_pid else ""
        detail = "; ".join((f"{self._sent.done}{pid}, {what}", *notes))
        return replace(found(StepState.DONE, detail, snapshot), warning=bool(notes))

"""Stop an app, host by host: the plan, its steps, and the truth after each."""

from __future__ import annotations

from dataclasses import replace

from tui.commands.restart import MARGIN_S, limit_words, stop_limit_s
from tui.commands.service import job_words, service_command
from tui.model.command import Ended, Outcome
from tui.model.fleet import App
from tui.model.host import HostSnapshot
from tui.model.plan import Facts, Plan, Step, StepState, Verdict, VerdictKind
from tui.operations.context import PlanContext
from tui.operations.lock import with_locks
from tui.operations.ports import Session
from tui.operations.restart_aftermath import Aftermath
from tui.operations.restart_setback import QUIET_S, found
from tui.operations.restart_state import moving, restart_facts
from tui.operations.restart_work import RestartWork
from tui.operations.steps import Finding, Ready, Say, StepKind, StepWork
from tui.operations.systemctl_plan import Chosen, Seen, look, plan_of

KIND = "stop"
_DOWN = ("inactive", "failed")


async def build(context: PlanContext, params: Facts) -> Plan:
    """The plan to stop the hosts named in `params`; PlanRefused if one is down already."""
    chosen = await look(context, params, KIND, _stands)
    facts = tuple(fact for one in chosen.seen for fact in restart_facts(one.snapshot))
    plan = plan_of(
        context,
        KIND,
        KIND,
        chosen,
        tuple(_step(context.app, one) for one in chosen.seen),
        facts,
        verdicts=_verdicts(context, chosen),
        undo=f"start {context.app.name} on {', '.join(chosen.names)}",
    )
    # Whoever may only do this by sudo does so without a lock, and is told.
    return await with_locks(context, plan, or_without=True)


def kinds(context: PlanContext) -> dict[str, StepKind]:
    """How the steps of a stop are carried out."""

    def work(step: Step, session: Session, facts: Facts) -> StepWork:
        return StopWork(step, session, facts, context.app, context.refresh)

    return {KIND: work}


def _stands(snapshot: HostSnapshot) -> str:
    unit = snapshot.unit
    return f"it is {unit.word} already" if unit.active_state in _DOWN else ""


def _verdicts(context: PlanContext, chosen: Chosen) -> tuple[Verdict, ...]:
    rest = [host for host in context.hosts if host not in chosen.names]
    told = f"{context.app.name} stays down there until it is started; the unit stays enabled"
    verdicts = [Verdict(VerdictKind.WARN, "stop", told)]
    if not rest:
        none = f"no host is left that runs {context.app.name}"
        verdicts.append(Verdict(VerdictKind.WARN, "last host", none))
    return tuple(verdicts)


def _step(app: App, one: Seen) -> Step:
    unit, release = one.snapshot.unit, one.snapshot.release
    # ExecStop and the signal after it may each use up a stop limit (facts.md section 5).
    limit = 2 * stop_limit_s(unit) + MARGIN_S
    comes = release.boots or "a version not known"
    return Step(
        kind=KIND,
        host=one.host,
        what=f"stop {unit.name}",
        why=f"{one.host} is {unit.word} and will be down; systemd's limit: "
        f"{limit_words(unit.timeout_stop_s)}",
        command=service_command(app, one.snapshot, one.right, "stop", limit),
        precondition=f"{unit.name} runs and has no job under way; versions as shown",
        verification=f"{job_words(app)}; it is down and has no main process",
        undo=f"systemctl start {unit.name} (comes up with {comes})",
        limit_s=limit,
    )


class StopWork(RestartWork):
    """A stop: watched until the unit is down."""

    verb = KIND

    async def judge(self) -> Ready:
        """As for a restart, and the unit is still up."""
        ready = await super().judge()
        if not ready.refused and dict(ready.facts).get("state") in _DOWN:
            return Ready(refused="it is down by now: there is nothing to stop")
        return ready

    async def find_out(self, before: Facts, outcome: Outcome | None, say: Say) -> Finding:
        """Watch the unit until it is down, or known to stay up."""
        sent = self.sent(before, outcome)
        return await StopAftermath(self._step, sent, self._refresh, say).find_out()


class StopAftermath(Aftermath):
    """What became of a stop; nothing is sent again."""

    async def _look(self, snapshot: HostSnapshot) -> Finding | None:
        """One look: down, still up, or None while it is still to be told."""
        unit, before = snapshot.unit, self._before
        if before.rebooted(snapshot):
            detail = f"the host itself was started anew meanwhile; {unit.name} is {unit.word} now"
            return found(StepState.UNKNOWN, detail, snapshot)
        if moving(unit):
            return self._at_work(snapshot)
        if unit.active_state in _DOWN:
            return await self._down_now(snapshot)
        if before.is_new(unit):
            detail = f"it runs again, as main process {unit.main_pid}: somebody started it"
            return found(StepState.FAILED, detail, snapshot)
        return await self._still_up(snapshot)

    async def _down_now(self, snapshot: HostSnapshot) -> Finding:
        unit = snapshot.unit
        stop = await self._sent.witness(snapshot).stop(self._before.invocation)
        notes: list[str] = []
        if stop.killed:
            after = "" if stop.after_s is None else f" after {stop.after_s:.0f} s"
            notes.append(f"unclean stop: SIGKILL{after}")
        elif unit.active_state == "failed":
            notes.append(f"systemd calls its end {unit.result or 'a failure'}")
        detail = "; ".join(("stopped, no main process is left", *notes))
        return replace(found(StepState.DONE, detail, snapshot), warning=bool(notes))

    async def _still_up(self, snapshot: HostSnapshot) -> Finding | None:
        outcome: Outcome | None = self._sent.outcome
        refused = outcome is not None and outcome.ended is Ended.EXITED and outcome.exit_status
        held_s = self._state.seconds((snapshot.unit.active_state, "still up"))
        if not refused and held_s < QUIET_S:
            return None
        return await self._setback.not_restarted(snapshot)

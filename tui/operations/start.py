"""Start an app that is stopped, host by host: the plan and its steps."""

from __future__ import annotations

from tui.commands import health as health_check
from tui.commands.restart import MARGIN_S, start_limit_s
from tui.commands.service import job_words, service_command
from tui.model.fleet import HealthKind
from tui.model.host import HostSnapshot
from tui.model.plan import Facts, Plan, Step
from tui.operations.context import PlanContext
from tui.operations.lock import with_locks
from tui.operations.ports import Session
from tui.operations.restart_aftermath import SETTLE_S
from tui.operations.restart_state import restart_facts
from tui.operations.restart_work import RestartWork
from tui.operations.steps import Ready, StepKind, StepWork
from tui.operations.systemctl_plan import Seen, look, plan_of

KIND = "start"
_UP = ("active", "activating", "reloading")


async def build(context: PlanContext, params: Facts) -> Plan:
    """The plan to start the hosts named in `params`; PlanRefused if one runs already."""
    chosen = await look(context, params, KIND, _stands)
    facts = tuple(fact for one in chosen.seen for fact in restart_facts(one.snapshot))
    plan = plan_of(
        context,
        KIND,
        KIND,
        chosen,
        tuple(_step(context, one) for one in chosen.seen),
        facts,
        undo=f"stop {context.app.name} on {', '.join(chosen.names)}",
    )
    # Whoever may only do this by sudo does so without a lock, and is told.
    return await with_locks(context, plan, or_without=True)


def kinds(context: PlanContext) -> dict[str, StepKind]:
    """How the steps of a start are carried out."""

    def work(step: Step, session: Session, facts: Facts) -> StepWork:
        return StartWork(step, session, facts, context.app, context.refresh)

    return {KIND: work}


def _stands(snapshot: HostSnapshot) -> str:
    unit = snapshot.unit
    return f"it is {unit.word}: there is nothing to start" if unit.active_state in _UP else ""


def _step(context: PlanContext, one: Seen) -> Step:
    app, unit, boots = context.app, one.snapshot.unit, one.snapshot.release.boots
    limit = start_limit_s(unit) + MARGIN_S
    checks = [job_words(app), f"one main process stays up {SETTLE_S:g} s"]
    checks.append(f"it runs {boots}" if boots else "its version is shown, not judged")
    if app.health.kind is not HealthKind.NONE:
        checks.append(f"{health_check.describe(app.health)} within {app.health.within_s:g} s")
    return Step(
        kind=KIND,
        host=one.host,
        what=f"start {unit.name}",
        why=f"{one.host} is {unit.word} and will come up with {boots or 'a version not known'}",
        command=service_command(app, one.snapshot, one.right, "start", limit),
        precondition=f"{unit.name} is down and has no job under way; versions as shown",
        verification="; ".join(checks),
        undo=f"systemctl stop {unit.name}",
        limit_s=limit,
    )


class StartWork(RestartWork):
    """A start is verified as the second half of a restart is."""

    verb = KIND

    async def judge(self) -> Ready:
        """As for a restart, and the unit is still down."""
        ready = await super().judge()
        if not ready.refused and dict(ready.facts).get("state") in _UP:
            return Ready(refused="it runs by now: there is nothing to start")
        return ready

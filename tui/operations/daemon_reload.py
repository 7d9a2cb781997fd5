"""Let systemd read unit files anew where the app's changed on disk: the plan and its steps."""

from __future__ import annotations

import asyncio

from tui.commands.restart import restart_command
from tui.commands.sudo import RELOAD
from tui.model.command import Outcome
from tui.model.host import HostSnapshot
from tui.model.plan import Facts, Plan, Step, StepState, Verdict, VerdictKind
from tui.model.redact import from_host
from tui.operations.context import PlanContext, Refresh
from tui.operations.held import now
from tui.operations.ports import Session
from tui.operations.sight import OutOfSight, in_sight
from tui.operations.steps import Finding, Ready, Say, StepKind, StepWork
from tui.operations.systemctl_plan import Seen, look, plan_of

KIND = "daemon_reload"
LIMIT_S = 60.0
WATCH_S = 6.0
"""Seconds that a unit file may still count as changed before the reload counts as not done."""
POLL_S = 0.5


async def build(context: PlanContext, params: Facts) -> Plan:
    """The plan for the hosts named in `params`; PlanRefused where nothing changed on disk."""
    chosen = await look(context, params, RELOAD, _stands)
    facts = tuple(fact for one in chosen.seen for fact in _facts(one.snapshot))
    told = "systemd reads every unit file of the host anew, not only this one; nothing is restarted"
    return plan_of(
        context,
        KIND,
        "reload the unit file of",
        chosen,
        tuple(_step(one) for one in chosen.seen),
        facts,
        verdicts=(Verdict(VerdictKind.WARN, "unit files", told),),
        undo="none: systemd does not keep what it knew before",
    )


def kinds(context: PlanContext) -> dict[str, StepKind]:
    """How the steps of a reload are carried out."""

    def work(step: Step, session: Session, _facts: Facts) -> StepWork:
        return ReloadWork(step, session, context.refresh)

    return {KIND: work}


def _stands(snapshot: HostSnapshot) -> str:
    changed = snapshot.unit.need_daemon_reload
    return "" if changed else "systemd knows the unit file as it is on disk: nothing to reload"


def _facts(snapshot: HostSnapshot) -> Facts:
    changed = "changed on disk" if snapshot.unit.need_daemon_reload else "as systemd knows it"
    return (
        (f"{snapshot.host} unit", snapshot.unit.name),
        (f"{snapshot.host} unit file", changed),
    )


def _step(one: Seen) -> Step:
    unit = one.snapshot.unit
    where = f" ({unit.fragment_path})" if unit.fragment_path else ""
    return Step(
        kind=KIND,
        host=one.host,
        what="reload systemd's unit files",
        why=f"the file of {unit.name}{where} changed on disk; systemd still uses the old one",
        command=restart_command(one.right, LIMIT_S),
        precondition=f"systemd says that {unit.name} needs it",
        verification="systemd does not say so any more",
        undo="none",
        limit_s=LIMIT_S,
    )


class ReloadWork:
    """A reload of one host's unit files; done when systemd needs none any more."""

    def __init__(self, step: Step, session: Session, refresh: Refresh) -> None:
        self._step = step
        self._session = session
        self._refresh = refresh

    async def judge(self) -> Ready:
        """The file is still another one than systemd knows."""
        snapshot = await self._refresh(self._step.host)
        if snapshot is None:
            return Ready(refused="it could not be read right before the step")
        why = _stands(snapshot)
        return Ready(refused=why) if why else Ready(_facts(snapshot))

    async def progress(self) -> str:
        """It takes a moment; there is nothing to say."""
        return ""

    async def find_out(self, _before: Facts, outcome: Outcome | None, say: Say) -> Finding:
        """Read until systemd needs no reload, or does not change its mind."""
        watched = now() + WATCH_S
        try:
            while True:
                snapshot = await in_sight(self._session, self._look, say)
                if not snapshot.unit.need_daemon_reload:
                    return self._done(snapshot)
                failed = outcome is not None and outcome.known and not outcome.ok
                if failed or now() >= watched:
                    return self._not_done(snapshot, outcome)
                await asyncio.sleep(POLL_S)
        except OutOfSight:
            return Finding(StepState.UNKNOWN, "the host was not seen again", open=True)

    async def _look(self) -> HostSnapshot | None:
        return await self._refresh(self._step.host)

    @staticmethod
    def _done(snapshot: HostSnapshot) -> Finding:
        unit = snapshot.unit
        if unit.load_state != "loaded":
            detail = f"reloaded, and now systemd says of {unit.name}: {unit.load_state}"
            return Finding(StepState.FAILED, detail, facts=_facts(snapshot))
        detail = f"systemd knows {unit.name} as it is on disk; a restart puts it to use"
        return Finding(StepState.DONE, detail, facts=_facts(snapshot))

    @staticmethod
    def _not_done(snapshot: HostSnapshot, outcome: Outcome | None) -> Finding:
        said = "" if outcome is None else from_host(outcome.stderr, limit=500).strip()
        told = f": {said.splitlines()[0]}" if said else ""
        detail = f"systemd still has the old unit file{told}"
        return Finding(StepState.FAILED, detail, facts=_facts(snapshot))

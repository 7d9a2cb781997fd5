"""Restart an app host by host: the plan, built from fresh snapshots, and what it is built from."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from tui.commands import health as health_check
from tui.commands.restart import limit_words, restart_limit_s
from tui.commands.service import job_words, service_command
from tui.commands.sudo import RestartRight
from tui.model.fleet import App, Environment, HealthKind
from tui.model.host import HostSnapshot, HostView, LinkState
from tui.model.names import unit_fits
from tui.model.plan import Facts, Plan, PlanRefused, Step, Tier, Verdict, VerdictKind
from tui.model.unit import UnitFacts, UnitWord
from tui.model.words import counted, duration
from tui.operations.context import PlanContext, Refresh
from tui.operations.lock import with_locks
from tui.operations.planners import hosts_of, hosts_param, without_of, without_param
from tui.operations.ports import Session
from tui.operations.restart_aftermath import SETTLE_S
from tui.operations.restart_right import read_restart_rights
from tui.operations.restart_state import busy, restart_facts
from tui.operations.restart_work import RestartWork
from tui.operations.steps import StepKind, StepWork

KIND = "restart"
FRESH_S = 15.0
"""Seconds that a snapshot may be old for a plan to rest on it."""


async def build(context: PlanContext, params: Facts) -> Plan:
    """The plan to restart the hosts named in `params`; PlanRefused if one stands in the way."""
    plan = await restart_plan(
        context.environment,
        context.app,
        context.sessions,
        context.refresh,
        hosts_of(params),
        context.clock,
        without_of(params),
    )
    # Whoever may only restart does so without a lock, and is told; everybody else takes it.
    return await with_locks(context, plan, or_without=True)


def with_left_out(plan: Plan, left_out: tuple[str, ...]) -> Plan:
    """The plan with the hosts that the operator left out by name, in its hash as well."""
    if not left_out:
        return plan
    hosts = hosts_param([*hosts_of(plan.params), *left_out])
    return replace(
        plan, left_out=left_out, params=without_param((hosts, *plan.params[1:]), left_out)
    )


def kinds(context: PlanContext) -> dict[str, StepKind]:
    """How the steps of a restart are carried out."""
    return restart_kinds(context.app, context.refresh)


async def restart_plan(
    environment: Environment,
    app: App,
    sessions: Mapping[str, Session],
    refresh: Refresh,
    hosts: Sequence[str],
    clock: Callable[[], float],
    without: Sequence[str] = (),
) -> Plan:
    """Read every chosen host anew and ask for the right to restart, all at once; then plan.

    PlanRefused says which host stands in the way and why; those in `without` are left out.
    """
    left_out = tuple(name for name in dict.fromkeys(hosts) if name in without)
    hosts = [name for name in hosts if name not in left_out]
    known = [name for name in dict.fromkeys(hosts) if name in sessions]
    rights, snapshots = await asyncio.gather(
        read_restart_rights(sessions, app, known), asyncio.gather(*map(refresh, known))
    )
    views = [
        HostView(name, sessions[name].link, snapshot)
        for name, snapshot in zip(known, snapshots, strict=True)
    ]
    plan = plan_restart(environment, app, views, hosts, rights, clock())
    return with_left_out(plan, left_out)


def plan_restart(
    environment: Environment,
    app: App,
    views: Sequence[HostView],
    hosts: Sequence[str],
    allowed: Mapping[str, RestartRight],
    now: float,
) -> Plan:
    """The plan to restart `app` on `hosts`, one after the other in configured order. Pure.

    PlanRefused if one of them is not connected, not freshly read, without the unit, busy with a
    job, or if no restart command is allowed there.
    """
    names = [h.name for h in environment.hosts_of(app) if h.name in set(hosts)]
    by_name = {view.host: view for view in views}
    problems = _problems(app, names, hosts, by_name, allowed, now)
    if problems:
        down = tuple(name for name in names if name in by_name and not by_name[name].link.usable)
        only = len(problems) == len(down) < len(names)
        raise PlanRefused("\n".join(problems), down if only else ())
    snapshots = [_snapshot(by_name[name]) for name in names]
    steps = tuple(restart_step(app, snapshot, allowed[snapshot.host]) for snapshot in snapshots)
    facts = [fact for s in snapshots for fact in restart_facts(s)]
    facts += [(f"{name} user", allowed[name].user) for name in names]
    return Plan(
        kind=KIND,
        title=f"restart {app.name} on {_hosts_words(names)}",
        environment=environment.name,
        production=environment.production,
        app=app.name,
        tier=Tier.PRODUCTION if environment.production else Tier.REVERSIBLE,
        steps=steps,
        facts=tuple(sorted(facts)),
        verdicts=_verdicts(app, snapshots),
        undo=_undo(snapshots),
        params=(hosts_param(names),),
    )


def restart_kinds(app: App, refresh: Refresh) -> dict[str, StepKind]:
    """How the runner carries out the steps of a restart plan of this app."""

    def work(step: Step, session: Session, facts: Facts) -> StepWork:
        return RestartWork(step, session, facts, app, refresh)

    return {KIND: work}


def _problems(
    app: App,
    names: Sequence[str],
    asked: Sequence[str],
    by_name: Mapping[str, HostView],
    allowed: Mapping[str, RestartRight],
    now: float,
) -> list[str]:
    """Everything that stands in the way, a line each with its host."""
    found = [
        f"{name} does not run {app.name}" for name in dict.fromkeys(asked) if name not in names
    ]
    if not asked:
        found.append("no host is chosen")
    if not unit_fits(app.service):
        found.append(f"{app.service!r} cannot be a unit's name")
    for name in names:
        problem = restart_problem(by_name.get(name), allowed.get(name), now)
        if problem:
            found.append(f"{name}: {problem}")
    return found


def _hosts_words(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 3 else counted(len(names), "host")


def _snapshot(view: HostView) -> HostSnapshot:
    if view.snapshot is None:
        raise PlanRefused(f"{view.host}: nothing is known of it")
    return view.snapshot


def restart_problem(view: HostView | None, right: RestartRight | None, now: float) -> str:
    """Why a host cannot be restarted by plan now, in words; empty if it can."""
    if view is None or view.link.state is not LinkState.UP:
        state = "not known" if view is None else view.link.state
        return f"{state}: bring it back, or leave it out of the plan"
    snapshot = view.snapshot
    if snapshot is None:
        return "it could not be read"
    if now - snapshot.taken_at > FRESH_S:
        return f"what is known of it is {duration(now - snapshot.taken_at)} old"
    return _unit_problem(snapshot.unit) or _right_problem(right)


def _unit_problem(unit: UnitFacts) -> str:
    if unit.load_state == "not-found":
        return f"systemd knows no {unit.name}"
    if unit.load_state == "masked":
        return f"{unit.name} is masked: systemctl unmask {unit.name} makes it startable"
    if unit.load_state in ("error", "bad-setting"):
        return f"systemd cannot read {unit.name} ({unit.load_state})"
    if not unit.active_state:
        return f"the state of {unit.name} could not be read"
    if busy(unit):
        kind = f"{unit.job_type} " if unit.job_type else ""
        return f"a {kind}job is under way: {unit.word}; wait for its end"
    return ""


def _right_problem(right: RestartRight | None) -> str:
    if right is None:
        return "nobody asked sudo there"
    if right.argv:
        return ""
    if right.sudoers_line:
        return f"{right.refused}. What visudo there would have to add:\n  {right.sudoers_line}"
    return right.refused


def restart_step(app: App, snapshot: HostSnapshot, right: RestartRight) -> Step:
    """One host's restart as a step of any plan; it must come up with what the snapshot boots."""
    unit = snapshot.unit
    limit = restart_limit_s(unit)
    boots = snapshot.release.boots
    checks = [job_words(app), f"one new main process stays up {SETTLE_S:g} s"]
    checks.append(f"it runs {boots}" if boots else "its version is shown, not judged")
    if app.health.kind is not HealthKind.NONE:
        checks.append(f"{health_check.describe(app.health)} within {app.health.within_s:g} s")
    return Step(
        kind=KIND,
        host=snapshot.host,
        what=f"restart {unit.name}",
        why=_why(snapshot),
        command=service_command(app, snapshot, right, "restart", limit),
        precondition=f"{unit.name} has no job under way, and the versions are as shown",
        verification="; ".join(checks),
        undo=_undo_of(snapshot),
        limit_s=limit,
    )


def _why(snapshot: HostSnapshot) -> str:
    unit = snapshot.unit
    stop, start = limit_words(unit.timeout_stop_s), limit_words(unit.timeout_start_s)
    return f"{_coming_up(snapshot)}; systemd's limits: stop {stop}, start {start}"


def _coming_up(snapshot: HostSnapshot) -> str:
    host, unit, release = snapshot.host, snapshot.unit, snapshot.release
    boots = release.boots or "a version that is not known"
    if unit.word in (UnitWord.STOPPED, UnitWord.FAILED):
        return f"{host} is {unit.word} and will be started, with {boots}"
    if release.restart_changes:
        return f"{host} will come up with {boots}, it runs {release.runs}"
    if unit.word is UnitWord.LOOPING:
        return f"{host} is LOOPING and will be started anew, with {boots}"
    if release.runs is None:
        return f"{host} will come up with {boots}; what it runs now is not known"
    return f"{host} runs {release.runs} and will come up with the same"


def _undo_of(snapshot: HostSnapshot) -> str:
    release, unit = snapshot.release, snapshot.unit
    if release.restart_changes:
        return f"a rollback to {release.runs}, and a restart"
    if unit.word in (UnitWord.STOPPED, UnitWord.FAILED):
        return f"systemctl stop {unit.name}"
    return "none is needed: the version stays"


def _undo(snapshots: Sequence[HostSnapshot]) -> str:
    moved = [s for s in snapshots if s.release.restart_changes]
    if moved:
        olds = ", ".join(f"{s.host} to {s.release.runs}" for s in moved)
        return f"a restart cannot be undone; going back is a rollback: {olds}"
    return "a restart cannot be undone; the version stays the same"


def _verdicts(app: App, snapshots: Sequence[HostSnapshot]) -> tuple[Verdict, ...]:
    found: list[Verdict] = []

    def warn(guard: str, reason: str) -> None:
        found.append(Verdict(VerdictKind.WARN, guard, reason))

    for snapshot in snapshots:
        host, unit, release = snapshot.host, snapshot.unit, snapshot.release
        if release.restart_changes or unit.word in (UnitWord.STOPPED, UnitWord.FAILED):
            warn("version", _coming_up(snapshot))
        if release.boots is None:
            warn("version", f"{host}: which version would boot is not known, and not verified")
        if unit.word is UnitWord.LOOPING:
            warn("looping", f"{host}: {_looping(unit)}")
        if unit.need_daemon_reload:
            reason = "its unit file changed on disk; systemd uses the old one until daemon-reload"
            warn("unit file", f"{host}: {reason}")
    if app.health.kind is HealthKind.NONE:
        warn("health", "no health check is configured: started is all that can be verified")
    return tuple(found)


def _looping(unit: UnitFacts) -> str:
    if unit.active_state == "failed":
        # Nothing is added to the plan for it: what systemd answers is said, and that is all.
        return (
            "systemd gave up after its start limit. If it refuses this start too, "
            f"systemctl reset-failed {unit.name} on the host clears the limit"
        )
    return "it dies and is started again by systemd; a restart does not cure that by itself"

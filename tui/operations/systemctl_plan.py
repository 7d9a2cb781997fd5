"""What start, stop and daemon-reload have in common: hosts read anew, rights asked, refusals."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from tui.commands.sudo import RestartRight, parse_systemctl_right, read_systemctl_right
from tui.errors import BeamdeckError
from tui.model.fleet import Manager
from tui.model.host import HostSnapshot
from tui.model.names import unit_fits
from tui.model.plan import Facts, Plan, PlanRefused, Step, Tier, Verdict
from tui.model.words import counted
from tui.operations.context import PlanContext
from tui.operations.planners import hosts_of, hosts_param, without_of, without_param
from tui.operations.restart_right import read_restart_rights
from tui.operations.restart_state import busy

Stands = Callable[[HostSnapshot], str]
"""Why a host as it was just read cannot be changed that way, in words; empty if it can."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A host read anew, and the command that its SSH user may run there."""

    snapshot: HostSnapshot
    right: RestartRight

    @property
    def host(self) -> str:
        """Its name."""
        return self.snapshot.host


@dataclass(frozen=True, slots=True)
class Chosen:
    """The hosts of a plan in configured order, and those that were left out by name."""

    seen: tuple[Seen, ...]
    left_out: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the hosts that are changed."""
        return tuple(one.host for one in self.seen)


async def look(context: PlanContext, params: Facts, verb: str, stands: Stands) -> Chosen:
    """Read every host that was asked for and ask sudo, all at once.

    PlanRefused says which host stands in the way and why, and which could be left out.
    """
    asked, left_out = tuple(dict.fromkeys(hosts_of(params))), without_of(params)
    if not unit_fits(context.app.service):
        raise PlanRefused(f"{context.app.service!r} cannot be a unit's name")
    problems = [f"{h} does not run {context.app.name}" for h in asked if h not in context.hosts]
    names = [name for name in context.hosts if name in asked and name not in left_out]
    if not names and not problems:
        problems = ["no host is chosen"]
    found = await asyncio.gather(*(_read(context, name, verb) for name in names))
    away: list[str] = []
    seen: list[Seen] = []
    for name, one in zip(names, found, strict=True):
        if isinstance(one, str):
            away.append(name)
            problems.append(f"{name}: {one}")
            continue
        seen.append(one)
        why = _unit_problem(one.snapshot) or stands(one.snapshot) or _right_problem(one.right)
        if why:
            problems.append(f"{name}: {why}")
    if problems:
        only = len(problems) == len(away) < len(names)
        raise PlanRefused("\n".join(problems), tuple(away) if only else ())
    return Chosen(tuple(seen), tuple(h for h in asked if h in left_out and h in context.hosts))


async def _read(context: PlanContext, name: str, verb: str) -> Seen | str:
    session = context.sessions.get(name)
    if session is None or not session.link.usable:
        state = "not known" if session is None else session.link.state
        return f"{state}: bring it back, or leave it out of the plan"
    try:
        snapshot, right = await asyncio.gather(context.refresh(name), _right(context, name, verb))
    except BeamdeckError as error:
        return error.detail
    return "it could not be read" if snapshot is None else Seen(snapshot, right)


async def _right(context: PlanContext, name: str, verb: str) -> RestartRight:
    if context.app.manager is Manager.RELEASE:
        return (await read_restart_rights(context.sessions, context.app, (name,)))[name]
    outcome = await context.sessions[name].run(read_systemctl_right(context.app, verb))
    if not outcome.known:
        return RestartRight(refused=f"sudo could not be asked: {outcome.ended}")
    try:
        return parse_systemctl_right(context.app, verb, outcome.stdout)
    except ValueError as error:
        return RestartRight(refused=f"sudo could not be asked: {error}")


def _unit_problem(snapshot: HostSnapshot) -> str:
    unit = snapshot.unit
    if unit.load_state == "not-found":
        return f"systemd knows no {unit.name}"
    if unit.load_state == "masked":
        return f"{unit.name} is masked"
    if not unit.active_state:
        return f"the state of {unit.name} could not be read"
    return f"a job is under way: {unit.word}; wait for its end" if busy(unit) else ""


def _right_problem(right: RestartRight) -> str:
    if right.argv or not right.sudoers_line:
        return "" if right.argv else right.refused
    return f"{right.refused}. What visudo there would have to add:\n  {right.sudoers_line}"


def plan_of(
    context: PlanContext,
    kind: str,
    verb: str,
    chosen: Chosen,
    steps: tuple[Step, ...],
    facts: Facts,
    *,
    verdicts: tuple[Verdict, ...] = (),
    undo: str,
) -> Plan:
    """The plan of these steps; what was left out stands in it and in its hash."""
    environment, names = context.environment, chosen.names
    params: Facts = (hosts_param([*names, *chosen.left_out]),)
    if chosen.left_out:
        params = without_param(params, chosen.left_out)
    where = ", ".join(names) if len(names) <= 3 else counted(len(names), "host")
    users = tuple((f"{one.host} user", one.right.user) for one in chosen.seen)
    return Plan(
        kind=kind,
        title=f"{verb} {context.app.name} on {where}",
        environment=environment.name,
        production=environment.production,
        app=context.app.name,
        tier=Tier.PRODUCTION if environment.production else Tier.REVERSIBLE,
        steps=steps,
        facts=tuple(sorted((*facts, *users))),
        verdicts=verdicts,
        left_out=chosen.left_out,
        undo=undo,
        params=params,
    )

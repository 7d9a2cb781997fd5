"""Roll back to a release that is on the hosts: the plan, in the order of design.md.

Migrations that the target does not know are taken down first, by the release that has them; or
the schema stays ahead, where that was asked for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tui.model.migration import Direction
from tui.model.migration_set import set_words
from tui.model.plan import Facts, Loss, Plan, PlanRefused, Step, Tier, Verdict, VerdictKind
from tui.model.rollback_branches import Branch, Branches
from tui.model.rollback_delta import Group, RollbackDelta
from tui.model.words import counted
from tui.operations.context import PlanContext
from tui.operations.deploy_steps import restart_to, switch_step
from tui.operations.lock import with_locks
from tui.operations.migrate import losses_of
from tui.operations.migrate_steps import down_steps
from tui.operations.planners import hosts_of, hosts_param, without_of, without_param
from tui.operations.restart import restart_problem
from tui.operations.restart_state import restart_facts
from tui.operations.rights import refusals, rights_for, with_survival
from tui.operations.rollback_delta import read_delta
from tui.operations.rollback_look import (
    RollbackLook,
    is_there,
    look_at_hosts,
    target_of,
    target_problems,
)

KIND = "rollback"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a rollback was asked for."""

    version: str
    hosts: tuple[str, ...]
    without: tuple[str, ...]
    code_only: bool
    canary: bool


async def build(context: PlanContext, params: Facts) -> Plan:
    """The plan for what the parameters ask; PlanRefused says what stands in the way."""
    asked = _asked(context, params)
    looks = await _looks(context, asked)
    if asked.code_only and _there(asked, looks):
        raise PlanRefused(f"every host runs and boots {asked.version} already")
    delta = await read_delta(context, asked.version, looks)
    plan = await with_locks(context, plan_rollback(context, asked, looks, delta))
    return await with_survival(context, plan)


async def read_branches(context: PlanContext, params: Facts) -> Branches:
    """What a rollback would be, with the schema and by code only, from one look; reads only.

    PlanRefused where neither can be planned whatever the schema: what is asked, a host, a right.
    """
    asked = replace(_asked(context, params), code_only=False)
    looks = await _looks(context, asked)
    delta = await read_delta(context, asked.version, looks)

    def branch(code_only: bool) -> Branch:
        try:
            return Branch(plan_rollback(context, replace(asked, code_only=code_only), looks, delta))
        except PlanRefused as refused:
            return Branch(None, refused.reason)

    seen = [look.snapshot.release for look in looks]
    runs = tuple(dict.fromkeys(release.runs or release.boots or "" for release in seen))
    return Branches(asked.version, runs, delta, branch(False), branch(True), context.clock())


async def _looks(context: PlanContext, asked: Asked) -> tuple[RollbackLook, ...]:
    """A fresh look at each host; PlanRefused where one stands in the way of any rollback."""
    names = [name for name in asked.hosts if name not in asked.without]
    lacking = refusals(await rights_for(context, KIND, names))
    looks = await look_at_hosts(context, names)
    if lacking and all(look.view.link.usable for look in looks):
        raise PlanRefused("\n".join(lacking))
    _refuse(context, asked, looks)
    return looks


def _asked(context: PlanContext, params: Facts) -> Asked:
    given = dict(params)
    version = given.get("version", "")
    if not version:
        raise PlanRefused("which release? Name the version to go back to")
    wanted = hosts_of(params) or context.hosts
    unknown = [name for name in (*wanted, *without_of(params)) if name not in context.hosts]
    if unknown:
        raise PlanRefused(f"{', '.join(unknown)} does not run {context.app.name}")
    hosts = tuple(name for name in context.hosts if name in wanted)
    without = without_of(params)
    if not set(hosts) - set(without):
        raise PlanRefused("no host is left to roll back")
    code_only, canary = given.get("code_only", "") == "yes", given.get("canary", "") == "yes"
    return Asked(version, hosts, without, code_only, canary)


def _refuse(context: PlanContext, asked: Asked, looks: Sequence[RollbackLook]) -> None:
    found: list[str] = []
    for look in looks:
        restart = restart_problem(look.view, look.right, context.clock())
        told = [restart] if restart else target_problems(look, asked.version)
        found += [f"{look.view.host}: {problem}" for problem in told]
    if found:
        away = tuple(look.view.host for look in looks if not look.view.link.usable)
        only = bool(away) and len(found) == len(away) < len(looks)
        raise PlanRefused("\n".join(found), away if only else ())


def _there(asked: Asked, looks: Sequence[RollbackLook]) -> bool:
    """Whether the code is back already, so that the schema alone is left to go."""
    return all(is_there(look, asked.version) for look in looks)


def plan_rollback(
    context: PlanContext, asked: Asked, looks: Sequence[RollbackLook], delta: RollbackDelta
) -> Plan:
    """The plan from what was read. Pure; PlanRefused lists what stands in the way."""
    if delta.problem and not asked.code_only:
        raise PlanRefused(
            f"which migrations {asked.version} lacks cannot be told: {delta.problem}\n"
            f"{delta.remedy + chr(10) if delta.remedy else ''}"
            "Code only, with the schema left as it is, can be planned all the same."
        )
    downs, losses = _downs(context, RollbackDelta() if asked.code_only else delta)
    back = _there(asked, looks)
    if back and not downs:
        raise PlanRefused(f"every host runs and boots {asked.version} already")
    environment, names = context.environment, [look.view.host for look in looks]
    where = ", ".join(names) if len(names) < 4 else counted(len(names), "host")
    base = Tier.PRODUCTION if environment.production else Tier.REVERSIBLE
    return Plan(
        kind=KIND,
        title=_schema_title(asked, delta) if back else f"roll back to {asked.version} on {where}",
        environment=environment.name,
        production=environment.production,
        app=context.app.name,
        tier=Tier.DATA_LOSS if downs else base,
        steps=downs if back else (*downs, *_moves(context, asked, looks)),
        facts=tuple(sorted(_facts(asked, looks, delta))),
        verdicts=_verdicts(context, asked, names, delta),
        left_out=asked.without,
        undo=_undo(context.app.name, looks, bool(downs), delta if back else None),
        params=_params(asked, names),
        losses=losses,
        oldest=str(min(delta.versions)) if downs else "",
    )


def _schema_title(asked: Asked, delta: RollbackDelta) -> str:
    release = delta.status.release if delta.status is not None else ""
    return f"take the schema back to {asked.version} by the code of {release}"


def _downs(context: PlanContext, delta: RollbackDelta) -> tuple[tuple[Step, ...], tuple[Loss, ...]]:
    """The steps that take the schema back, newest first, and what is lost by them."""
    steps: list[Step] = []
    losses: list[Loss] = []
    status, files = delta.status, delta.files
    if status is None:
        return (), ()
    if delta.obstacles:
        lines = "\n".join(f"{status.host}: {problem}" for problem in delta.obstacles)
        raise PlanRefused(f"{lines}\nCode only, with the schema left ahead, can be planned.")
    for name, versions in delta.goes:
        repo = status.repo(name)
        if repo is not None:
            steps += down_steps(
                context, status, versions, by=status.by, release=status.release, repo=name
            )
            one = replace(status, repos=(repo,))
            losses += losses_of(one, versions, Direction.DOWN, files.judgements(repo))
    return tuple(steps), tuple(losses)


def _moves(context: PlanContext, asked: Asked, looks: Sequence[RollbackLook]) -> tuple[Step, ...]:
    steps: list[Step] = []
    for number, look in enumerate(looks):
        snapshot, target = look.snapshot, target_of(look, asked.version)
        switched = switch_step(
            context.app,
            look.view.host,
            asked.version,
            target.erts or snapshot.release.boots_erts or "",
            snapshot.release.boots or "",
        )
        if asked.canary and number == 1:
            reason = "the first host runs it; look at it, then go on to the others or stop here"
            switched = replace(switched, pause=reason)
        steps += [switched, restart_to(context.app, snapshot, look.right, asked.version)]
    return tuple(steps)


def _facts(
    asked: Asked, looks: Sequence[RollbackLook], delta: RollbackDelta
) -> list[tuple[str, str]]:
    facts = [("version", asked.version), ("schema", "left ahead" if asked.code_only else "taken")]
    for look in looks:
        host, target = look.view.host, target_of(look, asked.version)
        tree = repr((target.erts, target.apps, target.setcookie)).encode()
        facts += restart_facts(look.snapshot)
        facts += [
            (f"{host} user", look.right.user),
            (f"{host} target", hashlib.sha256(tree).hexdigest()),
            (f"{host} cookie", look.tree.cookie),
        ]
    # A schema that is left alone is nothing that the plan rests on.
    rests = delta.status.repos if delta.status is not None and not asked.code_only else ()
    for repo in rests:
        facts.append((f"{repo.repo} applied", " ".join(map(str, repo.applied))))
    return facts


def _verdicts(
    context: PlanContext, asked: Asked, names: Sequence[str], delta: RollbackDelta
) -> tuple[Verdict, ...]:
    found = [Verdict(VerdictKind.PASS, "target", f"{asked.version} is whole on every host")]

    def warn(reason: str) -> None:
        found.append(Verdict(VerdictKind.WARN, "schema", reason))

    if context.migration_host not in names:
        warn(f"the schema stays as it is: {context.migration_host} is not in this plan")
    elif asked.code_only and delta.problem:
        told = "; ".join(filter(None, (delta.problem, delta.remedy)))
        warn(f"the schema stays; which migrations are ahead is not known: {told}")
    elif asked.code_only and delta.versions:
        ahead = ", ".join(map(str, delta.versions))
        warn(f"the schema stays ahead: {ahead}. Does {asked.version} run with them applied?")
    elif delta.status is not None:
        for name, versions in delta.goes:
            repo = delta.status.repo(name)
            if repo is not None:
                words = set_words(repo, versions, Direction.DOWN)
                found.append(Verdict(VerdictKind.PASS, "schema", f"{name}: {words}"))
    if delta.code_first and not asked.code_only:
        warn(delta.code_first)
    lost = _without_file(delta)
    if lost:
        warn(f"applied and in no file of the code that runs: {', '.join(map(str, lost))}; left")
    return tuple(found)


def _without_file(delta: RollbackDelta) -> tuple[int, ...]:
    return tuple(sorted({m.version for m in delta.of(Group.NO_FILE)}))


def _params(asked: Asked, names: Sequence[str]) -> Facts:
    params: Facts = (
        ("version", asked.version),
        hosts_param([*names, *asked.without]),
        ("code_only", "yes" if asked.code_only else ""),
        ("canary", "yes" if asked.canary else ""),
    )
    return without_param(params, asked.without) if asked.without else params


def _undo(app: str, looks: Sequence[RollbackLook], downs: bool, alone: RollbackDelta | None) -> str:
    """The command that goes back again; `alone`: the schema went back without the code."""
    olds: Mapping[str, str] = {k.view.host: k.snapshot.release.boots or "none" for k in looks}
    again = "; then migrate up again" if downs else ""
    if alone is not None and alone.status is not None:
        return f"beamdeck plan rollback {app} --to {alone.status.release}{again}"
    if len(set(olds.values())) == 1:
        return f"beamdeck plan rollback {app} --to {next(iter(olds.values()))}{again}"
    return "; ".join(f"{host} back to {old}" for host, old in olds.items())

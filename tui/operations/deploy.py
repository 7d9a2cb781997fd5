"""Deploy a release: the plan, in the order of design.md, from a fresh look at every host.

Nothing boots differently until the switch, and nothing changes for users until the restart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tui.model.archive import Archive
from tui.model.fleet import MigrateWhen
from tui.model.host import HostSnapshot
from tui.model.migration_source import Undo
from tui.model.plan import Facts, Plan, PlanRefused, Step, Tier, Verdict, VerdictKind
from tui.model.preflight import warnings
from tui.model.words import counted
from tui.operations import deploy_works
from tui.operations.context import PlanContext
from tui.operations.deploy_look import (
    DeployLook,
    inspected,
    look_at_hosts,
    problems,
    stored,
)
from tui.operations.deploy_migrations import DeployMigrations, read_deploy_migrations
from tui.operations.deploy_steps import (
    hand_over_step,
    install_step,
    restart_to,
    switch_step,
    unpack_step,
    upload_step,
)
from tui.operations.lock import with_locks
from tui.operations.planners import hosts_of, hosts_param, without_of, without_param
from tui.operations.restart_state import restart_facts
from tui.operations.rights import refusals, rights_for, with_survival
from tui.operations.steps import StepKind

KIND = "deploy"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a deploy was asked for; `version` may be empty: whatever the archive holds."""

    archive: str
    version: str
    hosts: tuple[str, ...]
    without: tuple[str, ...]
    canary: bool
    migrations: MigrateWhen


def kinds(context: PlanContext) -> dict[str, StepKind]:
    """How the steps of a deploy are carried out; restarts and migrations have their own."""
    return deploy_works.kinds(context)


async def build(context: PlanContext, params: Facts) -> Plan:
    """The plan for what the parameters ask; PlanRefused says what stands in the way."""
    asked = _asked(context, params)
    path = asked.archive or await stored(context, asked.version)
    archive = await inspected(path, context.app.name)
    if asked.version and asked.version != archive.version:
        raise PlanRefused(f"{asked.archive} holds {archive.version}, not {asked.version}")
    names = [name for name in asked.hosts if name not in asked.without]
    if not names:
        raise PlanRefused("no host is left to deploy to")
    lacking = refusals(await rights_for(context, KIND, names))
    looks = await look_at_hosts(context, names, archive)
    if lacking and all(look.reached for look in looks):
        raise PlanRefused("\n".join(lacking))
    _refuse(context, looks, archive)
    migrates = DeployMigrations()
    if asked.migrations is not MigrateWhen.NEVER and context.migration_host in names:
        migrates = await read_deploy_migrations(context, archive)
    plan = await with_locks(context, plan_deploy(context, asked, archive, looks, migrates))
    return await with_survival(context, plan)


def _asked(context: PlanContext, params: Facts) -> Asked:
    given = dict(params)
    archive, version = given.get("archive", ""), given.get("version", "")
    if not archive and not version:
        raise PlanRefused("which release? Name a version of the release store, or an archive")
    hosts = hosts_of(params) or context.hosts
    unknown = [name for name in (*hosts, *without_of(params)) if name not in context.hosts]
    if unknown:
        raise PlanRefused(f"{', '.join(unknown)} does not run {context.app.name}")
    try:
        when = MigrateWhen(given.get("migrations") or context.app.migrations)
    except ValueError:
        raise PlanRefused("migrations are run before, after or never") from None
    ordered = tuple(name for name in context.hosts if name in hosts)
    canary = given.get("canary", "") == "yes"
    return Asked(archive, version, ordered, without_of(params), canary, when)


def _refuse(context: PlanContext, looks: Sequence[DeployLook], archive: Archive) -> None:
    """PlanRefused with every problem of every host."""
    found = [
        f"{look.view.host}: {problem}"
        for look in looks
        for problem in problems(context, look, archive)
    ]
    if found:
        away = tuple(look.view.host for look in looks if not look.reached)
        only = bool(away) and len(found) == len(away) < len(looks)
        raise PlanRefused("\n".join(found), away if only else ())


def plan_deploy(
    context: PlanContext,
    asked: Asked,
    archive: Archive,
    looks: Sequence[DeployLook],
    migrates: DeployMigrations,
) -> Plan:
    """The plan from what was read. Pure; PlanRefused if what it would migrate is not known."""
    if migrates.problem:
        raise PlanRefused(
            f"what {archive.version} would migrate cannot be told: {migrates.problem}\n"
            "To leave migrations aside, deploy with migrations never."
        )
    environment, app, names = context.environment, context.app, [k.view.host for k in looks]
    where = ", ".join(names) if len(names) < 4 else counted(len(names), "host")
    losses = migrates.losses
    base = Tier.PRODUCTION if environment.production else Tier.REVERSIBLE
    return Plan(
        kind=KIND,
        title=f"deploy {archive.version} to {where}",
        environment=environment.name,
        production=environment.production,
        app=app.name,
        tier=Tier.DATA_LOSS if losses else base,
        steps=_steps(context, asked, archive, looks, migrates),
        facts=tuple(sorted(_facts(archive, looks, migrates))),
        verdicts=_verdicts(context, asked, archive, looks, migrates),
        left_out=asked.without,
        undo=_undo(app.name, looks, migrates),
        params=_params(asked, archive, names),
        losses=losses,
        oldest=str(min(migrates.pending)) if losses else "",
    )


def _params(asked: Asked, archive: Archive, names: Sequence[str]) -> Facts:
    params: Facts = (
        ("version", archive.version),
        ("archive", archive.path),
        hosts_param([*names, *asked.without]),
        ("canary", "yes" if asked.canary else ""),
        ("migrations", asked.migrations.value),
    )
    return without_param(params, asked.without) if asked.without else params


def _steps(
    context: PlanContext,
    asked: Asked,
    archive: Archive,
    looks: Sequence[DeployLook],
    migrates: DeployMigrations,
) -> tuple[Step, ...]:
    app, names = context.app, [look.view.host for look in looks]
    steps: list[Step] = []
    for make in (upload_step, hand_over_step, unpack_step, install_step):
        steps += [make(app, archive, name) for name in names]
    run = migrates.steps(context, asked.migrations, archive.version)
    if asked.migrations is MigrateWhen.BEFORE:
        steps += run
    first = _migrating_first(context, looks) if run else list(looks)
    for number, look in enumerate(first):
        steps += _switch_and_restart(context, archive, look, asked.canary and number == 1)
        if asked.migrations is MigrateWhen.AFTER and look.view.host == context.migration_host:
            steps += run
    return tuple(steps)


def _migrating_first(context: PlanContext, looks: Sequence[DeployLook]) -> list[DeployLook]:
    """The migration host before all others: its code runs what the others' code will need."""
    return sorted(looks, key=lambda look: look.view.host != context.migration_host)


def _switch_and_restart(
    context: PlanContext, archive: Archive, look: DeployLook, pause: bool
) -> list[Step]:
    app, snapshot = context.app, _snapshot(look)
    previous = snapshot.release.boots or ""
    erts = archive.erts or snapshot.release.boots_erts or ""
    switched = switch_step(app, snapshot.host, archive.version, erts, previous)
    if pause:
        reason = "the first host runs it; look at it, then go on to the others or stop here"
        switched = replace(switched, pause=reason)
    return [switched, restart_to(app, snapshot, look.right, archive.version)]


def _snapshot(look: DeployLook) -> HostSnapshot:
    if look.view.snapshot is None:
        raise PlanRefused(f"{look.view.host}: nothing is known of it")
    return look.view.snapshot


def _facts(
    archive: Archive, looks: Sequence[DeployLook], migrates: DeployMigrations
) -> list[tuple[str, str]]:
    facts = [("archive", archive.sha256), ("version", archive.version)]
    for look in looks:
        host, fit = look.view.host, look.fit
        facts += restart_facts(_snapshot(look))
        facts.append((f"{host} user", look.right.user))
        if fit is not None:
            facts.append((f"{host} cookie", fit.cookie_sha256))
            facts.append((f"{host} trees", " ".join(folder for folder, _ in fit.trees)))
    if migrates.status is not None:
        for repo in migrates.status.repos:
            facts.append((f"{repo.repo} applied", " ".join(map(str, repo.applied))))
            facts.append((f"{repo.repo} pending", " ".join(map(str, repo.pending))))
    return facts


def _verdicts(
    context: PlanContext,
    asked: Asked,
    archive: Archive,
    looks: Sequence[DeployLook],
    migrates: DeployMigrations,
) -> tuple[Verdict, ...]:
    found: list[Verdict] = []

    def say(kind: VerdictKind, guard: str, reason: str) -> None:
        found.append(Verdict(kind, guard, reason))

    kept = {folder for look in looks if look.fit for folder, _ in look.fit.trees}
    same = f"; {counted(len(kept), 'folder')} already there and the same" if kept else ""
    say(VerdictKind.PASS, "archive", f"{archive.files:,} files, {archive.flavour}{same}")
    doubts: dict[str, list[str]] = {}
    for look in looks:
        for warning in warnings(archive, look.fit) if look.fit is not None else ():
            doubts.setdefault(warning, []).append(look.view.host)
    for warning, hosts in doubts.items():
        say(VerdictKind.WARN, "fit", f"{', '.join(hosts)}: {warning}")
    if context.migration_host not in [look.view.host for look in looks]:
        if archive.migrations and asked.migrations is not MigrateWhen.NEVER:
            reason = f"no migration is run: {context.migration_host} is not in this plan"
            say(VerdictKind.WARN, "migrations", reason)
    elif asked.migrations is MigrateWhen.NEVER and archive.migrations:
        say(VerdictKind.WARN, "migrations", "none is run by this plan: `migrations` is never")
    elif migrates.pending:
        judged = dict(migrates.judgements)
        words = [
            f"{v} (undo: {judged[v].undo.value})" if v in judged else str(v)
            for v in migrates.pending
        ]
        # What cannot be undone closes the way back: no check mark stands before it.
        back = all(v in judged and judged[v].undo is Undo.YES for v in migrates.pending)
        kind = VerdictKind.PASS if back else VerdictKind.WARN
        say(kind, "migrations", f"{asked.migrations} the restart: {', '.join(words)}")
    return tuple(found)


def _undo(app: str, looks: Sequence[DeployLook], migrates: DeployMigrations) -> str:
    olds = {_snapshot(look).release.boots for look in looks}
    if len(olds) == 1 and (old := olds.pop()):
        plan = f"beamdeck plan rollback {app} --to {old}"
        if migrates.one_way:
            named = ", ".join(map(str, migrates.one_way))
            return f"{plan} --code-only; {named} cannot be undone: the schema stays ahead"
        return f"{plan}; it takes the migrations down first" if migrates.pending else plan
    words = ", ".join(f"{k.view.host} to {_snapshot(k).release.boots or 'none'}" for k in looks)
    return f"a rollback, host by host: {words}"

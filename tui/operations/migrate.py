"""Migrations by plan: what is asked, read anew, judged, refused or laid out step by step.

Up is all that is pending or what was named; down is only what was named, migration by migration.
Both run once, on the app's migration host.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tui.model.migration import (
    By,
    Direction,
    MigrationStatus,
    RepoStatus,
    migration_facts,
)
from tui.model.migration_files import MigrationFiles
from tui.model.migration_set import (
    in_order,
    problems,
    repo_losses,
    set_words,
    versions_of,
)
from tui.model.migration_source import Judgement
from tui.model.plan import Facts, Loss, Plan, PlanRefused, Step, Tier, Verdict, VerdictKind
from tui.model.release import untried
from tui.model.words import counted
from tui.operations.context import PlanContext
from tui.operations.lock import with_locks
from tui.operations.migrate_steps import DOWN, UP, down_steps, up_steps
from tui.operations.migrate_work import MigrateWork
from tui.operations.migration_read import read_status
from tui.operations.migration_sources import read_sources
from tui.operations.planners import hosts_of, hosts_param
from tui.operations.ports import Session
from tui.operations.rights import with_survival
from tui.operations.steps import StepKind, StepWork

__all__ = ["down_steps", "losses_of", "read_sources", "read_status", "up_steps"]

KIND = "migrate"


def kinds(context: PlanContext) -> dict[str, StepKind]:
    """How the steps of migrations are carried out."""

    def work(step: Step, session: Session, facts: Facts) -> StepWork:
        return MigrateWork(step, session, context.app, context.refresh, context.clock)

    return {UP: work, DOWN: work}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a plan of migrations was asked for.

    `versions` are explicit; () is all that is pending, and no down at all. `by` and `release`: the
    running node's code, or that of a release version beside it; None: the node, if it answers.
    """

    direction: Direction
    repo: str = ""
    versions: tuple[int, ...] = ()
    by: By | None = None
    release: str = ""


def asked_of(params: Facts) -> Asked:
    """What the parameters of a plan ask for; PlanRefused where they ask for nothing."""
    given = dict(params)
    try:
        direction = Direction(given.get("direction", ""))
        by = By(given["by"]) if given.get("by") else None
        versions = versions_of(given.get("versions", ""))
    except ValueError as error:
        raise PlanRefused(f"that cannot be planned: {error}") from None
    if direction is Direction.DOWN and not versions:
        raise PlanRefused("a down needs the migrations that go: none were named")
    return Asked(direction, given.get("repo", ""), versions, by, given.get("release", ""))


async def build(context: PlanContext, params: Facts) -> Plan:
    """The plan for what the parameters ask; PlanRefused says what stands in the way."""
    asked = asked_of(params)
    host = context.migration_host
    if not host:
        raise PlanRefused(f"{context.app.name} has no host that could run migrations")
    elsewhere = [name for name in hosts_of(params) if name != host]
    if elsewhere:
        raise PlanRefused(f"migrations run once, on {host}; not on {', '.join(elsewhere)}")
    snapshot = await context.refresh(host)
    if snapshot is not None and untried(snapshot.release.flavour):
        raise PlanRefused(f"{host}: {untried(snapshot.release.flavour)}")
    status, files = await asyncio.gather(_read(context, asked), read_sources(context, host))
    plan = await with_locks(context, plan_migrate(context, asked, status, files))
    return await with_survival(context, plan)


async def _read(context: PlanContext, asked: Asked) -> MigrationStatus:
    """The status by the code that will run them: the node's, or where none answers, the disk's."""
    host, release = context.migration_host, asked.release or None
    status = await read_status(context, host, by=asked.by or By.RPC, release=release)
    if asked.by is None and status.problem:
        beside = await read_status(context, host, by=By.EVAL, release=release)
        return status if beside.problem else beside
    return status


def plan_migrate(
    context: PlanContext, asked: Asked, status: MigrationStatus, files: MigrationFiles
) -> Plan:
    """The plan from what was read. Pure; PlanRefused lists everything that stands in the way."""
    host = context.migration_host
    if status.problem:
        raise PlanRefused(f"{host}: {status.problem}")
    repo = _repo(status, asked.repo)
    versions = _versions(repo, asked)
    judgements = files.judgements(repo)
    refused = problems(repo, versions, asked.direction, judgements)
    if refused:
        refused += _elsewhere(context, status, repo, versions, files)
        raise PlanRefused("\n".join(f"{host}: {problem}" for problem in refused))
    make = up_steps if asked.direction is Direction.UP else down_steps
    steps = make(context, status, versions, by=status.by, release=status.release, repo=repo.repo)
    losses = repo_losses(repo, versions, asked.direction, judgements)
    verb = "apply" if asked.direction is Direction.UP else "undo"
    return Plan(
        kind=KIND,
        title=f"{verb} {counted(len(versions), 'migration')} of {repo.repo} on {host}",
        environment=context.environment.name,
        production=context.environment.production,
        app=context.app.name,
        tier=tier_of(asked.direction, bool(losses), context.environment.production),
        steps=steps,
        facts=tuple(sorted(migration_facts(status, repo.repo))),
        verdicts=_verdicts(status, repo, versions, asked.direction, judgements),
        undo=_undo(context, repo, versions, asked.direction),
        params=_params(asked, status, repo, versions),
        losses=losses,
        oldest=str(min(versions)),
    )


def tier_of(direction: Direction, loses: bool, production: bool) -> Tier:
    """A down is always guarded as a loss; an up where something is lost or cannot be told."""
    if direction is Direction.DOWN or loses:
        return Tier.DATA_LOSS
    return Tier.PRODUCTION if production else Tier.REVERSIBLE


def losses_of(
    status: MigrationStatus,
    versions: Iterable[int],
    direction: Direction,
    judgements: Mapping[int, Judgement],
) -> tuple[Loss, ...]:
    """What goes with these migrations, in all repos of a status that know them."""
    chosen = set(versions)
    return tuple(
        loss
        for repo in status.repos
        for loss in repo_losses(
            repo, chosen & {m.version for m in repo.migrations}, direction, judgements
        )
    )


def _repo(status: MigrationStatus, name: str) -> RepoStatus:
    repo = status.repo(name)
    if repo is None and name:
        raise PlanRefused(f"{name} is no repo of {status.release or 'this release'}")
    if repo is None:
        told = ", ".join(r.repo for r in status.repos)
        raise PlanRefused(f"which repo? There are {told}" if told else "this release has no repo")
    if repo.problem:
        raise PlanRefused(f"{status.host}: {repo.repo}: {repo.problem}")
    return repo


def _versions(repo: RepoStatus, asked: Asked) -> tuple[int, ...]:
    chosen = asked.versions
    if not chosen and asked.direction is Direction.UP:
        chosen = repo.pending
        if not chosen:
            raise PlanRefused(f"nothing is pending in {repo.repo}")
    return in_order(chosen, asked.direction)


def _elsewhere(
    context: PlanContext,
    status: MigrationStatus,
    repo: RepoStatus,
    versions: Iterable[int],
    files: MigrationFiles,
) -> list[str]:
    """Which release on the host has the files that the asked one lacks; the plan by its code."""
    lost = [version for version in versions if version in repo.without_file]
    found = [files.holders(repo, version) for version in lost]
    shared = [v for v in found[0] if all(v in other for other in found)] if found else []
    if not shared:
        return []
    plan = f"beamdeck plan rollback {context.app.name} --to {status.release}"
    return [
        f"{shared[0]} on its disk has it: its code can, beside the node. "
        f"{plan} undoes all that {status.release} lacks"
    ]


def _params(
    asked: Asked, status: MigrationStatus, repo: RepoStatus, versions: tuple[int, ...]
) -> Facts:
    # What is planned again is this very set, not what "all" would mean by then.
    return (
        ("direction", asked.direction.value),
        ("repo", repo.repo),
        ("versions", " ".join(map(str, sorted(versions)))),
        ("by", status.by.value),
        ("release", asked.release),
        hosts_param((status.host,)),
    )


def _undo(
    context: PlanContext, repo: RepoStatus, versions: tuple[int, ...], direction: Direction
) -> str:
    app, named = context.app.name, f"--repo {repo.repo}"
    if direction is Direction.UP:
        return f"beamdeck plan migrate {app} down {named} --version {min(versions)} --undo"
    return f"beamdeck plan migrate {app} up {named} --version {max(versions)}"


def _verdicts(
    status: MigrationStatus,
    repo: RepoStatus,
    versions: tuple[int, ...],
    direction: Direction,
    judgements: Mapping[int, Judgement],
) -> tuple[Verdict, ...]:
    found = [Verdict(VerdictKind.PASS, "set", set_words(repo, versions, direction))]

    def warn(guard: str, reason: str) -> None:
        found.append(Verdict(VerdictKind.WARN, guard, reason))

    if status.by is By.EVAL:
        warn("code", f"run beside the node, by the code of {status.release} on disk")
    if direction is Direction.UP:
        skipped = [v for v in versions if v in repo.out_of_order]
        for version in skipped:
            warn("order", f"{version} is older than the newest applied one, {repo.newest}")
    for version in versions:
        judgement = judgements.get(version)
        if judgement is None:
            continue
        if judgement.no_transaction:
            warn("transaction", f"{version} runs without a transaction: a failure leaves it half")
        if direction is Direction.UP and judgement.undo_words != "yes":
            warn("undo", f"{version} can be undone: {judgement.undo_words}")
        for reason in judgement.losses(direction).reasons[:3]:
            warn("loss", f"{version} {reason.words}")
    return tuple(found)

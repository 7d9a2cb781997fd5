"""Prune old releases: the plan from a fresh read of every tree, and its steps, one a host."""

from __future__ import annotations

from dataclasses import replace

from tui.commands.answer import Said
from tui.commands.prune import LIMIT_S, look_at_pruned, prune
from tui.model.command import Command, Outcome
from tui.model.plan import Facts, Loss, Plan, PlanRefused, Step, StepState, Tier
from tui.model.prune import Prunable, prunable
from tui.model.release_tree import TreeSeen, release_order
from tui.model.words import counted, size
from tui.operations.context import PlanContext
from tui.operations.lock import with_locks
from tui.operations.look_work import Looks, LookWork, said_on
from tui.operations.planners import hosts_of, hosts_param, without_of, without_param
from tui.operations.ports import Session
from tui.operations.release_trees import read_host_tree, read_trees
from tui.operations.steps import Finding, Ready, StepKind, StepWork

KIND = "prune"


async def build(context: PlanContext, params: Facts) -> Plan:
    """The plan to prune the hosts named in `params` (none named: all); PlanRefused says why not."""
    without = without_of(params)
    wanted = hosts_of(params) or context.hosts
    unknown = [name for name in (*wanted, *without) if name not in context.hosts]
    if unknown:
        raise PlanRefused(f"{', '.join(unknown)} does not run {context.app.name}")
    names = [name for name in context.hosts if name in wanted and name not in without]
    trees = await read_trees(context, names)
    return await with_locks(context, plan_prune(context, trees, without))


def kinds(context: PlanContext) -> dict[str, StepKind]:
    """How a prune step is carried out."""

    def work(step: Step, session: Session, facts: Facts) -> StepWork:
        return PruneWork(step, session, facts, context)

    return {KIND: work}


def plan_prune(
    context: PlanContext, trees: dict[str, TreeSeen], without: tuple[str, ...] = ()
) -> Plan:
    """The plan from what was read. Pure; PlanRefused names every host that is not clear."""
    found = [prunable(tree, context.app.keep_releases) for tree in trees.values()]
    problems = [f"{one.host}: {one.problem}" for one in found if one.problem]
    if problems:
        raise PlanRefused("\n".join(problems))
    going = [one for one in found if one.versions]
    if not going:
        kept = counted(context.app.keep_releases, "release")
        raise PlanRefused(f"nothing to prune: no host has more than the {kept} to keep")
    environment, params = context.environment, (hosts_param(tuple(trees)),)
    versions = sorted({v for one in going for v in one.versions}, key=release_order)
    facts = [fact for one in going for fact in _facts(trees[one.host], one)]
    return Plan(
        kind=KIND,
        title=f"remove {counted(len(versions), 'old release')} of {context.app.name}",
        environment=environment.name,
        production=environment.production,
        app=context.app.name,
        tier=Tier.DATA_LOSS,
        steps=tuple(_step(context, trees[one.host], one) for one in going),
        facts=tuple(sorted(facts)),
        left_out=without,
        undo="none: deploy a removed release again from the store, if it is there",
        params=without_param(params, without) if without else params,
        losses=tuple(Loss(version, _lost(going, version)) for version in versions),
        oldest=versions[0],
    )


def _facts(tree: TreeSeen, one: Prunable) -> Facts:
    host = one.host
    return (
        (f"{host} runs", tree.runs or ""),
        (f"{host} boots", tree.boots or ""),
        (f"{host} keeps", " ".join(version for version, _ in one.kept)),
    )


def _lost(going: list[Prunable], version: str) -> str:
    hosts = [one.host for one in going if version in one.versions]
    return f"release {version} on {', '.join(hosts)}: no way back to it from there"


def _step(context: PlanContext, tree: TreeSeen, one: Prunable) -> Step:
    # The folder that was found, one of three that the configured one may mean.
    app = replace(context.app, deliver_to=tree.root)
    kept = ", ".join(f"{version} ({why})" for version, why in one.kept)
    libs = f" and {counted(len(one.libs), 'folder')} of lib" if one.libs else ""
    return Step(
        kind=KIND,
        host=one.host,
        what=f"remove {', '.join(one.versions)}{libs}: {size(one.size_bytes)}",
        why=f"stays: {kept}",
        command=prune(app, one.paths),
        precondition="what runs, boots next and is kept is as it was read",
        verification="none of them is there any more",
        undo="none: deploy it again from the store",
        limit_s=LIMIT_S,
        params=(("root", tree.root), ("paths", " ".join(one.paths))),
    )


class PruneWork(LookWork):
    """One host's prune: the whole tree is read once more right before it."""

    def __init__(self, step: Step, session: Session, facts: Facts, context: PlanContext) -> None:
        self._context = context
        super().__init__(step, session, facts, Looks(self._look, _refusal, _truth))

    def _look(self, step: Step) -> Command:
        app = replace(self._context.app, deliver_to=step.param("root"))
        return look_at_pruned(app, tuple(step.param("paths").split()))

    async def judge(self) -> Ready:
        """The same must go and the same must stay as when the plan was shown."""
        tree = await read_host_tree(self._context, self.step.host)
        now = prunable(tree, self._context.app.keep_releases)
        if now.problem:
            return Ready(refused=now.problem)
        if " ".join(now.paths) != self.step.param("paths"):
            return Ready(refused=f"it is not as it was shown: {tree.runs} runs, {tree.boots} boots")
        return await super().judge()


def _refusal(step: Step, said: Said, facts: Facts) -> str:
    boots = {f"releases/{version}" for version in said.get("boots", ())}
    hit = boots.intersection(step.param("paths").split())
    return f"{', '.join(sorted(hit))} boots next" if hit else ""


def _truth(step: Step, said: Said, outcome: Outcome | None) -> Finding | None:
    there, left = said.get("there", ()), said.get("left", ())
    if not there and not left:
        return Finding(StepState.DONE, "gone", facts=(("gone", step.param("paths")),))
    if outcome is None or not outcome.known:
        return None
    why = said_on(outcome) or f"exit status {outcome.exit_status}"
    return Finding(StepState.FAILED, f"still there: {', '.join((*there, *left))}; {why}")

"""Rehearse a rollback: every precondition on the real hosts, by reading only; nothing is begun."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from tui.commands.node import CannotAsk, parse_running, read_running_by_rpc
from tui.errors import BeamdeckError
from tui.model.plan import Plan, PlanRefused
from tui.model.release_tree import Order, TreeSeen, release_order
from tui.model.unit import UnitWord
from tui.operations.context import PlanContext
from tui.operations.guards import consent_needs
from tui.operations.planners import build_plan
from tui.operations.release_trees import read_trees

LEAST_FREE_BYTES = 16 * 1024 * 1024
"""What a rollback writes (lock, operation copies, one line) and the node's start, with room."""
KIND = "rollback"


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What would become of a rollback to `target` now: the plan, or every reason against it.

    `reasons` may stand beside a plan: what the plan would be, and why it would not come to its
    end. Empty reasons mean that it would work.
    """

    target: str
    plan: Plan | None = None
    reasons: tuple[str, ...] = ()

    @property
    def works(self) -> bool:
        """Whether a rollback would work now."""
        return self.plan is not None and not self.reasons


async def rehearse_rollback(
    context: PlanContext, version: str = "", *, code_only: bool = False
) -> Rehearsal:
    """Read all that a rollback rests on; without a version, to the newest whole earlier one."""
    reasons = [
        f"{host}: it cannot be reached ({context.sessions[host].link.state})"
        for host in context.hosts
        if not context.sessions[host].link.usable
    ]
    if reasons:
        return Rehearsal(version, reasons=tuple(reasons))
    target = version
    if not target:
        trees = await read_trees(context, context.hosts)
        target = newest_earlier(tuple(trees.values()))
        if not target:
            return Rehearsal("", reasons=no_earlier(tuple(trees.values())))
    params = (("version", target), ("code_only", "yes" if code_only else ""))
    room = await _host_reasons(context)
    try:
        plan = await build_plan(context, KIND, params)
    except PlanRefused as refused:
        # A line that begins with blanks belongs to the one before: what visudo would have to add.
        told = re.split(r"\n(?! )", refused.reason)
        return Rehearsal(target, reasons=(*told, *room))
    except BeamdeckError as error:
        return Rehearsal(target, reasons=(error.detail or error.title, *room))
    blocked = consent_needs(plan).blocked
    return Rehearsal(target, plan, tuple(filter(None, (blocked, *room))))


def newest_earlier(trees: Sequence[TreeSeen]) -> str:
    """The newest release that is whole on every host and older than what runs (or else boots) on
    any of them; empty if there is none. Pure."""
    if not trees or any(tree.problem for tree in trees):
        return ""
    shared = set.intersection(*({v.version for v in tree.versions if v.whole} for tree in trees))
    now = {word for tree in trees if (word := tree.runs or tree.boots)}
    built = {v.version: v.built_at for tree in trees for v in tree.versions}

    def order(version: str) -> Order:
        return release_order(version, built.get(version))

    newest = max(now, key=order, default="")
    older = [v for v in shared - now if newest and order(v) < order(newest)]
    return max(older, key=order, default="")


def no_earlier(trees: Sequence[TreeSeen]) -> tuple[str, ...]:
    """Why there is nothing to go back to, a sentence a host. Pure."""
    found = [f"{tree.host}: its releases cannot be read: {tree.problem}" for tree in trees]
    unread = [text for text, tree in zip(found, trees, strict=True) if tree.problem]
    if unread:
        return tuple(unread)
    lines = ["no earlier release is whole on every host"]
    for tree in trees:
        there = [
            v.version if v.whole else f"{v.version} (lacks {', '.join(v.missing)})"
            for v in tree.versions
        ]
        lines.append(f"{tree.host} runs {tree.runs or 'nothing'}; on it: {', '.join(there)}")
    return tuple(lines)


async def _host_reasons(context: PlanContext) -> tuple[str, ...]:
    """What a plan is not built from: room on the disk, and whether each node obeys its cookie."""
    found = await asyncio.gather(*(_of_host(context, host) for host in context.hosts))
    return tuple(reason for reasons in found for reason in reasons)


async def _of_host(context: PlanContext, host: str) -> list[str]:
    try:
        snapshot = await context.refresh(host)
    except BeamdeckError as error:
        return [f"{host}: it cannot be read: {error.detail}"]
    if snapshot is None:
        return [f"{host}: it gave no answer to a probe"]
    reasons = []
    free = snapshot.machine.disk_free
    if free is not None and free < LEAST_FREE_BYTES:
        reasons.append(f"{host}: its disk is full: {free // 1024} KiB are free")
    if snapshot.unit.word is UnitWord.RUNNING:
        token = secrets.token_hex(8)
        try:
            question = read_running_by_rpc(context.app, snapshot.release, token)
            problem = parse_running(await context.sessions[host].run(question), token).problem
        except CannotAsk:
            problem = ""
        except BeamdeckError as error:
            problem = error.detail
        if problem:
            reasons.append(
                f"{host}: its node runs and does not answer control calls: {problem}. "
                "Has releases/COOKIE changed since it started?"
            )
    return reasons

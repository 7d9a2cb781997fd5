"""Reads the release folders of several hosts at once, with what runs and boots there."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import replace

from tui.commands.release_tree import TreeAnswer, parse_tree, read_tree
from tui.errors import BeamdeckError
from tui.model.host import HostSnapshot
from tui.model.names import user_fits
from tui.model.redact import from_host
from tui.model.release_tree import TreeSeen
from tui.operations.context import PlanContext


async def read_trees(context: PlanContext, hosts: Sequence[str]) -> dict[str, TreeSeen]:
    """Every host's release folder by the host's name; what cannot be read says so itself."""
    names = list(dict.fromkeys(hosts))
    seen = await asyncio.gather(*(read_host_tree(context, name) for name in names))
    return dict(zip(names, seen, strict=True))


async def read_host_tree(context: PlanContext, host: str) -> TreeSeen:
    """One host's release folder, probed anew for what runs there; never raises for a host."""
    session = context.sessions.get(host)
    if session is None:
        return TreeSeen(host, context.clock(), problem="no host of this app")
    try:
        snapshot, answer = await asyncio.gather(context.refresh(host), _as_either(context, host))
    except BeamdeckError as error:
        return TreeSeen(host, context.clock(), problem=error.detail or error.title)
    return _joined(answer.tree, snapshot)


async def _as_either(context: PlanContext, host: str) -> TreeAnswer:
    """The folder as the SSH user sees it, and if that is not all, as its owner does."""
    answer = await _ask(context, host, as_owner=False)
    owner = context.app.owner or ""
    if not answer.shut or not user_fits(owner):
        return answer
    better = await _ask(context, host, as_owner=True)
    if not better.whole or len(better.shut) >= len(answer.shut):
        refused = f"{answer.tree.problem}; sudo -n -u {owner} does not help"
        return replace(answer, tree=replace(answer.tree, problem=refused))
    return better


async def _ask(context: PlanContext, host: str, *, as_owner: bool) -> TreeAnswer:
    token = secrets.token_hex(12)
    command = read_tree(context.app, token, as_owner=as_owner)
    outcome = await context.sessions[host].run(command)
    answer = parse_tree(outcome.stdout, context.app, token, host, context.clock())
    if answer.whole:
        return answer
    said = str(from_host(outcome.stderr.strip().split(b"\n")[-1], limit=200))
    if not outcome.known:
        said = str(outcome.ended)
    problem = f"{answer.tree.problem}{f': {said}' if said else ''}"
    return replace(answer, tree=replace(answer.tree, problem=problem))


def _joined(tree: TreeSeen, snapshot: HostSnapshot | None) -> TreeSeen:
    """The tree with what runs there, by the probe that was made beside it."""
    if snapshot is None:
        said = "; ".join(part for part in (tree.problem, "what runs could not be read") if part)
        return replace(tree, problem=said)
    runs = snapshot.release.runs
    versions = tuple(
        replace(seen, runs=seen.version == runs) if runs else seen for seen in tree.versions
    )
    return replace(tree, runs=runs, state=str(snapshot.unit.word), versions=versions)

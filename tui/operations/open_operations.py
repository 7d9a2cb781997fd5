"""The operations of an app that no record ends: of the local log and of its hosts' copies."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tui.commands.operation_copy import OpenCopy, list_open, parse_open
from tui.commands.owner import NOT_ALLOWED
from tui.errors import BeamdeckError
from tui.model.audit import parse_line
from tui.model.operation import Unresolved, of_records
from tui.model.redact import from_host
from tui.operations.context import PlanContext
from tui.operations.found_copies import authority
from tui.operations.oplog import OpLog

_NO_FOLDER = 66


@dataclass(frozen=True, slots=True)
class OpenOperations:
    """What was found, oldest first, and the hosts that could not be asked, with why."""

    found: tuple[Unresolved, ...]
    unread: tuple[tuple[str, str], ...] = ()


def local_operations(context: PlanContext, oplog: OpLog) -> tuple[Unresolved, ...]:
    """Those of the app's environment in the local log; one that cannot be read belongs to all."""
    mine = (context.environment.name, context.app.name)
    return tuple(
        left for left in oplog.unresolved() if left.problem or (left.environment, left.app) == mine
    )


async def open_operations(context: PlanContext, oplog: OpLog) -> OpenOperations:
    """The local ones and those on the hosts that answer; one cheap read a host, all at once."""
    here = {left.op: left for left in local_operations(context, oplog)}
    copies: dict[str, dict[str, OpenCopy]] = {}
    unread: list[tuple[str, str]] = []

    async def look(host: str) -> None:
        session = context.sessions[host]
        try:
            outcome = await session.run(list_open(context.app))
        except BeamdeckError as error:
            unread.append((host, error.detail))
            return
        if outcome.ok:
            for copy in parse_open(outcome.stdout):
                copies.setdefault(copy.op, {})[host] = copy
        elif outcome.exit_status not in (NOT_ALLOWED, _NO_FOLDER):
            said = from_host(outcome.stderr).strip().splitlines()
            unread.append((host, said[-1] if said else str(outcome.ended)))

    await asyncio.gather(*map(look, sorted(context.sessions)))
    for op, seen in copies.items():
        there = _of_copies(op, seen, oplog)
        if op in here:
            here[op] = replace(here[op], found_on=tuple(sorted(seen)))
        elif there is not None and there.app in ("", context.app.name):
            told = await authority(context, op, context.hosts, oplog)
            # Another copy may know of its end: a host that was away then has a shorter one.
            if told.chosen.problem:
                here[op] = replace(there, problem=told.chosen.problem)
            elif told.left is not None:
                here[op] = told.left
    return OpenOperations(tuple(here[op] for op in sorted(here)), tuple(sorted(unread)))


def _of_copies(op: str, seen: Mapping[str, OpenCopy], oplog: OpLog) -> Unresolved | None:
    """The operation as the copy that knows most tells it; None if it has its end by one of them."""
    best: Sequence[Mapping[str, object]] = ()
    for copy in seen.values():
        records = _records(copy)
        if len(records) > len(best):
            best = records
    if not best:
        return None
    left = of_records(op, oplog.path_of(op), best)
    return replace(left, found_on=tuple(sorted(seen)))


def _records(copy: OpenCopy) -> list[dict[str, object]]:
    found = []
    for line in copy.lines:
        try:
            found.append(parse_line(line))
        except ValueError:
            # Torn, or no record: what it says counts for nothing.
            continue
    return found

"""Which hosts are still left out of what was done to the others: from here and their own copies."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tui.commands.operation_copy import list_ended, parse_open
from tui.errors import BeamdeckError
from tui.model.audit import parse_line
from tui.model.pending import EndedPlan, Pending, ended_plan, pending_of
from tui.model.plan import Facts
from tui.operations.context import PlanContext
from tui.operations.oplog import OpLog

NEWEST = 40
"""Operations that are looked through, here and on each host."""


async def read_pending(context: PlanContext, oplog: OpLog) -> tuple[Pending, ...]:
    """What this machine's log and the copies on the hosts that answer know of; a read a host."""
    environment, app = context.environment.name, context.app.name
    found = {plan.op: plan for plan in _here(oplog, environment, app)}

    async def look(host: str) -> None:
        with contextlib.suppress(BeamdeckError):
            outcome = await context.sessions[host].run(list_ended(context.app, NEWEST))
            for copy in parse_open(outcome.stdout) if outcome.ok else ():
                with contextlib.suppress(ValueError):
                    plan = ended_plan(copy.op, [*map(parse_line, copy.lines)], environment, app)
                    if plan is not None:
                        found.setdefault(plan.op, _of_a_host(plan))

    await asyncio.gather(*map(look, context.hosts))
    return pending_of(found.values(), context.hosts)


def _here(oplog: OpLog, environment: str, app: str) -> Iterator[EndedPlan]:
    for op, records in oplog.ended(NEWEST):
        plan = ended_plan(op, records, environment, app)
        if plan is not None:
            yield plan


def _of_a_host(plan: EndedPlan) -> EndedPlan:
    """Without the archive: a host must not choose which file of this machine is sent."""
    return replace(plan, params=tuple(p for p in plan.params if p[0] != "archive"))


def finishing(pending: Pending) -> Facts:
    """What the plan that finishes it asks for.

    An archive that is not on this machine is looked for in the release store, by its version.
    """
    return tuple(
        (name, value)
        for name, value in pending.params
        if name != "archive" or Path(value).is_file()
    )

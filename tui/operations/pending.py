"""Which hosts are still left out of what was done to the others: from here and their own copies."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tui.model.pending import EndedPlan, Pending, ended_plan, pending_of
from tui.model.plan import Facts
from tui.operations.context import PlanContext
from tui.operations.ended import read_ended
from tui.operations.oplog import OpLog

NEWEST = 40
"""Operations that are looked through, here and on each host."""


async def read_pending(context: PlanContext, oplog: OpLog) -> tuple[Pending, ...]:
    """What this machine's log and the copies on the hosts that answer know of; a read a host."""
    environment, app = context.environment.name, context.app.name
    found: dict[str, EndedPlan] = {}
    for op, records, here in await read_ended(context, oplog, NEWEST):
        plan = ended_plan(op, records, environment, app)
        if plan is not None:
            found.setdefault(op, plan if here else _of_a_host(plan))
    return pending_of(found.values(), context.hosts)


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

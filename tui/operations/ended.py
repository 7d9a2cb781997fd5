"""The operations of an app that have their end: first and last record, from here and its hosts."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping

from tui.commands.operation_copy import list_ended, parse_open
from tui.errors import BeamdeckError
from tui.model.audit import parse_line
from tui.model.release_past import Told, told_of
from tui.operations.context import PlanContext
from tui.operations.oplog import OpLog

Ended = tuple[str, tuple[Mapping[str, object], ...], bool]
"""An operation, its first and its last record, whether they are from this machine's own log."""

PAST = 80
"""Operations that are looked through for what became of releases, here and on each host: what
is older is not known. A host forks six times for each."""


async def read_ended(context: PlanContext, oplog: OpLog, most: int) -> tuple[Ended, ...]:
    """The newest `most` here and on each host that answers, this machine's own first; a read a
    host. An operation is told once."""
    here = await asyncio.to_thread(oplog.ended, most)
    # One that this console left may have been brought to its end by another: a host tells then.
    over = [(op, two) for op, two in here if two[-1].get("event") == "end"]
    found: dict[str, Ended] = {op: (op, two, True) for op, two in over}

    async def look(host: str) -> None:
        with contextlib.suppress(BeamdeckError):
            outcome = await context.sessions[host].run(list_ended(context.app, most))
            for copy in parse_open(outcome.stdout) if outcome.ok else ():
                with contextlib.suppress(ValueError):
                    records = tuple(map(parse_line, copy.lines))
                    found.setdefault(copy.op, (copy.op, records, False))

    await asyncio.gather(*map(look, context.hosts))
    return tuple(found.values())


async def read_past(context: PlanContext, oplog: OpLog) -> tuple[Told, ...]:
    """What is written down of releases that came, went and were marked, oldest first."""
    mine = (context.environment.name, context.app.name)
    told = [
        told_of(op, records, *mine) for op, records, _ in await read_ended(context, oplog, PAST)
    ]
    return tuple(sorted(filter(None, told), key=lambda plan: (plan.at, plan.op)))

"""Consoles over an embedded fleet: links, board, records; several of them may work on one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tui.model.consent import Consent
from tui.model.fleet import Environment, Limits
from tui.model.plan import Plan
from tui.operations.audit_log import AuditLog, verify
from tui.operations.context import PlanContext
from tui.operations.oplog import OpLog
from tui.operations.plan_run import PlanRun
from tui.operations.planners import build_plan, step_kinds
from tui.operations.snapshot import Board
from tui.ssh.fleet import Fleet
from tui.ssh.gate import Gate

if TYPE_CHECKING:
    from tui.demo.fleet import DemoFleet

LIMITS = Limits(connect_timeout_s=5.0, keepalive_s=0.3, keepalive_misses=2)


@dataclass
class Console:
    """A console of one fleet, as some user."""

    context: PlanContext
    fleet: Fleet
    gate: Gate
    board: Board
    folder: Path

    async def plan(self, kind: str, **params: str) -> Plan:
        """A plan of a kind, as a screen asks for it."""
        await asyncio.wait_for(
            asyncio.gather(*(s.usable() for s in self.fleet.sessions.values())), 20
        )
        return await build_plan(self.context, kind, tuple(params.items()))

    def run_of(self, plan: Plan, *, reason: str = "test", attended: bool = False) -> PlanRun:
        """A run with the right consent."""
        consent = Consent(
            plan.hash,
            plan.environment,
            reason,
            oldest=plan.oldest,
            ticked=frozenset(loss.key for loss in plan.losses),
            break_glass="its console is gone" if plan.policy else "",
        )
        return PlanRun(
            plan,
            consent,
            sessions=self.fleet.sessions,
            gate=self.gate,
            oplog=OpLog(self.folder / "ops", time.time),
            audit=AuditLog(self.folder / "audit" / "audit.jsonl", time.time),
            kinds=step_kinds(self.context),
            clock=time.time,
            attended=attended,
            app=self.context.app,
        )

    async def carry_out(self, plan: Plan, *, reason: str = "test") -> PlanRun:
        """The plan carried out to its end; the audit must hold."""
        run = self.run_of(plan, reason=reason)
        await asyncio.wait_for(run.run(), 60)
        assert verify(self.folder / "audit" / "audit.jsonl") == ""
        return run


@asynccontextmanager
async def console(
    fleet_of: DemoFleet | Environment,
    folder: Path,
    user: str = "devops",
    limits: Limits = LIMITS,
) -> AsyncIterator[Console]:
    """A console that is connected or connects."""
    where = fleet_of if isinstance(fleet_of, Environment) else fleet_of.environment
    where = replace(where, hosts=tuple(replace(host, user=user) for host in where.hosts))
    gate = Gate(where.production, 900.0, time.time)
    fleet = Fleet(where, limits, gate, ssh_config=())
    app = where.apps[0]
    board = Board(fleet.sessions, app, limits)
    fleet.start()
    context = PlanContext(where, app, fleet.sessions, board.refresh, limits, time.time)
    try:
        yield Console(context, fleet, gate, board, folder)
    finally:
        await fleet.close()

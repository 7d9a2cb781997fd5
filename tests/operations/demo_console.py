"""A console of an embedded fleet: plans of any kind are built, consented to and carried out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tui.model.consent import Consent
from tui.model.fleet import App, Limits
from tui.model.plan import Facts, Plan, StepEvent
from tui.operations.audit_log import AuditLog, verify
from tui.operations.context import PlanContext
from tui.operations.oplog import OpLog
from tui.operations.plan_run import PlanRun
from tui.operations.planners import build_plan, hosts_param, step_kinds
from tui.operations.snapshot import Board
from tui.ssh.fleet import Fleet
from tui.ssh.gate import Gate

if TYPE_CHECKING:
    from tui.demo.fleet import DemoFleet


@dataclass
class DemoConsole:
    """Links, board and records of one fleet."""

    demo: DemoFleet
    fleet: Fleet
    gate: Gate
    context: PlanContext
    folder: Path

    async def plan(self, kind: str, *hosts: str, params: Facts = ()) -> Plan:
        """The plan of a kind for these hosts."""
        sessions = self.fleet.sessions
        await asyncio.wait_for(asyncio.gather(*(sessions[h].usable() for h in hosts)), 20)
        return await build_plan(self.context, kind, (hosts_param(hosts), *params))

    def run_of(self, plan: Plan) -> PlanRun:
        """The plan with everything that it asks for given."""
        ticked = frozenset(loss.key for loss in plan.losses)
        return PlanRun(
            plan,
            Consent(plan.hash, plan.environment, "test", plan.oldest, ticked, "test"),
            sessions=self.fleet.sessions,
            gate=self.gate,
            oplog=OpLog(self.folder / "ops", time.time),
            audit=AuditLog(self.folder / "audit" / "audit.jsonl", time.time),
            kinds=step_kinds(self.context),
            clock=time.time,
        )

    async def carry_out(self, kind: str, *hosts: str, params: Facts = ()) -> PlanRun:
        """Plan and run to the end; the audit is whole afterwards."""
        run = self.run_of(await self.plan(kind, *hosts, params=params))
        await asyncio.wait_for(run.run(), 40)
        assert verify(self.folder / "audit" / "audit.jsonl") == ""
        return run


def done_by(run: PlanRun, kind: str) -> list[StepEvent]:
    """The last event of each step of a kind, in order."""
    steps = enumerate(run.plan.steps)
    return [run.last_of(index) for index, step in steps if step.kind == kind]


@asynccontextmanager
async def demo_console(
    demo: DemoFleet, folder: Path, app: App | None = None
) -> AsyncIterator[DemoConsole]:
    """A console whose links are coming up."""
    gate = Gate(demo.environment.production, 900.0, time.time)
    limits = Limits(connect_timeout_s=5.0, keepalive_s=0.3, keepalive_misses=2)
    fleet = Fleet(demo.environment, limits, gate, ssh_config=())
    shown = app or demo.app
    board = Board(fleet.sessions, shown, limits)
    context = PlanContext(demo.environment, shown, fleet.sessions, board.refresh, limits, time.time)
    fleet.start()
    try:
        yield DemoConsole(demo, fleet, gate, context, folder)
    finally:
        await fleet.close()

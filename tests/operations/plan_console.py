"""A console without a screen for tests of plans: any kind, on the embedded fleet or the lab."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tui.model.consent import Consent
from tui.model.fleet import App, Environment, Limits
from tui.model.plan import Facts, Plan, StepEvent
from tui.operations.audit_log import AuditLog, verify
from tui.operations.context import PlanContext
from tui.operations.oplog import OpLog
from tui.operations.plan_run import PlanRun
from tui.operations.planners import build_plan, step_kinds
from tui.operations.snapshot import Board
from tui.ssh.fleet import Fleet
from tui.ssh.gate import Gate


@dataclass
class PlanConsole:
    """Links, board and records of one environment; plans of every kind."""

    environment: Environment
    fleet: Fleet
    gate: Gate
    context: PlanContext
    folder: Path

    @property
    def audit_path(self) -> Path:
        return self.folder / "audit" / "audit.jsonl"

    @property
    def audit(self) -> list[dict[str, str]]:
        """The audit's records, oldest first."""
        return [json.loads(line) for line in self.audit_path.read_text().splitlines()]

    async def plan(self, kind: str, **params: str) -> Plan:
        """A plan of a kind, from a fresh look at the hosts."""
        given: Facts = tuple(params.items())
        return await build_plan(self.context, kind, given)

    def run_of(self, plan: Plan, **consent: str) -> PlanRun:
        """The plan as it would be carried out, with everything consented to."""
        return PlanRun(
            plan,
            Consent(
                plan.hash,
                self.environment.name,
                "test 4711",
                oldest=plan.oldest,
                ticked=tuple(loss.key for loss in plan.losses),
            ),
            sessions=self.fleet.sessions,
            gate=self.gate,
            oplog=OpLog(self.folder / "ops", time.time),
            audit=AuditLog(self.audit_path, time.time),
            kinds=step_kinds(self.context),
            clock=time.time,
        )

    async def carry_out(self, plan: Plan, limit_s: float = 60.0) -> PlanRun:
        """Carry it out to its end; the audit must be whole after it."""
        run = self.run_of(plan)
        await asyncio.wait_for(run.run(), limit_s)
        assert verify(self.audit_path) == ""
        return run

    async def do(self, kind: str, limit_s: float = 60.0, **params: str) -> PlanRun:
        """Plan, carry out; it must end well."""
        run = await self.carry_out(await self.plan(kind, **params), limit_s)
        assert run.ended is not None
        assert run.ended.ok, (run.ended.summary, [e for e in run.events if failed(e)])
        return run


def failed(event: object) -> bool:
    """Whether it is the word of a step that did not come out well."""
    return isinstance(event, StepEvent) and event.state in ("failed", "unknown", "refused")


@asynccontextmanager
async def plan_console(
    environment: Environment, app: App, folder: Path, *, limits: Limits | None = None
) -> AsyncIterator[PlanConsole]:
    """Connected to every host that can be reached; closed at the end."""
    limits = limits or Limits(connect_timeout_s=5.0, keepalive_s=0.5, keepalive_misses=2)
    gate = Gate(environment.production, 900.0, time.time)
    fleet = Fleet(environment, limits, gate, ssh_config=())
    board = Board(fleet.sessions, app, limits)
    sessions: Mapping[str, object] = fleet.sessions
    context = PlanContext(environment, app, fleet.sessions, board.refresh, limits, time.time)
    fleet.start()
    try:
        for name in sessions:
            await asyncio.wait_for(fleet.sessions[name].usable(), 20)
        yield PlanConsole(environment, fleet, gate, context, folder)
    finally:
        await fleet.close()


def hasten(monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedded hosts live fast; what is waited for them is shortened alike."""
    work = "tui.operations.restart_aftermath"
    for name, seconds in {"POLL_S": 0.03, "SETTLE_S": 0.25, "VERSION_WAIT_S": 2.0}.items():
        monkeypatch.setattr(f"{work}.{name}", seconds)
    monkeypatch.setattr("tui.operations.restart_setback.QUIET_S", 0.6)
    monkeypatch.setattr("tui.operations.step_hand.PROGRESS_S", 0.05)
    monkeypatch.setattr("tui.operations.look_work.POLL_S", 0.05)

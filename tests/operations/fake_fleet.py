"""Scripted hosts with a real gate and real records: what a restart is carried out on in tests."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from tests.operations.fake_host import FakeSession
from tests.operations.fake_unit import Behaviour
from tests.operations.virtual_time import clock
from tui.model.consent import Consent
from tui.model.fleet import App, Environment, Health, HealthKind, Host, Limits
from tui.model.host import HostSnapshot
from tui.model.plan import Plan, PlanEnded, PlanEvent, StepEvent
from tui.operations.audit_log import AuditLog
from tui.operations.context import PlanContext
from tui.operations.oplog import OpLog
from tui.operations.planners import build_plan, hosts_param, step_kinds
from tui.operations.restart import restart_plan
from tui.operations.runner import run_plan
from tui.operations.step_hand import Desk
from tui.operations.steps import Steering, StepKind
from tui.ssh.gate import Gate

RESTART_ARGV = ("sudo", "-n", "systemctl", "--job-mode=fail", "restart", "billing.service")


APP = App("billing", health=Health(HealthKind.HTTP, within_s=30.0))


class FakeFleet:
    """Scripted hosts web1, web2, … with a real gate and real records in `folder`."""

    def __init__(
        self, folder: Path, *ways: Behaviour, app: App = APP, production: bool = False
    ) -> None:
        self.app = app
        names = [f"web{number}" for number in range(1, len(ways) + 1)]
        hosts = tuple(Host(name) for name in names)
        self.environment = Environment("staging", production, hosts, (app,))
        self.gate = Gate(production, 900.0, clock)
        self.sessions = {
            name: FakeSession(name, app, self.gate, way)
            for name, way in zip(names, ways, strict=True)
        }
        self.oplog = OpLog(folder / "ops", clock)
        self.audit = AuditLog(folder / "audit" / "audit.jsonl", clock)
        self.clock = clock
        self.steering = Steering()
        self.sent: list[tuple[str, str]] = []

    @property
    def kinds(self) -> dict[str, StepKind]:
        return step_kinds(self.context)

    @property
    def context(self) -> PlanContext:
        """What plans of any kind are built from."""
        return PlanContext(self.environment, self.app, self.sessions, self.refresh, Limits(), clock)

    async def refresh(self, name: str) -> HostSnapshot | None:
        return await self.sessions[name].refresh()

    async def plan(self, *names: str) -> Plan:
        """A plan for the hosts named, else for all: one step a host, without locks."""
        hosts = names or tuple(self.sessions)
        return await restart_plan(
            self.environment, self.app, self.sessions, self.refresh, hosts, clock
        )

    async def locked_plan(self, *names: str) -> Plan:
        """The same as a screen asks for it: with the steps that take and give back locks."""
        hosts = names or tuple(self.sessions)
        return await build_plan(self.context, "restart", (hosts_param(hosts),))

    def run(self, plan: Plan, consent: Consent | None = None) -> AsyncIterator[PlanEvent]:
        """The plan's events; without a consent, with the right one."""
        given = consent or Consent(plan.hash, plan.environment, "test 4711")
        desk = Desk(
            self.sessions,
            self.gate,
            self.oplog,
            self.audit,
            self.kinds,
            clock,
            lambda at, host, text: self.sent.append((host, text)),
        )
        return run_plan(plan, given, desk, self.steering)

    async def restart(self, *names: str) -> list[PlanEvent]:
        """Plan and carry out; every event."""
        return [event async for event in self.run(await self.plan(*names))]

    def audited(self) -> list[dict[str, object]]:
        """The audit's records."""
        return [json.loads(line) for line in self.audit.path.read_bytes().splitlines()]


def last_of(events: Sequence[PlanEvent], index: int) -> StepEvent:
    """The last event of a step."""
    return [e for e in events if isinstance(e, StepEvent) and e.index == index][-1]


def ended(events: Sequence[PlanEvent]) -> PlanEnded:
    """The plan's end, which must be its last event."""
    last = events[-1]
    assert isinstance(last, PlanEnded)
    return last

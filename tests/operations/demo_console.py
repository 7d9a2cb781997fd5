"""Plans of any kind for named hosts of an embedded fleet, built and carried out in one line."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tests.operations.demo_bench import Console, console
from tui.model.fleet import App
from tui.model.plan import Facts, Plan, StepEvent
from tui.operations.context import PlanContext
from tui.operations.plan_run import PlanRun

if TYPE_CHECKING:
    from tui.demo.fleet import DemoFleet


@dataclass
class DemoConsole:
    """A console of one fleet."""

    demo: DemoFleet
    bench: Console

    @property
    def context(self) -> PlanContext:
        """What plans are built from."""
        return self.bench.context

    async def plan(self, kind: str, *hosts: str, params: Facts = ()) -> Plan:
        """The plan of a kind for these hosts."""
        return await self.bench.plan(kind, hosts=" ".join(hosts), **dict(params))

    def run_of(self, plan: Plan) -> PlanRun:
        """The plan with everything that it asks for given."""
        return self.bench.run_of(plan)

    async def carry_out(self, kind: str, *hosts: str, params: Facts = ()) -> PlanRun:
        """Plan and run to the end; the audit is whole afterwards."""
        return await self.bench.carry_out(await self.plan(kind, *hosts, params=params))


def done_by(run: PlanRun, kind: str) -> list[StepEvent]:
    """The last event of each step of a kind, in order."""
    steps = enumerate(run.plan.steps)
    return [run.last_of(index) for index, step in steps if step.kind == kind]


@asynccontextmanager
async def demo_console(
    demo: DemoFleet, folder: Path, app: App | None = None, user: str = "devops"
) -> AsyncIterator[DemoConsole]:
    """A console whose links are coming up; `app` stands in for the fleet's own."""
    where = demo.environment if app is None else replace(demo.environment, apps=(app,))
    async with console(where, folder, user) as bench:
        yield DemoConsole(demo, bench)

"""A deploy on the lab whose console lives on while the link to the step's host is cut.

In mid-step: what is at work on the host goes on, and the console reads what became of it.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tests.lab.client import main_process
from tests.lab.faults import black_hole
from tests.lab.lab import Lab
from tests.operations.plan_console import plan_console
from tests.operations.test_lab_resume import WEB, lock, rows, starts
from tui.model.fleet import Environment, Limits, MigrateWhen
from tui.model.plan import StepEvent, StepState
from tui.operations.audit_log import verify

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

CUT = ("unpack", "restart", "migrate_up")
QUICK = Limits(keepalive_s=1.0, keepalive_misses=3)
INTO_IT_S = 0.4
AWAY_S = 7.0


async def test_a_link_cut_in_mid_step_of_a_deploy_costs_nothing_but_time(
    lab: Lab, lab_environment: Environment, tmp_path: Path, second: None
) -> None:
    app = replace(lab_environment.apps[0], migrations=MigrateWhen.AFTER, migration_host="web1")
    at_lab = replace(lab_environment, apps=(app,))
    before, were = {host: starts(lab, host) for host in WEB}, rows(lab)
    cut: list[int] = []
    pulls: list[asyncio.Task[None]] = []
    pauses: list[str] = []

    async def pull(host: str) -> None:
        await asyncio.sleep(INTO_IT_S)
        with black_hole(host):
            await asyncio.sleep(AWAY_S)

    async with plan_console(at_lab, app, tmp_path, limits=QUICK) as at:
        plan = await at.plan("deploy", archive=str(lab.releases / "billing-0.3.0.tar.gz"))
        run = at.run_of(plan)

        def look() -> None:
            if run.paused:
                pauses.append(run.paused.reason)
                run.go_on()
            for event in run.events:
                if isinstance(event, StepEvent) and event.detail == "sent":
                    step = plan.steps[event.index]
                    if step.kind in CUT and event.index not in cut:
                        cut.append(event.index)
                        pulls.append(asyncio.create_task(pull(step.host)))

        run.watch(look)
        await asyncio.wait_for(run.run(), 250)
        await asyncio.gather(*pulls)
    unknown = {
        event.index
        for event in run.events
        if isinstance(event, StepEvent) and event.state is StepState.UNKNOWN
    }
    assert run.ended is not None
    assert run.ended.ok, run.ended.summary
    print(f"cut in {len(cut)} steps, the link was missed in {len(unknown)}, waited: {pauses}")
    assert {plan.steps[i].kind for i in cut} == set(CUT)
    assert len(pauses) >= 3
    assert "restart" in {plan.steps[i].kind for i in unknown}
    for host in WEB:
        assert main_process(lab, host)[1] == "0.3.0"
        assert starts(lab, host) - before[host] == 1
        assert lock(lab, host) == ""
    now = rows(lab)
    migrated = [step for step in plan.steps if step.kind == "migrate_up"]
    assert len(now) == len(set(now)) == len(were) + len(migrated)
    assert verify(at.audit_path) == ""

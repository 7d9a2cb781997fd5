"""The lock on the embedded fleet: one holder, told to everybody else, given back or explained."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.operations.demo_bench import console
from tui.model.plan import StepState

if TYPE_CHECKING:
    from tui.demo.fleet import DemoFleet


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    work = "tui.operations.restart_aftermath"
    for name, seconds in {"POLL_S": 0.03, "SETTLE_S": 0.25, "VERSION_WAIT_S": 2.0}.items():
        monkeypatch.setattr(f"{work}.{name}", seconds)
    monkeypatch.setattr("tui.operations.restart_setback.QUIET_S", 0.6)
    monkeypatch.setattr("tui.operations.step_hand.PROGRESS_S", 0.05)


def lock_of(demo: DemoFleet, host: str) -> Path:
    return demo.machines[host].sandbox.real(f"{demo.app.root}/.beamdeck/lock")


def states(run_of: object, count: int) -> list[StepState]:
    return [run_of.last_of(index).state for index in range(count)]  # type: ignore[attr-defined]


async def test_a_restart_takes_its_locks_in_order_and_gives_them_back(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    async with console(demo_fleet, tmp_path) as at:
        plan = await at.plan("restart", hosts="web2 web1")
        assert [(s.kind, s.host) for s in plan.steps] == [
            ("lock", "web1"),
            ("lock", "web2"),
            ("restart", "web1"),
            ("restart", "web2"),
            ("unlock", "web1"),
            ("unlock", "web2"),
        ]
        assert ("web1 lock", "free") in plan.facts
        run = at.run_of(plan, reason="pager 4711")
        seen: list[dict[str, object]] = []

        def look() -> None:
            if run.last_of(2).state is StepState.RUNNING and not seen:
                seen.append(json.loads(lock_of(demo_fleet, "web2").read_text()))

        run.watch(look)
        await asyncio.wait_for(run.run(), 60)
    assert run.ended is not None
    assert run.ended.ok, run.ended.summary
    (held,) = seen
    assert held["reason"] == "pager 4711"
    assert held["why"] == "restart billing on web1, web2"
    assert held["ssh_user"] == "devops"
    assert not lock_of(demo_fleet, "web1").exists()
    assert not lock_of(demo_fleet, "web2").exists()
    assert sorted(p.name for p in lock_of(demo_fleet, "web1").parent.iterdir()) == []

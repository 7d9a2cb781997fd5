"""A host left out of a plan by its name, seen by another operator, and finished when it is back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.operations.demo_bench import console
from tests.operations.plan_console import hasten
from tests.operations.test_lock import lock_of
from tui.operations.chain_file import ChainFile
from tui.operations.oplog import OpLog
from tui.operations.pending import finishing, read_pending
from tui.operations.planners import build_plan

if TYPE_CHECKING:
    from tui.demo.fleet import DemoFleet


async def test_another_operator_sees_who_was_left_out_and_finishes_it(
    demo_fleet: DemoFleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hasten(monkeypatch)
    async with console(demo_fleet, tmp_path / "one") as one:
        plan = await one.plan("restart", hosts="web1 web3", without="web3")
        assert plan.left_out == ("web3",)
        run = await one.carry_out(plan)
        assert run.ended is not None
        assert run.ended.ok, run.ended.summary
    async with console(demo_fleet, tmp_path / "two") as two:
        ops = OpLog(tmp_path / "two" / "ops", lambda: 0.0)
        await two.plan("restart", hosts="web1")
        (left,) = await read_pending(two.context, ops)
        assert (left.host, left.kind, left.title) == ("web3", "restart", plan.title)
        finish = await build_plan(two.context, left.kind, finishing(left))
        assert {step.host for step in finish.steps} == {"web3"}
        run = await two.carry_out(finish)
        assert run.ended is not None
        assert run.ended.ok, run.ended.summary
        assert await read_pending(two.context, ops) == ()


async def test_a_host_does_not_choose_which_file_of_this_machine_is_sent(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    folder = lock_of(demo_fleet, "web1").parent / "ops"
    folder.mkdir(parents=True)
    plan = {
        "event": "plan",
        "kind": "deploy",
        "title": "deploy 0.3.0",
        "environment": demo_fleet.environment.name,
        "app": "billing",
        "at": 1.0,
        "steps": [{"kind": "lock", "host": "web1"}],
        "left_out": ["web3"],
        "params": {"version": "0.3.0", "archive": __file__},
    }
    chain = ChainFile(folder / "20260101T000000Z-0badf00d.jsonl", new=True)
    chain.append(plan)
    chain.append({"event": "end", "ok": True})
    chain.close()
    async with console(demo_fleet, tmp_path) as at:
        await at.fleet.sessions["web1"].usable()
        (left,) = await read_pending(at.context, OpLog(tmp_path / "ops", lambda: 0.0))
    assert left.title == "deploy 0.3.0"
    assert dict(finishing(left)) == {"version": "0.3.0", "hosts": "web3"}

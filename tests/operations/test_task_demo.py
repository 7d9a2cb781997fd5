"""App tasks over real SSH against the embedded fleet: detached, judged by their own end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import MakeFleet
from tests.operations.demo_console import DemoConsole, demo_console, done_by
from tui.model.fleet import Task, TaskBy
from tui.model.plan import PlanRefused, StepEvent, StepState, Tier
from tui.operations.plan_run import PlanRun

TASKS = (
    Task("count", "Enum.max([1, 2, 42])", limit_s=20),
    Task("in-node", "Enum.max([42, 2])", TaskBy.RPC, limit_s=20),
    Task("raises", 'raise("no index")', limit_s=20),
    Task("halts", "System.halt(0)", limit_s=20),
    Task("stops", ":init.stop()", TaskBy.RPC),
    Task("wipes", "Enum.max([0])", tier=3),
)


@asynccontextmanager
async def web1(
    make_fleet: MakeFleet, folder: Path, user: str = "devops"
) -> AsyncIterator[DemoConsole]:
    """A console of one host whose app has tasks."""
    demo = await make_fleet(hosts=("web1",))
    async with demo_console(demo, folder, replace(demo.app, tasks=TASKS), user) as at:
        yield at


async def run(at: DemoConsole, name: str) -> tuple[PlanRun, StepEvent]:
    done = await at.carry_out("task", "web1", params=(("task", name),))
    (event,) = done_by(done, "task")
    return done, event


@pytest.mark.parametrize("name", ["count", "in-node"])
async def test_a_task_is_done_when_it_says_so(
    make_fleet: MakeFleet, tmp_path: Path, name: str
) -> None:
    async with web1(make_fleet, tmp_path) as at:
        done, event = await run(at, name)
    assert event.state is StepState.DONE, event.detail
    assert event.detail == "it came to its end: 42"
    assert done.ended is not None
    assert done.ended.ok


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("raises", "it failed: RuntimeError: no index"),
        ("halts", "it did not come to its end: exit status 0"),
    ],
)
async def test_an_exit_status_of_zero_proves_nothing(
    make_fleet: MakeFleet, tmp_path: Path, name: str, why: str
) -> None:
    async with web1(make_fleet, tmp_path) as at:
        _done, event = await run(at, name)
    assert event.state is StepState.FAILED
    assert event.detail.startswith(why), event.detail


async def test_a_main_process_that_went_meanwhile_is_told(
    make_fleet: MakeFleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with web1(make_fleet, tmp_path) as at:
        plan = await at.plan("task", "web1", params=(("task", "in-node"),))
        begun = at.run_of(plan)
        unit = at.demo.machines["web1"].unit

        async def restarted(*args: object, **more: object) -> object:
            await unit.submit("restart").done
            return await follow(*args, **more)  # type: ignore[arg-type]  # handed on as they came

        from tui.operations import task_work

        follow = task_work.follow_detached
        monkeypatch.setattr(task_work, "follow_detached", restarted)
        await begun.run()
    (event,) = done_by(begun, "task")
    assert event.state is StepState.FAILED
    assert "its main process is" in event.detail
    assert "and was" in event.detail


async def test_what_cannot_be_run_is_refused_with_the_reason(
    make_fleet: MakeFleet, tmp_path: Path
) -> None:
    async with web1(make_fleet, tmp_path) as at:
        for name, why in (
            ("stops", r"stops is not run: :init\.stop ends the node"),
            ("nothing", "has no task 'nothing'; the configuration has count, in-node"),
        ):
            with pytest.raises(PlanRefused, match=why):
                await at.plan("task", "web1", params=(("task", name),))
        await at.demo.machines["web1"].unit.submit("stop").done
        with pytest.raises(PlanRefused, match="no node is running"):
            await at.plan("task", "web1", params=(("task", "in-node"),))


async def test_the_tier_is_the_configuration_s(make_fleet: MakeFleet, tmp_path: Path) -> None:
    async with web1(make_fleet, tmp_path) as at:
        plan = await at.plan("task", "web1", params=(("task", "wipes"),))
        assert plan.tier is Tier.DATA_LOSS
        assert [loss.key for loss in plan.losses] == ["wipes"]
        again = await at.plan("task", "web1", params=(("task", "wipes"),))
        assert again.hash == plan.hash
        other = await at.plan("task", "web1", params=(("task", "count"),))
        assert (other.tier, other.losses) == (Tier.PRODUCTION, ())


async def test_without_the_right_the_line_is_named(make_fleet: MakeFleet, tmp_path: Path) -> None:
    async with web1(make_fleet, tmp_path, user="restarter") as at:
        with pytest.raises(PlanRefused, match="What visudo there would have to add"):
            await at.plan("task", "web1", params=(("task", "count"),))

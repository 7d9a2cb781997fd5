"""Pruning on the embedded fleet: what goes is gone, what stays is whole, what moved is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.operations.plan_console import plan_console
from tui.demo.fleet import DemoFleet
from tui.demo.tree import ERTS, INSIDE, release_files
from tui.model.plan import PlanRefused, Tier
from tui.operations.release_trees import read_trees


def add(fleet: DemoFleet, host: str, version: str) -> None:
    for name, content in release_files(version).items():
        fleet.machines[host].sandbox.write(f"{INSIDE}/{name}", content)


async def test_old_releases_go_and_what_is_left_is_whole(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    for version in ("0.0.8", "0.0.9"):
        add(demo_fleet, "web1", version)
    app = replace(demo_fleet.app, keep_releases=2)
    tree = demo_fleet.machines["web1"].beam.tree.real
    async with plan_console(demo_fleet.environment, app, tmp_path) as at:
        plan = await at.plan("prune", hosts="web1 web2")
        assert plan.tier is Tier.DATA_LOSS
        assert [loss.key for loss in plan.losses] == ["0.0.8", "0.0.9"]
        assert plan.oldest == "0.0.8"
        (step,) = [step for step in plan.steps if step.kind == "prune"]
        assert step.host == "web1"
        assert step.param("paths").split() == [
            "releases/0.0.8", "releases/0.0.9", "lib/billing-0.0.8", "lib/billing-0.0.9",
        ]  # fmt: skip
        assert "0.1.0 (it is the newest way back)" in step.why
        run = await at.carry_out(plan)
        assert run.ended is not None
        assert run.ended.ok, run.ended.summary
        seen = (await read_trees(at.context, ("web1",)))["web1"]
        assert [(v.version, v.whole) for v in seen.versions] == [("0.1.0", True), ("0.2.0", True)]
        assert not (tree / ".beamdeck/pruned").exists()
        with pytest.raises(PlanRefused, match="nothing to prune"):
            await at.plan("prune", hosts="web1 web2")


async def test_what_changed_since_it_was_shown_is_not_removed(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    add(demo_fleet, "web1", "0.0.9")
    app = replace(demo_fleet.app, keep_releases=2)
    sandbox = demo_fleet.machines["web1"].sandbox
    async with plan_console(demo_fleet.environment, app, tmp_path) as at:
        plan = await at.plan("prune", hosts="web1")
        sandbox.write(f"{INSIDE}/releases/start_erl.data", f"{ERTS} 0.0.9")
        run = await at.carry_out(plan)
        assert run.ended is not None
        assert not run.ended.ok
        assert "it is not as it was shown" in run.ended.summary
        assert (demo_fleet.machines["web1"].beam.tree.real / "releases/0.0.9").is_dir()

"""Which release boots next: the switch, by real renames in the embedded fleet (R32)."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.operations.plan_console import PlanConsole, plan_console
from tui.commands.switch import switch
from tui.demo.fleet import DemoFleet
from tui.demo.tree import ERTS
from tui.model.plan import Step, StepState
from tui.operations.deploy_steps import switch_step
from tui.operations.planners import step_kinds
from tui.operations.steps import Finding, Ready, StepWork


@dataclass
class Bench:
    """web1 and its files."""

    at: PlanConsole
    root: Path

    def work(self, version: str, previous: str) -> StepWork:
        step: Step = switch_step(self.at.context.app, "web1", version, ERTS, previous)
        session = self.at.fleet.sessions["web1"]
        return step_kinds(self.at.context)["switch"](step, session, ())

    async def judge(self, version: str, previous: str) -> Ready:
        return await self.work(version, previous).judge()

    async def switch(self, version: str) -> None:
        session = self.at.fleet.sessions["web1"]
        command = switch(self.at.context.app, version, ERTS)
        outcome = await session.run(command, self.at.gate.grant("test"))
        assert outcome.ok, outcome

    async def find_out(self, version: str) -> Finding:
        return await self.work(version, "").find_out((), None, lambda state, detail: None)

    def write(self, file: str, version: str) -> None:
        path = self.root / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{ERTS} {version}")

    def boots(self, file: str = "releases/start_erl.data") -> str:
        return (self.root / file).read_text().split()[1]


@pytest.fixture
async def bench(demo_fleet: DemoFleet, tmp_path: Path) -> AsyncIterator[Bench]:
    async with plan_console(demo_fleet.environment, demo_fleet.app, tmp_path) as at:
        at.gate.unlock("test")
        yield Bench(at, demo_fleet.machines["web1"].beam.tree.real)


async def test_a_reader_sees_the_old_or_the_new_and_nothing_else(bench: Bench) -> None:
    """Read some thousand times a second while it is switched to and fro."""
    file, seen, ended = bench.root / "releases/start_erl.data", Counter[str](), threading.Event()

    def read() -> None:
        while not ended.is_set():
            try:
                seen[file.read_text()] += 1
            except OSError as error:
                seen[f"missing: {error}"] += 1

    reader = asyncio.create_task(asyncio.to_thread(read))
    for number in range(20):
        await bench.switch("0.1.0" if number % 2 == 0 else "0.2.0")
    ended.set()
    await reader
    assert set(seen) == {f"{ERTS} 0.1.0", f"{ERTS} 0.2.0"}
    assert seen.total() > 1000
    assert not [path for path in bench.root.rglob("*.beamdeck") if path.is_file()]


async def test_distillery_boots_by_its_own_file_which_may_be_stale(bench: Bench) -> None:
    """2.1 copies start_erl.data once: after other tools' deploys it names an older release."""
    bench.write("var/start_erl.data", "0.1.0")
    assert bench.boots() == "0.2.0"
    (bench.root / "releases/0.3.0").mkdir()
    assert (await bench.judge("0.3.0", previous="0.1.0")).refused == ""
    before = await bench.find_out("0.2.0")
    assert before.state is StepState.FAILED
    assert "var/start_erl.data names 0.1.0" in before.detail
    await bench.switch("0.2.0")
    assert bench.boots("var/start_erl.data") == bench.boots() == "0.2.0"
    assert (await bench.find_out("0.2.0")).state is StepState.DONE


async def test_half_a_switch_says_what_boots(bench: Bench) -> None:
    bench.write("var/start_erl.data", "0.1.0")
    bench.write("releases/start_erl.data.beamdeck", "0.1.0")
    found = await bench.find_out("0.1.0")
    assert found.state is StepState.FAILED
    assert found.detail == (
        "releases/start_erl.data names 0.2.0, var/start_erl.data names 0.1.0; "
        "releases/start_erl.data.beamdeck is left"
    )
    assert (await bench.judge("0.1.0", previous="0.2.0")).refused == ""


async def test_without_distillery_no_file_of_its_is_made(bench: Bench) -> None:
    await bench.switch("0.1.0")
    assert not (bench.root / "var").exists()


async def test_another_switch_since_the_plan_is_noticed(bench: Bench) -> None:
    changed = "releases/start_erl.data names 0.2.0 by now, not what was shown"
    assert (await bench.judge("0.1.0", previous="")).refused == changed
    bench.write("releases/start_erl.data", "0.3.0")
    changed = "releases/start_erl.data names 0.3.0 by now, not what was shown"
    assert (await bench.judge("0.1.0", previous="0.2.0")).refused == changed
    (bench.root / "releases/start_erl.data").unlink()
    changed = "nothing boots by now, not what was shown"
    assert (await bench.judge("0.1.0", previous="0.2.0")).refused == changed


async def test_a_release_that_went_since_the_plan_is_not_switched_to(bench: Bench) -> None:
    refused = (await bench.judge("0.3.0", previous="0.2.0")).refused
    assert refused == "releases/0.3.0 is missing"

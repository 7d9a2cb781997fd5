"""The restart over real SSH against the embedded fleet: its units, its sudo, its lost links."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import MakeFleet
from tui.model.consent import Consent
from tui.model.fleet import App, Limits
from tui.model.host import Link, LinkState
from tui.model.plan import Plan, PlanEnded, PlanRefused, StepEvent, StepState
from tui.operations.audit_log import AuditLog, verify
from tui.operations.oplog import OpLog
from tui.operations.plan_run import PlanRun
from tui.operations.restart import restart_kinds, restart_plan
from tui.operations.snapshot import Board
from tui.ssh.fleet import Fleet
from tui.ssh.gate import Gate

if TYPE_CHECKING:
    from tui.demo.fleet import DemoFleet

LINE = (
    "watcher ALL=(root) NOPASSWD: /usr/bin/systemctl --job-mode\\=fail restart billing_prod.service"
)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hosts live fast; what is waited for them is shortened alike, in proportion."""
    work = "tui.operations.restart_aftermath"
    for name, seconds in {"POLL_S": 0.03, "SETTLE_S": 0.25, "VERSION_WAIT_S": 2.0}.items():
        monkeypatch.setattr(f"{work}.{name}", seconds)
    monkeypatch.setattr("tui.operations.restart_setback.QUIET_S", 0.6)
    monkeypatch.setattr("tui.operations.step_hand.PROGRESS_S", 0.05)


@dataclass
class Console:
    """A console of one fleet: links, board and records."""

    demo: DemoFleet
    fleet: Fleet
    gate: Gate
    board: Board
    app: App
    folder: Path

    async def plan(self, *names: str) -> Plan:
        sessions = self.fleet.sessions
        await asyncio.wait_for(asyncio.gather(*(sessions[n].usable() for n in names)), 20)
        environment = self.demo.environment
        return await restart_plan(
            environment, self.app, sessions, self.board.refresh, names, time.time
        )

    def run_of(self, plan: Plan) -> PlanRun:
        environment = self.demo.environment
        return PlanRun(
            plan,
            Consent(plan.hash, environment.name, "test"),
            sessions=self.fleet.sessions,
            gate=self.gate,
            oplog=OpLog(self.folder / "ops", time.time),
            audit=AuditLog(self.folder / "audit" / "audit.jsonl", time.time),
            kinds=restart_kinds(self.app, self.board.refresh),
            clock=time.time,
        )

    async def restart(self, *names: str) -> PlanRun:
        run = self.run_of(await self.plan(*names))
        await asyncio.wait_for(run.run(), 60)
        assert verify(self.folder / "audit" / "audit.jsonl") == ""
        return run


@asynccontextmanager
async def console(demo: DemoFleet, folder: Path, app: App | None = None) -> AsyncIterator[Console]:
    gate = Gate(demo.environment.production, 900.0, time.time)
    limits = Limits(connect_timeout_s=5.0, keepalive_s=0.3, keepalive_misses=2)
    fleet = Fleet(demo.environment, limits, gate, ssh_config=())
    shown = app or demo.app
    board = Board(fleet.sessions, shown, limits)
    fleet.start()
    try:
        yield Console(demo, fleet, gate, board, shown, folder)
    finally:
        await fleet.close()


def last(run: PlanRun, index: int = 0) -> StepEvent:
    return run.last_of(index)


async def test_both_hosts_one_after_the_other(demo_fleet: DemoFleet, tmp_path: Path) -> None:
    machines = demo_fleet.machines
    before = {name: machines[name].unit.state.main_pid for name in ("web1", "web2")}
    async with console(demo_fleet, tmp_path) as at:
        run = await at.restart("web1", "web2")
    assert run.ended is not None
    assert run.ended.ok, run.ended.summary
    for index, name in enumerate(("web1", "web2")):
        pid = machines[name].unit.state.main_pid
        assert pid != before[name]
        assert f"main process {pid}, runs 0.2.0, healthy (answered 200)" in last(run, index).detail
    done_1 = last(run, 0).at
    assert run.history_of(1)[0].at >= done_1


async def test_a_version_that_waits_for_its_restart_comes_up(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    async with console(demo_fleet, tmp_path) as at:
        plan = await at.plan("web3")
        assert "web3 will come up with 0.3.0, it runs 0.2.0" in plan.steps[0].why
        run = at.run_of(plan)
        await asyncio.wait_for(run.run(), 60)
    assert last(run).state is StepState.DONE
    assert "runs 0.3.0" in last(run).detail


BEHAVIOURS = {
    "ok": (StepState.DONE, "healthy"),
    "slow": (StepState.DONE, "healthy"),
    "sigkill": (StepState.DONE, "unclean stop: SIGKILL after"),
    "loop": (StepState.FAILED, "it LOOPS: started 5 times in"),
    "hang": (StepState.FAILED, "not healthy after"),
}


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
async def test_each_way_a_host_takes_it_has_its_own_words(
    make_fleet: MakeFleet, tmp_path: Path, behaviour: str
) -> None:
    demo = await make_fleet(hosts=("web1", "web2"))
    demo.machines["web1"].restart_behaviour = behaviour
    app = replace(demo.app, health=replace(demo.app.health, within_s=1.5, timeout_s=0.5))
    state, words = BEHAVIOURS[behaviour]
    async with console(demo, tmp_path, app) as at:
        run = await at.restart("web1", "web2")
    assert last(run).state is state, last(run).detail
    assert words in last(run).detail
    assert last(run).warning == (behaviour == "sigkill")
    assert run.ended is not None
    assert run.ended.ok == (state is StepState.DONE)
    assert last(run, 1).state is (StepState.DONE if run.ended.ok else StepState.SKIPPED)


async def test_an_exact_line_in_sudoers_is_enough(make_fleet: MakeFleet, tmp_path: Path) -> None:
    demo = await make_fleet(hosts=("web1",), user="restarter")
    async with console(demo, tmp_path) as at:
        plan = await at.plan("web1")
        assert plan.steps[0].command is not None
        assert plan.steps[0].command.argv == (
            "sudo",
            "-n",
            "systemctl",
            "restart",
            "billing_prod.service",
        )
        run = at.run_of(plan)
        await asyncio.wait_for(run.run(), 60)
    assert last(run).state is StepState.DONE


async def test_without_a_line_the_plan_is_refused_with_the_one_that_is_missing(
    make_fleet: MakeFleet, tmp_path: Path
) -> None:
    demo = await make_fleet(hosts=("web1",), user="watcher")
    async with console(demo, tmp_path) as at:
        with pytest.raises(PlanRefused) as caught:
            await at.plan("web1")
    assert LINE in caught.value.reason


async def test_where_forwarding_is_refused_bash_asks(make_fleet: MakeFleet, tmp_path: Path) -> None:
    demo = await make_fleet(hosts=("web1",))
    demo.machines["web1"].forwarding = False
    async with console(demo, tmp_path) as at:
        run = await at.restart("web1")
    assert last(run).state is StepState.DONE
    assert "healthy (answered 200)" in last(run).detail


async def test_the_host_s_journal_holds_the_records_hashes(
    make_fleet: MakeFleet, tmp_path: Path
) -> None:
    demo = await make_fleet(hosts=("web1",))
    async with console(demo, tmp_path) as at:
        await at.restart("web1")
    said = [bytes(entry.get("MESSAGE") or b"") for entry in demo.machines["web1"].journal.entries]
    marks = [line for line in said if line.startswith(b"op=")]
    assert len(marks) == 2
    assert b": begin audit=" in marks[0]
    assert b": done audit=" in marks[1]


async def test_a_link_cut_in_mid_restart_is_resolved_by_the_host(
    make_fleet: MakeFleet, tmp_path: Path
) -> None:
    demo = await make_fleet(hosts=("web1", "web2"))
    machine = demo.machines["web1"]
    machine.restart_behaviour = "slow"
    starts = count_starts(machine)
    async with console(demo, tmp_path) as at:
        run = at.run_of(await at.plan("web1", "web2"))

        def cut() -> None:
            if any(e.detail.startswith("stopping") for e in run.history_of(0)) and not cuts:
                cuts.append(True)
                machine.drop_connections()

        cuts: list[bool] = []
        run.watch(cut)
        run.watch(lambda: run.go_on() if run.paused else None)
        await asyncio.wait_for(run.run(), 60)
    assert cuts, "the link was cut while it stopped"
    assert StepState.UNKNOWN in [event.state for event in run.history_of(0)]
    assert last(run).state is StepState.DONE
    assert starts() == 1
    assert any(type(event).__name__ == "PlanPaused" for event in run.events)
    assert run.ended is not None
    assert run.ended.ok


def hurry(at: Console, link: Link) -> None:
    if link.state is LinkState.LOST:
        asyncio.get_running_loop().call_later(0.1, at.fleet.retry, "web1")


def count_starts(machine: Any) -> Any:
    """How often the unit was started since now, by its journal."""

    def starts() -> int:
        said = [bytes(entry.get("MESSAGE") or b"") for entry in machine.journal.entries]
        return sum(line.startswith(b"Started ") for line in said)

    before = starts()
    return lambda: starts() - before


async def test_restarts_with_random_cuts_are_counted_right(
    make_fleet: MakeFleet, tmp_path: Path
) -> None:
    """The unit's start count is the number of restarts reported as done, always (R28)."""
    dice = random.Random(28)
    demo = await make_fleet(hosts=("web1",))
    machine = demo.machines["web1"]
    machine.timing = replace(machine.timing, limit_burst=10_000)
    starts = count_starts(machine)
    done = cuts = 0
    async with console(demo, tmp_path) as at:
        loop = asyncio.get_running_loop()
        # The back-off between tries grows with each cut; the operator's `c` does not wait.
        at.fleet.watch(lambda name, link: hurry(at, link))
        for _ in range(16):
            run = at.run_of(await at.plan("web1"))
            cut = None
            if dice.random() < 0.7:
                cut = loop.call_later(dice.uniform(0.0, 0.6), machine.drop_connections)
            await asyncio.wait_for(run.run(), 60)
            if cut is not None:
                cuts += not cut.cancelled()
                cut.cancel()
            ended = [e for e in run.events if isinstance(e, PlanEnded)]
            done += ended[0].ok
            assert last(run).state in (StepState.DONE, StepState.FAILED, StepState.REFUSED)
    assert cuts > 5
    assert starts() == done
    assert done > 4

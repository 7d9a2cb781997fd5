"""Start, stop and daemon-reload over real SSH against the embedded fleet."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import MakeFleet
from tests.operations.demo_console import demo_console, done_by
from tui.model.fleet import Manager
from tui.model.plan import PlanRefused, StepState

if TYPE_CHECKING:
    from tui.demo.fleet import DemoFleet
    from tui.demo.machine import Machine

UNIT = "billing_prod.service"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hosts live fast; what is waited for them is shortened alike, in proportion."""
    work = "tui.operations.restart_aftermath"
    for name, seconds in {"POLL_S": 0.03, "SETTLE_S": 0.25, "VERSION_WAIT_S": 2.0}.items():
        monkeypatch.setattr(f"{work}.{name}", seconds)
    monkeypatch.setattr("tui.operations.restart_setback.QUIET_S", 0.6)
    monkeypatch.setattr("tui.operations.stop.QUIET_S", 0.6)
    monkeypatch.setattr("tui.operations.daemon_reload.WATCH_S", 0.5)
    monkeypatch.setattr("tui.operations.step_hand.PROGRESS_S", 0.05)


async def test_stopped_is_read_from_the_unit_and_started_comes_up(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    units = {name: machine.unit for name, machine in demo_fleet.machines.items()}
    async with demo_console(demo_fleet, tmp_path) as at:
        with pytest.raises(PlanRefused, match="web1: it is running: there is nothing to start"):
            await at.plan("start", "web1")
        stopped = await at.carry_out("stop", "web1", "web3")
        assert stopped.ended is not None
        assert stopped.ended.ok, stopped.ended.summary
        assert [e.detail for e in done_by(stopped, "stop")] == [
            "stopped, no main process is left"
        ] * 2
        assert [units[n].state.active for n in units] == ["inactive", "active", "inactive"]
        with pytest.raises(PlanRefused, match="web1: it is stopped already"):
            await at.plan("stop", "web1")
        started = await at.carry_out("start", "web1", "web3")
    assert started.ended is not None
    assert started.ended.ok, started.ended.summary
    first, second = done_by(started, "start")
    pid = units["web1"].state.main_pid
    assert first.detail.startswith(f"started, main process {pid}, runs 0.2.0, healthy")
    assert "runs 0.3.0" in second.detail
    assert stopped.plan.undo == "start billing on web1, web3"


async def test_the_last_host_that_goes_is_said(make_fleet: MakeFleet, tmp_path: Path) -> None:
    demo = await make_fleet(hosts=("web1",))
    async with demo_console(demo, tmp_path) as at:
        plan = await at.plan("stop", "web1")
        assert "no host is left that runs billing" in [v.reason for v in plan.verdicts]


async def test_an_unclean_stop_is_done_but_not_cleanly(
    make_fleet: MakeFleet, tmp_path: Path
) -> None:
    demo = await make_fleet(hosts=("web1",))
    demo.machines["web1"].restart_behaviour = "sigkill"
    async with demo_console(demo, tmp_path) as at:
        run = await at.carry_out("stop", "web1")
    (event,) = done_by(run, "stop")
    assert event.state is StepState.DONE
    assert event.warning
    assert "unclean stop: SIGKILL after" in event.detail


async def test_a_start_that_fails_is_told_with_its_reason(
    make_fleet: MakeFleet, tmp_path: Path
) -> None:
    demo = await make_fleet(hosts=("web1",))
    async with demo_console(demo, tmp_path) as at:
        await at.carry_out("stop", "web1")
        demo.machines["web1"].restart_behaviour = "loop"
        run = await at.carry_out("start", "web1")
    (event,) = done_by(run, "start")
    assert event.state is StepState.FAILED
    assert "it LOOPS: started" in event.detail


async def test_somebody_who_starts_it_again_is_noticed(
    make_fleet: MakeFleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo = await make_fleet(hosts=("web1",))
    unit = demo.machines["web1"].unit
    submit: Callable[..., object] = unit.submit

    def restart_instead(kind: str, mode: str = "replace") -> object:
        return submit("restart" if kind == "stop" else kind, mode)

    monkeypatch.setattr(unit, "submit", restart_instead)
    async with demo_console(demo, tmp_path) as at:
        run = await at.carry_out("stop", "web1")
    (event,) = done_by(run, "stop")
    assert event.state is StepState.FAILED
    assert "somebody started it" in event.detail


async def test_a_step_that_is_out_of_date_is_not_sent(
    make_fleet: MakeFleet, tmp_path: Path
) -> None:
    demo = await make_fleet(hosts=("web1",))
    unit = demo.machines["web1"].unit
    async with demo_console(demo, tmp_path) as at:
        run = at.run_of(await at.plan("stop", "web1"))
        await unit.submit("stop").done
        await run.run()
        (event,) = done_by(run, "stop")
        assert event.state is StepState.REFUSED
        assert "it is down by now" in event.detail
        run = at.run_of(await at.plan("start", "web1"))
        await unit.submit("start").done
        await run.run()
    (event,) = done_by(run, "start")
    assert event.state is StepState.REFUSED


async def test_without_the_right_the_line_is_named(make_fleet: MakeFleet, tmp_path: Path) -> None:
    demo = await make_fleet(hosts=("web1",))
    async with demo_console(demo, tmp_path, user="restarter") as at:
        with pytest.raises(PlanRefused) as refused:
            await at.plan("stop", "web1")
    assert refused.value.reason.splitlines() == [
        "web1: sudo lets restarter run none of the stop commands. "
        "What visudo there would have to add:",
        "  restarter ALL=(root) NOPASSWD: /usr/bin/systemctl --job-mode\\=fail stop " + UNIT,
    ]


async def test_what_systemd_does_not_run_has_no_unit_file_to_read_anew(
    make_fleet: MakeFleet, tmp_path: Path
) -> None:
    demo = await make_fleet(hosts=("web1",))
    app = replace(demo.app, manager=Manager.RELEASE)
    async with demo_console(demo, tmp_path, app) as at:
        with pytest.raises(PlanRefused, match="systemd does not run billing"):
            await at.plan("daemon_reload", "web1")


def edit_unit_file(machine: Machine) -> None:
    """Somebody changes the unit's file."""
    path = machine.sandbox.real(machine.unit.settings.fragment)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("[Service]\n")
    os.utime(path, (1_000_000_000, 1_000_000_000))


async def test_a_changed_unit_file_is_reloaded(make_fleet: MakeFleet, tmp_path: Path) -> None:
    demo = await make_fleet(hosts=("web1", "web2"))
    async with demo_console(demo, tmp_path) as at:
        with pytest.raises(PlanRefused, match="nothing to reload"):
            await at.plan("daemon_reload", "web1")
        edit_unit_file(demo.machines["web1"])
        run = await at.carry_out("daemon_reload", "web1")
        assert run.ended is not None
        assert run.ended.ok, run.ended.summary
        snapshot = await at.context.refresh("web1")
    assert snapshot is not None
    assert not snapshot.unit.need_daemon_reload


async def test_a_reload_that_changes_nothing_is_not_done(
    make_fleet: MakeFleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo = await make_fleet(hosts=("web1",))
    machine = demo.machines["web1"]
    edit_unit_file(machine)
    monkeypatch.setattr(machine.unit_files, "reload", lambda: None)
    async with demo_console(demo, tmp_path) as at:
        run = await at.carry_out("daemon_reload", "web1")
    (event,) = done_by(run, "daemon_reload")
    assert event.state is StepState.FAILED
    assert "systemd still has the old unit file" in event.detail

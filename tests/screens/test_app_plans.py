"""Whole plans through the app's keys: from the key to the audit, stuck, left, out of reach."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Input

from screens.confirm import ConfirmScreen
from screens.hosts import HostsScreen
from screens.leave_out import LeaveOutScreen
from screens.quit import QuitScreen
from screens.walkthrough import WalkthroughScreen
from tests.conftest import MakeFleet
from tests.screens.test_app import opened, screen_text
from tests.waiting import until
from tui.demo.fleet import DemoFleet
from tui.model.consent import Consent
from tui.model.plan import Facts, Plan, PlanRefused
from tui.operations.audit_log import verify
from tui.operations.context import PlanContext
from tui.operations.planners import plan_again


async def test_a_restart_from_key_to_audit(demo_fleet: DemoFleet, tmp_path: Path) -> None:
    async with opened(demo_fleet, tmp_path) as (app, pilot):
        before = demo_fleet.machines["web1"].unit.state.main_pid
        await pilot.press("g", "R")
        await until(lambda: isinstance(app.screen, ConfirmScreen))
        assert "systemctl --job-mode=fail restart" in screen_text(app)
        # What is typed ahead is dropped; Enter must not confirm after that either.
        await pilot.pause(0.6)
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, HostsScreen))
        assert demo_fleet.machines["web1"].unit.state.main_pid == before, "Enter never confirms"
        await pilot.press("R")
        await until(lambda: isinstance(app.screen, ConfirmScreen))
        screen = app.screen
        assert isinstance(screen, ConfirmScreen)
        await pilot.pause(0.6)
        await pilot.press("y")
        await until(lambda: isinstance(app.screen, WalkthroughScreen))
        await until(lambda: not app.plans.running, 40)
        assert demo_fleet.machines["web1"].unit.state.main_pid != before
        await until(lambda: "done and verified on web1" in screen_text(app))
        audit = tmp_path / "audit" / "audit.jsonl"
        assert verify(audit) == ""
        assert audit.stat().st_mode & 0o777 == 0o600
        assert "--job-mode=fail restart billing_prod.service" in audit.read_text()
        assert list((tmp_path / "ops").glob("*.jsonl"))


async def test_quitting_while_a_plan_runs_asks(make_fleet: MakeFleet, tmp_path: Path) -> None:
    demo = await make_fleet(hosts=("web1",))
    demo.machines["web1"].restart_behaviour = "hang"
    async with opened(demo, tmp_path) as (app, pilot):
        await pilot.press("R")
        await until(lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.pause(0.6)
        await pilot.press("y")
        await until(lambda: app.plans.running)
        await until(lambda: isinstance(app.screen, WalkthroughScreen))
        await pilot.press("ctrl+q")
        await until(lambda: isinstance(app.screen, QuitScreen))
        await pilot.press("escape")
        await until(lambda: isinstance(app.screen, WalkthroughScreen))
        await pilot.press("ctrl+c")
        await until(lambda: isinstance(app.screen, QuitScreen))
        await pilot.press("l")
        await until(lambda: not app.is_running or app._exit)
    assert app.return_code == 0
    async with opened(demo, tmp_path) as (later, pilot):
        await until(lambda: list(later._notifications))
        said = [note for note in later._notifications if "never ended" in note.title]
        assert len(said) == 1
        assert "restart billing on web1" in said[0].message


async def test_a_stuck_host_is_left_and_its_way_back_is_planned(
    make_fleet: MakeFleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tui import plans

    asked: list[tuple[str, object]] = []
    build = plans.build_plan

    async def noted(context: PlanContext, kind: str, params: Facts) -> Plan:
        if kind == "rollback":
            asked.append((kind, dict(params)))
            raise PlanRefused("noted")
        return await build(context, kind, params)

    monkeypatch.setattr(plans, "build_plan", noted)
    monkeypatch.setattr("tui.operations.restart_aftermath.SETTLE_S", 0.2)
    demo = await make_fleet()
    health = replace(demo.app.health, within_s=0.5, timeout_s=0.3)
    demo.machines["web3"].restart_behaviour = "hang"
    shown = replace(demo.app, health=health)
    async with opened(demo, tmp_path, shown=shown) as (app, pilot):
        await pilot.press("G", "R")
        await until(lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.pause(0.6)
        await pilot.press("y")
        await until(lambda: "rolls web3 back to 0.2.0" in screen_text(app), 20)
        await pilot.pause(0.6)
        await pilot.press("B")
        await until(lambda: asked)
        assert asked == [("rollback", {"version": "0.2.0", "hosts": "web3"})]
        assert app.plans.running == ""


async def test_a_host_out_of_reach_is_left_out_by_name_only(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    async with opened(demo_fleet, tmp_path) as (app, pilot):
        deck = app.deck
        assert deck is not None
        await demo_fleet.machines["web2"].refuse_connections()
        demo_fleet.machines["web2"].drop_connections()
        await until(lambda: not deck.sessions["web2"].link.usable)
        await pilot.press("asterisk", "R")
        await until(lambda: isinstance(app.screen, LeaveOutScreen))
        await pilot.press(*"web1", "enter")
        assert "web1 is not one of them" in screen_text(app)
        app.screen.query_one(Input).value = ""
        await pilot.press(*"web2", "enter")
        await until(lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.pause()
        plan = app.screen._plan  # type: ignore[attr-defined]  # the confirmation's own
        assert plan.hosts == ("web1", "web3")
        assert plan.left_out == ("web2",)
        await pilot.press("end", "pagedown", "pagedown", "pagedown")
        await until(lambda: "left out web2" in screen_text(app))
        again = await plan_again(deck.context, plan)
        assert again.hash == plan.hash


async def test_a_plan_that_breaks_is_never_silent(
    demo_fleet: DemoFleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_args: object) -> AsyncIterator[object]:
        raise ZeroDivisionError
        yield

    async def begun() -> None:
        async with opened(demo_fleet, tmp_path) as (app, pilot):
            await pilot.press("R")
            await until(lambda: isinstance(app.screen, ConfirmScreen))
            monkeypatch.setattr("tui.operations.plan_run.run_plan", broken)
            app.screen.dismiss(Consent(app.screen._plan.hash))  # type: ignore[attr-defined]  # the dialog's own
            await until(lambda: app._exception is not None)

    with pytest.raises((ZeroDivisionError, BaseExceptionGroup)) as caught:
        await begun()
    assert "ZeroDivisionError" in repr(caught.value)

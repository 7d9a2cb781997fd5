"""An operation that an earlier console left: said at the start, looked at, gone on with by keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from screens.confirm import ConfirmScreen
from screens.hosts import HostsScreen
from screens.operations import OperationScreen, OperationsScreen
from screens.walkthrough import WalkthroughScreen
from tests.conftest import MakeFleet
from tests.operations.demo_bench import console
from tests.operations.test_resume_demo import killed_at, lock_of
from tests.screens.test_app import opened, screen_text
from tests.waiting import until


async def test_an_operation_is_found_at_the_start_and_gone_on_with_by_keys(
    make_fleet: MakeFleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo = await make_fleet(hosts=("web1", "web2"))
    async with console(demo, tmp_path) as at:
        # plan, whole, two locks of three records, the intent of the first restart
        await killed_at(at, await at.plan("restart", hosts="web1 web2"), 9, monkeypatch)
    async with opened(demo, tmp_path) as (app, pilot):
        await until(lambda: [n for n in app._notifications if "never ended" in n.title])
        app.clear_notifications()
        await pilot.press("O")
        await until(lambda: isinstance(app.screen, OperationsScreen))
        await pilot.pause()
        assert "step 3 of 6" in " ".join(screen_text(app).split())
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, OperationScreen))
        await pilot.pause()
        shown = screen_text(app)
        assert "locked by it: web1, web2" in shown
        assert "do step 3 of 6, web1: restart billing_prod.service once more" in shown
        await pilot.press("c")
        await until(lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.pause(0.6)
        shown = screen_text(app)
        assert "2 steps of 6 done already" in shown
        assert "go on: restart billing on web1, web2" in shown
        assert "lock billing" not in shown.replace("unlock billing", ""), "a step that is done"
        await pilot.press("y")
        await until(lambda: isinstance(app.screen, WalkthroughScreen))
        assert isinstance(app.screen, WalkthroughScreen)
        run = app.screen.run_shown
        run.watch(lambda: run.go_on() if run.paused else None)
        await until(lambda: run.ended)
        assert run.ended is not None
        assert run.ended.ok, run.ended.summary
    assert not lock_of(demo, "web1").exists()


async def test_it_can_be_ended_where_it_stands(
    make_fleet: MakeFleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo = await make_fleet(hosts=("web1",))
    async with console(demo, tmp_path) as at:
        await killed_at(at, await at.plan("restart", hosts="web1"), 6, monkeypatch)
    async with opened(demo, tmp_path) as (app, pilot):
        await pilot.press("O")
        await until(lambda: isinstance(app.screen, OperationsScreen))
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, OperationScreen))
        await pilot.press("s")
        await until(lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.pause(0.6)
        shown = screen_text(app)
        assert "y  end here: restart billing on web1" in shown, "y must not seem to restart"
        assert "no step is begun" in shown
        assert "systemctl" not in shown, "what is not sent is not shown as if it were"
        assert "unlock billing" in shown
        await pilot.press("y")
        await until(lambda: isinstance(app.screen, WalkthroughScreen))
        assert isinstance(app.screen, WalkthroughScreen)
        run = app.screen.run_shown
        await until(lambda: run.ended)
        assert run.ended is not None
        assert "ended where it stood: nothing of it is done" in run.ended.summary
        assert app.deck is not None
        assert app.deck.oplog.unresolved() == ()
        await pilot.press("escape")
        await until(lambda: isinstance(app.screen, HostsScreen))
        app.clear_notifications()
        await pilot.press("O")
        await until(lambda: [n for n in app._notifications if "has its end" in n.message])
    assert not lock_of(demo, "web1").exists()

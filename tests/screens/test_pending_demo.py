"""A host that was left out comes back: it is told, and F opens the plan for it alone."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from screens.confirm import ConfirmScreen
from screens.hosts import HostsScreen
from tests.operations.demo_bench import console
from tests.operations.plan_console import hasten
from tests.waiting import until
from tui.app import BeamdeckApp
from tui.model.fleet import Config
from tui.operations.planners import build_plan
from tui.widgets.host_table import HostTable
from tui.widgets.notice_panel import NoticePanel

if TYPE_CHECKING:
    from tui.demo.fleet import DemoFleet


def shown(app: BeamdeckApp) -> str:
    return str(app.screen.query_one(NoticePanel).render()) if _on_hosts(app) else ""


def _on_hosts(app: Any) -> bool:
    return isinstance(app.screen, HostsScreen)


async def test_its_return_is_told_and_one_key_opens_the_plan_that_finishes_it(
    demo_fleet: DemoFleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hasten(monkeypatch)
    machine = demo_fleet.machines["web3"]
    await machine.refuse_connections()
    machine.drop_connections()
    async with console(demo_fleet, tmp_path) as at:
        await asyncio.gather(*(at.fleet.sessions[n].usable() for n in ("web1", "web2")))
        asked = (("hosts", "web1 web3"), ("without", "web3"))
        run = await at.carry_out(await build_plan(at.context, "restart", asked))
        assert run.ended is not None
        assert run.ended.ok, run.ended.summary
    app = BeamdeckApp(Config(environments=(demo_fleet.environment,)), tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(lambda: "was left out of: restart billing" in shown(app), 40)
        assert "is back" not in shown(app)
        await machine.refuse_connections(False)
        assert app._deck is not None
        app._deck.fleet.retry("web3")
        await until(lambda: "is back and was left out of: restart billing" in shown(app), 40)
        assert "F a plan to finish it" in shown(app)
        await pilot.press("F")
        await pilot.pause()
        assert _on_hosts(app), "web1 is highlighted, which was left out of nothing"
        app.screen.query_one(HostTable).move_to(2)
        await pilot.press("F")
        await until(lambda: isinstance(app.screen, ConfirmScreen))
        assert isinstance(app.screen, ConfirmScreen)
        assert {step.host for step in app.screen._plan.steps} == {"web3"}

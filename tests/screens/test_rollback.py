"""The guided rollback on the embedded fleet: targets, analysis, the two ways; nothing is begun."""

from __future__ import annotations

from pathlib import Path

import pytest

from screens.migration_source import MigrationSourceScreen
from screens.releases import ReleasesScreen
from screens.rollback import RollbackScreen
from screens.rollback_branch import RollbackBranchScreen
from tests.screens.test_releases import opened
from tests.waiting import until
from tui.demo.fleet import DemoFleet

pytestmark = pytest.mark.whole


async def test_from_the_releases_to_the_plan_of_either_way(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    async with opened(demo_fleet, tmp_path) as (app, pilot):
        await pilot.press("G", "B")
        await until(lambda: isinstance(app.screen, RollbackScreen))
        await until(lambda: "▌0.1.0" in app.text)
        assert "how long it ran is not in the records" in app.text
        assert "3 of 3" in app.text
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, RollbackBranchScreen))
        await until(lambda: "Does 0.1.0's code work with the schema" in app.text)
        assert "roll back 0.2.0 → 0.1.0" in app.text
        assert "lost for good: column t_create_invoices.amount" in app.text
        assert all(len(row) == 80 for row in app.text.split("\n"))
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, MigrationSourceScreen))
        await until(lambda: "applied, by the code of 0.2.0" in app.text)
        await pilot.press("escape", "s", "c")
        await until(lambda: len(app.asked) == 2)
        assert [(m.kind, dict(m.params)) for m in app.asked] == [
            ("rollback", {"version": "0.1.0", "hosts": "web1 web2 web3", "without": "",
                          "code_only": code})
            for code in ("", "yes")
        ]  # fmt: skip
        await pilot.press("escape", "escape")
        await until(lambda: isinstance(app.screen, ReleasesScreen))
        assert 20180101120000 in demo_fleet.database.applied


async def test_marked_hosts_alone_and_a_target_that_is_none(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    tree = demo_fleet.machines["web2"].beam.tree.real
    (tree / "releases/0.1.0/start.boot").unlink()
    async with opened(demo_fleet, tmp_path) as (app, pilot):
        await pilot.press("1", "B")
        await until(lambda: "on every host: to which release" in app.text)
        await until(lambda: "2 of 3" in app.text)
        await pilot.press("G", "enter")
        await until(lambda: "web2: lacks start.boot" in app.said)
        await pilot.press("escape", "g", "space", "B")
        await until(lambda: "Roll back billing on web1: to which" in app.text)
        await until(lambda: "1 of 1" in app.text)
        await pilot.press("G", "enter")
        await until(lambda: "Does 0.1.0's code work with the schema" in app.text)
        assert "roll back 0.2.0 → 0.1.0 on web1" in app.text
        for width in (20, 40, 120):
            await pilot.resize_terminal(width, 24)
            await pilot.pause()
            assert all(len(row) == width for row in app.text.split("\n"))


async def test_a_host_that_is_away_is_asked_to_be_left_out(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    async with opened(demo_fleet, tmp_path) as (app, pilot):
        await pilot.press("G", "B")
        await until(lambda: "▌0.1.0" in app.text)
        await demo_fleet.machines["web3"].refuse_connections()
        demo_fleet.machines["web3"].drop_connections()
        session = app._deck.sessions["web3"] if app._deck is not None else None
        assert session is not None
        await until(lambda: not session.link.usable)
        await pilot.press("enter")
        await until(lambda: "To go on without: type web3" in app.text.replace("\n", " "))
        await pilot.press(*"web3", "enter")
        await until(lambda: "without web3" in app.text)
        await until(lambda: "Does 0.1.0's code work with the schema" in app.text)

"""From the migrations place to a change on the embedded fleet: marked, confirmed, verified."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from textual.widgets import Button, Input

from screens.confirm import ConfirmScreen
from screens.migrations import MigrationsScreen
from screens.walkthrough import WalkthroughScreen
from tests.conftest import MakeFleet
from tests.waiting import until
from tui.app import BeamdeckApp
from tui.model.fleet import Config
from tui.model.migration import MigrationStatus
from tui.widgets.confirm import PAUSE_S, LossRow

if TYPE_CHECKING:
    from tui.operations.deck import Deck

AMOUNT = 20180101120000


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.operations.migrate_work.POLL_S", 0.02)
    monkeypatch.setattr("tui.operations.detached.POLL_S", 0.05)


def deck_of(app: BeamdeckApp) -> Deck:
    assert app._deck is not None
    return app._deck


def view_of(app: BeamdeckApp) -> MigrationStatus:
    seen = deck_of(app).migrations
    assert seen is not None
    return seen.running


async def past_the_threshold() -> None:
    """What is typed right after the paint is dropped: it was meant for something else."""
    began = time.monotonic()
    await until(lambda: time.monotonic() > began + PAUSE_S)


def screen_is(app: BeamdeckApp, kind: type[Any]) -> Callable[[], bool]:
    return lambda: isinstance(app.screen, kind)


async def test_one_is_undone_after_everything_asked_for_was_given(
    make_fleet: MakeFleet, tmp_path: Path
) -> None:
    fleet = await make_fleet()
    applied = fleet.machines["web1"].database.applied
    app = BeamdeckApp(Config(environments=(fleet.environment,)), tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(lambda: app._deck is not None and deck_of(app).board.views[0].snapshot)
        await pilot.press("4")
        await until(lambda: deck_of(app).migrations is not None)
        await pilot.pause()
        await pilot.press("space", "M")
        await until(screen_is(app, ConfirmScreen))
        await pilot.press("escape")
        await until(screen_is(app, MigrationsScreen))
        assert AMOUNT in applied
        await pilot.press("M")
        await until(screen_is(app, ConfirmScreen))
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, ConfirmScreen)
        await past_the_threshold()
        for name, words in (
            ("environment", fleet.environment.name),
            ("reason", "rollback"),
            ("oldest", str(AMOUNT)),
        ):
            screen.query_one(f"#{name}", Input).focus()
            await pilot.pause()
            await pilot.press(*words)
        screen.query_one(LossRow).focus()
        await pilot.pause()
        await pilot.press("space", "tab")
        assert AMOUNT in applied
        screen.query_one("#act", Button).focus()
        await pilot.press("y")
        await until(screen_is(app, WalkthroughScreen))
        walk = app.screen
        assert isinstance(walk, WalkthroughScreen)
        await until(lambda: AMOUNT not in applied)
        await until(lambda: not app.plan_under_way)
        await past_the_threshold()
        await pilot.press("4")
        await until(screen_is(app, MigrationsScreen))
        await until(lambda: AMOUNT in view_of(app).repos[0].pending)

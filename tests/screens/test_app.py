"""The console as a whole, by keys, on the embedded fleet."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from textual.command import CommandPalette
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from screens.actions import ActionsScreen
from screens.confirm import ConfirmScreen
from screens.help import HelpScreen
from screens.host_details import HostDetailsScreen
from screens.hosts import HostsScreen
from screens.journal import JournalScreen
from screens.trust import TrustScreen
from screens.unlock import UnlockScreen
from tests.conftest import MakeFleet
from tests.waiting import until
from tui.app import BeamdeckApp
from tui.demo.fleet import DemoFleet
from tui.messages import PlanAsked, PlanRequested
from tui.model.fleet import App, Config, Limits, Task
from tui.operations.restart import restart_plan
from tui.widgets.frame import StatusBar
from tui.widgets.host_table import HostTable

Opened = tuple[BeamdeckApp, Pilot[int]]


@contextlib.asynccontextmanager
async def opened(
    demo: DemoFleet, state: Path, size: tuple[int, int] = (80, 24), shown: App | None = None
) -> AsyncIterator[Opened]:
    where = demo.environment if shown is None else replace(demo.environment, apps=(shown,))
    limits = Limits(probe_interval_s=0.2, keepalive_s=0.5)
    config = Config(environments=(where,), limits=limits, ssh_config=())
    app = BeamdeckApp(config, state)
    async with app.run_test(size=size) as pilot:
        await app.ready.wait()
        assert app.deck is not None
        assert await app.deck.settled(20)
        await until(lambda: isinstance(app.screen, HostsScreen))
        await until(lambda: app.screen.query_one(HostTable).hosts)
        yield app, pilot


def screen_text(app: BeamdeckApp) -> str:
    """What stands on the screen, line by line."""
    width, height = app.size
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(s.text for s in strip)[:width] for strip in strips[:height])


async def test_hosts_are_there_with_their_words(demo_fleet: DemoFleet, tmp_path: Path) -> None:
    async with opened(demo_fleet, tmp_path) as (app, pilot):
        await pilot.pause()
        text = screen_text(app)
        assert text.count("running") == 3
        assert "0.3.0 ↻" in text
        assert "web3  runs 0.2.0 but would boot 0.3.0" in text
        assert "demo  billing  3 hosts" in text


async def test_the_number_keys_go_to_places_and_back(demo_fleet: DemoFleet, tmp_path: Path) -> None:
    async with opened(demo_fleet, tmp_path) as (app, pilot):
        demo_fleet.machines["web1"].app_says("[error] something of note")
        await pilot.press("3")
        await until(lambda: isinstance(app.screen, JournalScreen))
        await until(lambda: "something of note" in screen_text(app))
        await pilot.press("1")
        await until(lambda: isinstance(app.screen, HostsScreen))
        await until(lambda: "3 journal 1!" in screen_text(app))
        await pilot.press("0")
        await until(lambda: "choose an environment" in screen_text(app))
        assert "3 running" in screen_text(app)
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, HostsScreen))


async def test_details_keep_to_reading_and_esc_goes_back(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    async with opened(demo_fleet, tmp_path) as (app, pilot):
        await pilot.press("j", "enter")
        await until(lambda: isinstance(app.screen, HostDetailsScreen))
        await until(lambda: "web2" in screen_text(app))
        assert "main PID" in screen_text(app)
        await pilot.press("escape")
        await until(lambda: isinstance(app.screen, HostsScreen))


async def test_help_lists_the_keys_of_the_place(demo_fleet: DemoFleet, tmp_path: Path) -> None:
    async with opened(demo_fleet, tmp_path) as (app, pilot):
        await pilot.press("question_mark")
        await until(lambda: isinstance(app.screen, HelpScreen))
        assert "restart" in screen_text(app)
        await pilot.press("escape")
        await until(lambda: isinstance(app.screen, HostsScreen))


async def test_filter_and_marks_choose_hosts(demo_fleet: DemoFleet, tmp_path: Path) -> None:
    async with opened(demo_fleet, tmp_path) as (app, pilot):
        screen = app.screen
        assert isinstance(screen, HostsScreen)
        await pilot.press("slash", *"web3", "enter")
        await until(lambda: screen.query_one(HostTable).hosts == ("web3",))
        await pilot.press("escape")
        await until(lambda: len(screen.query_one(HostTable).hosts) == 3)
        await pilot.press("g", "space", "space")
        assert screen.chosen() == ("web1", "web2")
        await pilot.press("asterisk")
        assert screen.chosen() == ("web1", "web2", "web3")


async def test_actions_that_are_not_possible_say_why(demo_fleet: DemoFleet, tmp_path: Path) -> None:
    async with opened(demo_fleet, tmp_path) as (app, pilot):
        await pilot.press("a")
        await until(lambda: isinstance(app.screen, ActionsScreen))
        assert "nothing keeps it out" in screen_text(app)
        await pilot.press("escape")
        await until(lambda: isinstance(app.screen, HostsScreen))


async def test_production_opens_locked_and_a_restart_asks_to_unlock(
    make_fleet: MakeFleet, tmp_path: Path
) -> None:
    demo = await make_fleet(hosts=("web1",), production=True)
    async with opened(demo, tmp_path) as (app, pilot):
        assert app.deck is not None
        assert app.deck.gate.state.locked(app.clock())
        assert "LOCKED" in screen_text(app)
        await pilot.press("R")
        await until(lambda: isinstance(app.screen, UnlockScreen))
        await pilot.press("escape")
        await until(lambda: isinstance(app.screen, HostsScreen))
        assert app.deck.gate.state.locked(app.clock())
        await pilot.press("u")
        await until(lambda: isinstance(app.screen, UnlockScreen))
        name = demo.environment.name
        app.screen.query_one("#name", Input).value = name
        app.screen.query_one("#reason", Input).value = "pager 4711"
        app.screen.query_one("#reason", Input).focus()
        await pilot.press("enter")
        await until(lambda: not app.deck or not app.deck.gate.state.locked(app.clock()))
        await until(lambda: isinstance(app.screen, HostsScreen))
        await until(lambda: "OPEN 1" in screen_text(app))
        assert "pager 4711" in (tmp_path / "audit" / "audit.jsonl").read_text()
        await pilot.press("u")
        await until(lambda: app.deck and app.deck.gate.state.locked(app.clock()))


async def test_an_unwritable_audit_keeps_production_locked(
    make_fleet: MakeFleet, tmp_path: Path
) -> None:
    demo = await make_fleet(hosts=("web1",), production=True)
    (tmp_path / "audit").write_text("in the way")
    async with opened(demo, tmp_path) as (app, pilot):
        await pilot.press("u")
        await until(lambda: isinstance(app.screen, UnlockScreen))
        app.screen.query_one("#name", Input).value = demo.environment.name
        app.screen.query_one("#reason", Input).value = "pager"
        app.screen.query_one("#reason", Input).focus()
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, HostsScreen))
        await pilot.pause()
        assert app.deck is not None
        assert app.deck.gate.state.locked(app.clock())


async def test_a_task_is_in_the_palette_and_opens_a_plan(
    make_fleet: MakeFleet, tmp_path: Path
) -> None:
    demo = await make_fleet(hosts=("web1",))
    shown = replace(demo.app, tasks=(Task("count", "Enum.max([1, 42])"),))
    async with opened(demo, tmp_path, shown=shown) as (app, pilot):
        await pilot.press("colon")
        await until(lambda: isinstance(app.screen, CommandPalette))
        await pilot.press(*"task")
        palette = app.screen.query_one(OptionList)
        await until(lambda: palette.option_count == 1)
        await pilot.press("down", "enter")
        await until(lambda: isinstance(app.screen, ConfirmScreen))
        await until(lambda: "run count of billing on web1" in screen_text(app))


async def test_an_unknown_host_key_is_let_in_by_its_fingerprint(
    make_fleet: MakeFleet, tmp_path: Path
) -> None:
    demo = await make_fleet(hosts=("web1",))
    known = tmp_path / "known_hosts"
    host = replace(demo.environment.hosts[0], fingerprint=None, known_hosts=str(known))
    environment = replace(demo.environment, hosts=(host,))
    app = BeamdeckApp(Config(environments=(environment,), ssh_config=()), tmp_path / "state")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(lambda: app.deck and app.deck.board.views[0].link.state == "unknown key")
        await until(lambda: "unknown key" in screen_text(app))
        await pilot.press("t")
        await until(lambda: isinstance(app.screen, TrustScreen))
        field = app.screen.query_one(Input)
        field.value = "AAAAAAAA"
        await pilot.press("enter")
        await until(lambda: "not the end" in screen_text(app))
        assert not known.exists()
        assert app.deck is not None
        offered = app.deck.board.views[0].link.fingerprint
        assert offered is not None
        field.value = offered[-8:]
        await pilot.press("enter")
        await until(lambda: app.deck and app.deck.board.views[0].snapshot)
        assert known.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60), (40, 10)])
async def test_every_size_paints(
    demo_fleet: DemoFleet, tmp_path: Path, size: tuple[int, int]
) -> None:
    async with opened(demo_fleet, tmp_path, size) as (app, pilot):
        for key in ("3", "1", "question_mark", "escape"):
            await pilot.press(key)
            await pilot.pause()
        assert app.screen.query_one(StatusBar).size.height == 1
        assert app.screen.query_one("#notices", Static) is not None


async def probe_that_breaks(
    demo: DemoFleet, state: Path, monkeypatch: pytest.MonkeyPatch
) -> BeamdeckApp:
    def broken(*_args: object, **_options: object) -> None:
        raise ZeroDivisionError("the parser met what it does not know")

    async with opened(demo, state) as (app, pilot):
        monkeypatch.setattr("tui.operations.snapshot.parse_probe", broken)
        await until(lambda: app._exit or app.return_code == 1)
        await pilot.pause()
    return app


async def test_a_service_that_dies_ends_the_console_with_a_report(
    demo_fleet: DemoFleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A screen that looks alive over a dead probe would be worse than a crash."""
    # Textual's pilot raises what the app ended of; the terminal gets the report's sentence.
    with pytest.raises(BaseExceptionGroup) as caught:
        await probe_that_breaks(demo_fleet, tmp_path, monkeypatch)
    assert caught.group_contains(ZeroDivisionError, depth=None)
    reports = [path.name for path in tmp_path.iterdir() if path.name.startswith("crash-")]  # noqa: ASYNC240 - a test's own folder
    assert reports


async def test_a_plan_goes_to_its_own_deck_and_is_asked_once(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    async with opened(demo_fleet, tmp_path) as (app, pilot):
        deck = app.deck
        assert deck is not None
        plan = await restart_plan(
            deck.environment, deck.app, deck.sessions, deck.board.refresh, ("web1",), deck.clock
        )
        app._deck = None  # gone elsewhere while the hosts were read
        app.on_plan_requested(PlanRequested(plan))
        app.on_plan_requested(PlanRequested(plan))
        await until(lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.pause()
        assert sum(isinstance(screen, ConfirmScreen) for screen in app.screen_stack) == 1
        await pilot.press("escape")
        await until(lambda: not isinstance(app.screen, ConfirmScreen))
        app.on_plan_requested(PlanRequested(plan))
        await until(lambda: isinstance(app.screen, ConfirmScreen))


async def test_a_second_press_while_a_plan_is_made_is_refused_and_a_refused_plan_says_why(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    async with opened(demo_fleet, tmp_path) as (app, pilot):
        said: list[str] = []
        notify = app.notify
        app.notify = lambda m, **k: (said.append(m), notify(m, **k))[1]  # type: ignore[method-assign]
        assert app.deck is not None
        for _ in range(2):
            app.on_plan_asked(PlanAsked(app.deck.key, "restart", (("hosts", "web1"),)))
        await until(lambda: isinstance(app.screen, ConfirmScreen))
        assert "a plan is being made or asked about" in said
        await pilot.press("escape")
        await until(lambda: isinstance(app.screen, HostsScreen))
        demo_fleet.machines["web1"].set_sudoers("devops", ())
        await pilot.press("R")
        await until(lambda: any("none of the restart commands" in text for text in said))
        assert isinstance(app.screen, HostsScreen)

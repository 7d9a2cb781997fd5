"""Consoles of the embedded fleet, from its hosts' sshd to the pane, driven by keys."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from textual import events
from textual.pilot import Pilot

from screens.console import ConsoleScreen
from screens.console_dialogs import MeantScreen, SnippetScreen
from screens.unlock import UnlockScreen
from tests.conftest import MakeFleet
from tests.waiting import until
from tui.app import BeamdeckApp
from tui.commands.console import login_shell
from tui.demo.fleet import DemoFleet
from tui.errors import ChangeRefused
from tui.model.fleet import Config, ConsoleRules, Environment, Limits
from tui.operations.console import ConsoleRun
from tui.operations.console_choice import ConsoleChoice


class Desk:
    """The app with a console in view."""

    def __init__(self, app: BeamdeckApp, pilot: Pilot[int]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def place(self) -> ConsoleScreen:
        screen = next(s for s in self.app.screen_stack if isinstance(s, ConsoleScreen))
        return screen

    @property
    def run(self) -> ConsoleRun:
        run = self.place.run
        assert run is not None
        return run

    def lines(self) -> list[str]:
        """What is painted."""
        strips = self.app.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip).rstrip() for strip in strips]

    async def shows(self, *texts: str) -> None:
        await until(lambda: any(all(t in line for t in texts) for line in self.lines()))

    async def open(self, kind: str, host: str = "web1") -> None:
        self.place.open(ConsoleChoice(host, kind, ""))
        await until(lambda: self.run.live)
        await until(lambda: self.place.view.has_focus)

    async def type(self, text: str) -> None:
        """Keys, one by one."""
        view = self.place.view
        for char in text:
            view.post_message(events.Key("enter" if char == "\r" else char, char))
        await self.pilot.pause()


@asynccontextmanager
async def desk(
    fleet: DemoFleet | Environment,
    state: Path,
    *,
    unlocked: bool = True,
    rules: ConsoleRules | None = None,
) -> AsyncIterator[Desk]:
    limits = Limits(probe_interval_s=0.5, keepalive_s=0.5)
    environment = fleet if isinstance(fleet, Environment) else fleet.environment
    config = Config((environment,), limits, console=rules or ConsoleRules(), ssh_config=())
    app = BeamdeckApp(config, state)
    async with app.run_test(size=(100, 30)) as pilot:
        await app.ready.wait()
        assert app.deck is not None
        if unlocked:
            app.deck.gate.unlock("looking at the run queue")
        deck = app.deck
        await until(
            lambda: any(v.host == "web1" and v.snapshot is not None for v in deck.board.views)
        )
        await pilot.press("5")
        await until(lambda: len(app.screen_stack) > 1)  # which console to open is asked
        await pilot.press("escape")
        await until(lambda: isinstance(app.screen, ConsoleScreen))
        yield Desk(app, pilot)


async def test_remote_console_evaluates_and_a_shell_beside_it_keeps_running(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    async with desk(demo_fleet, tmp_path) as console:
        await console.open("remote")
        await console.shows("iex(billing@web1)1>")
        await console.type("1 + 41\r")
        await console.shows("42")
        await console.shows("iex(billing@web1)2>")
        await console.open("shell")
        await console.type("printf 'here %s\\n' $((6*7)) $TERM\r")
        await console.shows("here 42")
        await console.shows("here xterm-256color")
        await console.pilot.press("ctrl+right_square_bracket", "left_square_bracket")
        await console.shows("iex(billing@web1)2>")
        assert [run.live for run in console.place.deck.consoles] == [True, True]


async def test_a_locked_production_opens_no_console(make_fleet: MakeFleet, tmp_path: Path) -> None:
    fleet = await make_fleet()
    production = replace(fleet.environment, production=True)
    async with desk(production, tmp_path, unlocked=False) as console:
        console.place.open(ConsoleChoice("web1", "shell", ""))
        await until(lambda: isinstance(console.app.screen, UnlockScreen))
        assert console.place.deck.consoles == []
        # The transport refuses by itself, too.
        with pytest.raises(ChangeRefused):
            await console.place.deck.sessions["web1"].open_terminal(login_shell(), 80, 24)


async def test_in_production_a_slip_is_held_and_everything_is_written_down(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    production = replace(demo_fleet.environment, production=True)
    async with desk(production, tmp_path) as console:
        await console.open("remote")
        await console.shows(
            "DEMO PRODUCTION", "web1", "bin/billing remote", "recorded", "^] leaves"
        )
        await console.shows("iex(billing@web1)1>")
        await console.type("2 * 21\r")
        await console.shows("42")
        await console.type("System.halt()\r")
        await until(lambda: isinstance(console.app.screen, MeantScreen))
        await console.pilot.press("enter")  # typed ahead: it comes to Cancel
        await until(lambda: isinstance(console.app.screen, ConsoleScreen))
        assert console.run.prompt_line().endswith("System.halt()")
        await console.type("\x15")
        view = console.place.view
        view.post_message(events.Paste("1 + 1\n2 + 2\n"))
        await until(lambda: isinstance(console.app.screen, MeantScreen))
        await console.pilot.press("escape")
        await until(lambda: isinstance(console.app.screen, ConsoleScreen))
        await console.pilot.press("ctrl+right_square_bracket")
        await until(lambda: not view.has_focus)
        await console.pilot.press("s")
        await until(lambda: isinstance(console.app.screen, SnippetScreen))
        await console.pilot.press("enter")
        await until(lambda: "run_queue" in console.run.prompt_line())
    audit = (tmp_path / "audit" / "audit.jsonl").read_text()
    said = [json.loads(line) for line in audit.splitlines()]
    assert [(r["event"], r.get("typed", "")) for r in said] == [
        ("console", ""),
        ("console-line", "2 * 21"),
        ("console-end", ""),
    ]
    assert said[0]["reason"] == "looking at the run queue"
    (recorded,) = (tmp_path / "recordings").glob("*.cast")
    assert recorded.stat().st_mode & 0o777 == 0o600


async def test_a_password_is_in_no_recording_and_a_lost_link_leaves_the_screen(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    async with desk(demo_fleet, tmp_path) as console:
        await console.open("shell")
        await console.type("stty -echo; echo ask; read answer; stty echo; echo done\r")
        await until(lambda: "ask" in console.run.screen.text())
        await console.type("h0rse-battery\r")
        await until(lambda: "done" in console.run.screen.text())
        demo_fleet.machines["web1"].sshd.wire.drop()
        await until(lambda: console.run.end is not None)
        assert console.run.end is not None
        assert console.run.end.lost
        await console.shows("r opens it again", "link lost")
        await console.shows("done")
    (recorded,) = (tmp_path / "recordings").glob("*.cast")
    assert "h0rse" not in recorded.read_text()
    assert "stty -echo" in recorded.read_text()

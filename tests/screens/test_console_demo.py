"""Consoles of the embedded fleet, from its hosts' sshd to the pane, driven by keys."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from textual import events
from textual.pilot import Pilot

from screens.console import ConsoleScreen
from tests.waiting import until
from tui.app import BeamdeckApp
from tui.demo.fleet import DemoFleet
from tui.model.fleet import Config, ConsoleRules, Limits
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
    fleet: DemoFleet, state: Path, *, unlocked: bool = True, rules: ConsoleRules | None = None
) -> AsyncIterator[Desk]:
    limits = Limits(probe_interval_s=0.5, keepalive_s=0.5)
    config = Config((fleet.environment,), limits, console=rules or ConsoleRules(), ssh_config=())
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

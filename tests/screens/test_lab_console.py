"""The consoles of real hosts: the release's own IEx, a shell, a flood; `-s` shows the figures."""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from textual import events
from textual.pilot import Pilot

from screens.console import ConsoleScreen
from screens.console_dialogs import ConsoleChoiceScreen
from tests.lab.lab import Lab
from tests.lab.recipe import UNIT
from tests.terminal.tmux import Tmux
from tests.waiting import until
from tui.app import BeamdeckApp
from tui.model.fleet import Config, Environment, Limits
from tui.operations.console import ConsoleRun
from tui.operations.console_choice import ConsoleChoice

pytestmark = [pytest.mark.lab, pytest.mark.timeout(240)]


class Desk:
    """The app with a console in view, and every byte that came."""

    def __init__(self, app: BeamdeckApp, pilot: Pilot[int]) -> None:
        self.app = app
        self.pilot = pilot
        self.bytes = bytearray()

    @property
    def place(self) -> ConsoleScreen:
        screen = self.app.screen
        assert isinstance(screen, ConsoleScreen)
        return screen

    @property
    def run(self) -> ConsoleRun:
        assert self.place.run is not None
        return self.place.run

    def text(self) -> str:
        return "\n".join(self.run.screen.text())

    async def open(self, kind: str) -> None:
        self.place.open(ConsoleChoice("web1", kind, ""))
        run, feed = self.run, self.run.screen.feed

        def kept(data: bytes) -> None:
            self.bytes += data
            feed(data)

        run.screen.feed = kept  # type: ignore[method-assign]
        await until(lambda: run.live or run.problem)
        assert not run.problem
        await until(lambda: self.place.view.has_focus)

    async def keys(self, *keys: str) -> None:
        """Textual's names of keys."""
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        """Text, a key a letter, then Enter."""
        view = self.place.view
        for char in text + "\r":
            view.post_message(events.Key("enter" if char == "\r" else char, char))
        await self.pilot.pause()

    async def shows(self, text: str, limit_s: float = 30.0) -> None:
        try:
            await until(lambda: text in self.text(), limit_s)
        except TimeoutError:
            raise AssertionError(f"{text!r} is not in\n{self.text()}") from None


@asynccontextmanager
async def desk(environment: Environment, state: Path) -> AsyncIterator[Desk]:
    environment = replace(environment, production=True)
    config = Config(environments=(environment,), limits=Limits(), ssh_config=())
    app = BeamdeckApp(config, state)
    async with app.run_test(size=(100, 34)) as pilot:
        await app.ready.wait()
        deck = app.deck
        assert deck is not None
        deck.gate.unlock("lab")
        await until(lambda: any(v.snapshot and v.host == "web1" for v in deck.board.views))
        await pilot.press("5")
        await until(lambda: isinstance(app.screen, ConsoleChoiceScreen))
        await pilot.press("escape")
        await until(lambda: isinstance(app.screen, ConsoleScreen))
        yield Desk(app, pilot)


def same_as_tmux(console: Desk) -> None:
    """The screen of all the bytes that came, beside tmux's of the same."""
    screen = console.run.screen
    with tempfile.TemporaryDirectory() as folder, Tmux(Path(folder)) as tmux:
        text, cursor = tmux.screen(bytes(console.bytes), screen.columns, screen.lines)
    assert screen.text() == text
    assert screen.cursor == cursor


async def test_iex_of_the_release(lab: Lab, lab_environment: Environment, tmp_path: Path) -> None:
    def node() -> str:
        return lab.sh("web1", f"systemctl show -p MainPID --value {UNIT}").strip()

    async with desk(lab_environment, tmp_path) as console:
        await console.open("remote")
        await console.shows("iex(billing@web1)1>")
        await console.type("1 + 41")
        await console.shows("\n42\n")
        await console.type('"日本語 🎉 e\u0301"')
        await console.shows("iex(billing@web1)3>")
        await console.keys(*"Enum", "full_stop", "m", "a", "tab")
        await console.shows("map_every/3")
        await console.keys("ctrl+u")
        await console.type('raise "boom"')
        await console.shows("** (RuntimeError) boom")
        for line in ("defmodule Probe do", "  def x, do: 7 * 6", "end"):
            await console.type(line)
        await console.shows("{:module, Probe")
        await console.keys("up", "up", "up")
        await console.keys("ctrl+u")
        await console.type("Probe.x()")
        await console.type("h Enum.map")
        await console.shows("Enum was not compiled with docs")
        same_as_tmux(console)
        # A line that would stop the node is held; Esc leaves the node and the line as they were.
        before = node()
        await console.type("System.halt()")
        await until(lambda: not isinstance(console.app.screen, ConsoleScreen))
        await console.pilot.press("escape")
        await until(lambda: isinstance(console.app.screen, ConsoleScreen))
        await console.keys("ctrl+u")
        assert node() == before
        # Ctrl-C's menu ends the local shell, not the node.
        await console.keys("ctrl+c")
        await console.shows("BREAK: (a)bort")
        await console.type("a")
        await until(lambda: console.run.end)
        assert node() == before
    recorded = next((tmp_path / "recordings").glob("*.cast"))
    assert recorded.stat().st_mode & 0o777 == 0o600
    typed = [e[2] for e in map(json.loads, recorded.read_text().splitlines()[1:]) if e[1] == "i"]
    assert "1 + 41\r" in typed


async def test_a_flood_is_drained_and_interrupted(
    lab: Lab, lab_environment: Environment, tmp_path: Path
) -> None:
    async with desk(lab_environment, tmp_path) as console:
        await console.open("shell")
        await console.shows("$")
        took = []
        for _ in range(5):
            await console.type("yes")
            run = console.run
            seen = run.received_bytes
            began, frames = time.monotonic(), console.place.view.frames
            await until(lambda: run.received_bytes > seen + 4_000_000)  # noqa: B023
            rate = (run.received_bytes - seen) / (time.monotonic() - began) / 1e6
            frames = console.place.view.frames - frames
            pressed = time.monotonic()
            console.place.view.post_message(events.Key("ctrl+c", "\x03"))
            gone = "while pgrep -x yes >/dev/null; do sleep 0.01; done"
            await asyncio.to_thread(lab.sh, "web1", gone)
            took.append(time.monotonic() - pressed)
            await console.shows("^C")
            print(
                f"flood {rate:.1f} MB/s, {frames} frames; Ctrl-C there in {took[-1] * 1e3:.0f} ms"
            )
        assert statistics.median(took) <= 0.2


async def test_programs_of_the_host_look_as_in_tmux(
    lab: Lab, lab_environment: Environment, tmp_path: Path
) -> None:
    async with desk(lab_environment, tmp_path) as console:
        await console.open("shell")
        await console.shows("$")
        await console.type("ls --color=always -l /usr; seq 1 200; ls --color=always /etc")
        await console.shows("passwd")
        await console.type("stty size; echo $TERM $SSH_AUTH_SOCK.")
        screen = console.run.screen
        await console.shows(f"{screen.lines} {screen.columns}")
        await console.shows("xterm-256color .")
        same_as_tmux(console)

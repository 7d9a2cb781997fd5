"""R36, R37: a console that is ended in mid-plan goes at once, and what is on the host goes on."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.security.test_real_pty import Terminal

if TYPE_CHECKING:
    from tests.conftest import MakeFleet

LEAVE = b"\x1b[?1049l"
"""What gives the terminal its own screen back."""


@pytest.mark.timeout(90)
@pytest.mark.parametrize(
    "how", ["SIGTERM", "terminal", pytest.param("SIGHUP", marks=pytest.mark.soak)]
)
async def test_it_exits_at_once_writes_what_it_knows_and_stops_nothing(
    make_fleet: MakeFleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    demo = await make_fleet(hosts=("web1",))
    machine = demo.machines["web1"]
    machine.restart_behaviour = "hang"  # it starts, and never serves: the plan goes on waiting
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    before = machine.unit.state.main_pid
    terminal = Terminal(["-m", "tui", "--config", str(demo.config_path)])
    try:
        await asyncio.to_thread(restart, terminal)
        assert machine.unit.state.main_pid != before
        began = time.monotonic()
        if how == "terminal":
            os.close(terminal._fd)
            await asyncio.to_thread(os.waitpid, terminal._pid, 0)
            terminal.status = 0
        else:
            os.kill(terminal._pid, getattr(signal, how))
            await asyncio.to_thread(until_ended, terminal)
            assert LEAVE in terminal.seen
        assert time.monotonic() - began < 6  # two seconds on an idle machine
    finally:
        if how != "terminal" or terminal.status is None:
            terminal.close()
    op, events = recorded(tmp_path)
    assert events[-1] == "left"
    assert "end" not in events
    starts = [entry for entry in machine.journal.entries if b"Started " in str(entry).encode()]
    assert len(starts) <= 2, "once at the fleet's begin, once by the plan"
    assert machine.unit.state.active == "active"
    lock = machine.sandbox.real(f"{demo.app.root}/.beamdeck/lock")
    assert json.loads(lock.read_text())["op"] == op, "held, and whose it is stands in it"


def recorded(folder: Path) -> tuple[str, list[str]]:
    """The one operation of the console, and the events of its log."""
    (log,) = folder.rglob("ops/*.jsonl")
    return log.stem, [json.loads(line)["event"] for line in log.read_bytes().splitlines()]


def restart(terminal: Terminal) -> None:
    """From the first screen to a step that waits for its host."""
    terminal.await_text(b"running")
    terminal.read(0.5)
    terminal.type(b"R")
    terminal.await_text(b"restart billing")
    terminal.read(1.0)
    terminal.type(b"y")
    terminal.await_text(b"not healthy yet")


def until_ended(terminal: Terminal) -> None:
    began = time.monotonic()
    while terminal.read(0.1):
        assert time.monotonic() - began < 20

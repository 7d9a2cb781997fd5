"""Detached steps on the embedded fleet: started once, found again, their output whole."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tui.commands.detached import (
    STEP_VARIABLE,
    DetachedState,
    detached_command,
    parse_detached,
    read_detached,
)
from tui.demo.users import parse_rules
from tui.model.command import Command, Outcome
from tui.model.fleet import App, Limits
from tui.model.plan import StepState
from tui.operations.detached import DetachedEnd, follow_detached
from tui.ssh.fleet import Fleet
from tui.ssh.gate import Gate
from tui.ssh.session import SshSession

if TYPE_CHECKING:
    from tui.demo.fleet import DemoFleet

NAME = "20180604T030800Z-0a1b2c3d-4"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.operations.detached.POLL_S", 0.02)
    monkeypatch.setattr("tui.operations.detached.SLOW_POLL_S", 0.05)
    monkeypatch.setattr("tui.operations.detached.ABSENT_S", 0.2)


class Bench:
    """One host of the fleet, and its link."""

    def __init__(self, demo: DemoFleet, session: SshSession, gate: Gate) -> None:
        self.app = demo.app
        self.session = session
        self.machine = demo.machines["web1"]
        self._gate = gate
        self.said: list[tuple[StepState, str]] = []

    async def change(self, command: Command, name: str = NAME) -> Outcome:
        """As the runner sends a step."""
        named = replace(command, env=((STEP_VARIABLE, name),))
        return await self.session.run(named, self._gate.grant("f" * 64))

    async def start(
        self, inner: str, *words: str, environment: bool = False, name: str = NAME
    ) -> Outcome:
        command = detached_command(self.app, inner, words, limit_s=60.0, environment=environment)
        return await self.change(command, name)

    async def look(self, offset: int = 0, app: App | None = None) -> DetachedState:
        outcome = await self.session.run(read_detached(app or self.app, NAME, offset))
        return parse_detached(outcome.stdout, offset)

    async def follow(self, limit_s: float = 20.0) -> DetachedEnd:
        return await follow_detached(
            self.session, self.app, NAME, limit_s, lambda *said: self.said.append(said)
        )

    def file(self, what: str) -> Path:
        return self.machine.sandbox.real(f"{self.app.root}/.beamdeck/steps/{NAME}.{what}")


@asynccontextmanager
async def bench(demo: DemoFleet, user: str = "devops") -> AsyncIterator[Bench]:
    gate = Gate(False, 900.0, time.time)
    limits = Limits(connect_timeout_s=5.0, keepalive_s=0.3, keepalive_misses=2)
    hosts = tuple(replace(host, user=user) for host in demo.environment.hosts[:1])
    fleet = Fleet(replace(demo.environment, hosts=hosts), limits, gate, ssh_config=())
    fleet.start()
    try:
        session = fleet.sessions["web1"]
        await asyncio.wait_for(session.usable(), 20)
        yield Bench(demo, session, gate)
    finally:
        await fleet.close()


FORMS = {"unit": ["ALL"], "setsid": ["(billing) ALL"]}


@pytest.mark.parametrize("form", FORMS)
async def test_it_runs_to_its_end_as_the_owner_with_its_words(
    demo_fleet: DemoFleet, form: str
) -> None:
    demo_fleet.machines["web1"].users["devops"].rules = parse_rules(FORMS[form])
    async with bench(demo_fleet) as at:
        inner = 'id -un; pwd -P; printf "[%s]" "$@"; echo; echo wrong >&2; exit 3'
        words = ("a b", "it's", '$HOME `id` "\\', "", "two\nlines")
        outcome = await at.start(inner, *words)
        assert outcome.ok, outcome.stderr
        assert f"form={form}" in outcome.stdout.decode()
        end = await at.follow()
    lines = end.output.decode().splitlines()
    assert lines[0] == "billing"
    assert lines[1].endswith("/billing")
    assert "".join(f"{line}\n" for line in lines[2:]) == (
        "".join(f"[{word}]" for word in words) + "\nwrong\n"
    )
    assert (end.exit_status, end.lost) == (3, False)

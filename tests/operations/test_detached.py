"""Detached steps on the embedded fleet: started once, found again, their output whole."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.waiting import until
from tui.commands.detached import (
    ALREADY,
    STEP_VARIABLE,
    DetachedState,
    detached_command,
    parse_detached,
    read_detached,
    start_problem,
)
from tui.commands.owner import NOT_ALLOWED, owner_command
from tui.demo.users import parse_rules
from tui.model.command import Command, Outcome
from tui.model.fleet import App, Limits
from tui.model.plan import StepState
from tui.operations.detached import DetachedEnd, _Kept, follow_detached
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

    def seen(self, what: str) -> str:
        """A file of the step by its path on the host."""
        return f"{self.app.root}/.beamdeck/steps/{NAME}.{what}"

    def file(self, what: str) -> Path:
        return self.machine.sandbox.real(self.seen(what))


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


async def test_a_step_of_the_same_name_is_never_started_again(demo_fleet: DemoFleet) -> None:
    async with bench(demo_fleet) as at:
        begun = await asyncio.gather(
            *(at.start('echo "$1" >>began; sleep 0.2', "x") for _ in "abc")
        )
        assert sorted(outcome.exit_status or 0 for outcome in begun) == [0, ALREADY, ALREADY]
        assert (await at.follow()).exit_status == 0
        later = await at.start("echo twice >>began")
        root = at.machine.sandbox.real(at.app.root)
    assert later.exit_status == ALREADY
    assert start_problem(later) == f"{NAME} was started already; it is not started again"
    assert (root / "began").read_text() == "x\n"


@pytest.mark.parametrize("form", FORMS)
async def test_a_link_that_is_lost_again_and_again_costs_no_line(
    demo_fleet: DemoFleet, form: str
) -> None:
    demo_fleet.machines["web1"].users["devops"].rules = parse_rules(FORMS[form])
    inner = 'i=0; while [ $i -lt 60 ]; do i=$((i+1)); echo "line $i"; sleep 0.02; done; exit 4'
    dice = random.Random(4711)
    async with bench(demo_fleet) as at:
        assert (await at.start(inner)).ok
        following = asyncio.create_task(at.follow())
        while not following.done():
            at.machine.drop_connections()
            await asyncio.wait({following}, timeout=dice.uniform(0.1, 0.5))
        end = await following
    assert end.output.decode().splitlines() == [f"line {i}" for i in range(1, 61)]
    assert (end.exit_status, end.lost) == (4, False)
    assert StepState.UNKNOWN in [state for state, _ in at.said]


async def test_it_goes_on_where_the_link_is_lost_while_it_is_started(
    demo_fleet: DemoFleet,
) -> None:
    async with bench(demo_fleet) as at:
        starting = asyncio.create_task(at.start("echo begun; sleep 0.3; echo over"))
        await until(at.file("run").exists)
        at.machine.drop_connections()
        assert not (await starting).known
        end = await at.follow()
    assert (end.exit_status, end.output) == (0, b"begun\nover\n")


async def test_a_step_that_was_never_begun_is_told_from_one_that_is_lost(
    demo_fleet: DemoFleet,
) -> None:
    async with bench(demo_fleet) as at:
        end = await at.follow()
        assert (end.exit_status, end.lost, end.detail) == (None, False, "it was never begun")
        assert (await at.start("echo begun; exec sleep 60")).ok
        still = await at.follow(0.3)
        assert (still.exit_status, still.lost) == (None, True)
        assert still.detail == "still at work after 0.3 s"
        assert still.output == b"begun\n"
        pid = int(at.file("pid").read_text().split()[0])
        os.killpg(pid, signal.SIGKILL)
        gone = await at.follow()
    assert (gone.exit_status, gone.lost, gone.detail) == (None, True, "it ended without a status")


async def test_a_step_of_an_earlier_boot_is_not_taken_for_a_process_of_today(
    demo_fleet: DemoFleet,
) -> None:
    async with bench(demo_fleet) as at:
        assert (await at.start("exec sleep 60")).ok
        assert (await at.look()).word == "running"
        pid, began, _boot, when = at.file("pid").read_text().split()
        for line in (f"{pid} {began} {'b' * 36} {when}\n", f"{pid} 1 {_boot} {when}\n"):
            at.file("pid").write_text(line)
            state = await at.look()
            assert (state.word, state.exit_status) == ("ended", None)


async def test_nothing_that_could_start_it_withdraws_it_for_good(demo_fleet: DemoFleet) -> None:
    machine = demo_fleet.machines["web1"]
    machine.users["devops"].rules = parse_rules(FORMS["setsid"])
    machine.sandbox.write("bin/setsid", "#!/bin/sh\nexit 1\n", 0o755)
    machine.sandbox.write("bin/sleep", "#!/bin/sh\nexit 0\n", 0o755)
    async with bench(demo_fleet) as at:
        outcome = await at.start("echo begun")
        assert outcome.exit_status == 71
        assert "could not be started; it was withdrawn" in start_problem(outcome)
        assert (await at.look()).word == "absent"
        # What was on its way finds the last gate shut.
        late = await at.session.run(
            owner_command(at.app, '/bin/sh "$1" unit; echo $?', (at.seen("run"),))
        )
        assert late.stdout == b"75\n"
        assert not at.file("out").exists()


async def test_the_units_environment_comes_along_without_the_releases_own(
    demo_fleet: DemoFleet,
) -> None:
    async with bench(demo_fleet) as at:
        inner = 'printf "%s|%s|%s" "$DATABASE_URL" "$RELEASE_ROOT" "$LC_ALL"'
        assert (await at.start(inner, environment=True)).ok
        end = await at.follow()
    url, root, locale = end.output.decode().split("|")
    assert url.startswith("ecto://")
    assert (root, locale) == ("", "")


async def test_whoever_may_not_act_as_the_owner_starts_nothing(demo_fleet: DemoFleet) -> None:
    async with bench(demo_fleet, "restarter") as at:
        outcome = await at.start("echo begun")
        assert outcome.exit_status == NOT_ALLOWED
        assert start_problem(outcome) == "restarter may not act as billing by sudo"
        assert not at.file("run").parent.exists()


async def test_nothing_is_done_as_root(demo_fleet: DemoFleet) -> None:
    async with bench(demo_fleet) as at:
        at.app = replace(at.app, owner="root")
        outcome = await at.start("echo begun")
        assert outcome.exit_status == NOT_ALLOWED
        assert "nothing is done as root there" in start_problem(outcome)


@pytest.mark.parametrize("name", ["", "a/b", "../x", "a b", "-x", "x" * 200, "a\n"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no name of a step"):
        read_detached(App("billing"), name, 0)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"word=running\nsize=4",
        b"word=walking\nsize=1\n\n",
        b"word=ended\nsize=x\n\n",
        b"\n\nab",
    ],
)
def test_an_answer_to_another_question_is_no_state(answer: bytes) -> None:
    with pytest.raises(ValueError, match="did not say"):
        parse_detached(answer, 0)


def test_of_too_much_output_the_middle_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.operations.detached.KEPT_BYTES", 20)
    kept = _Kept()
    for at in range(0, 100, 5):
        kept.add(b"%05d" % at)
    assert kept.bytes == b"0000000005\n[beamdeck: output left out here]\n0009000095"
    assert kept.last_line == "0009000095"

"""The board on sessions that hang, lie, break off and come back, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, cast

import pytest

from tests.operations import virtual_time
from tui.errors import NotConnected
from tui.model.command import Command, Ended, Outcome
from tui.model.fleet import App, Host, Limits
from tui.model.host import HostSnapshot, HostView, Link, LinkState
from tui.model.unit import UnitWord
from tui.operations.ports import Session
from tui.operations.snapshot import Board

APP = App("billing", unit="billing_prod", deliver_to="/opt/billing")
LIMITS = Limits(probe_interval_s=3.0, command_timeout_s=20.0)


@dataclass
class Scripted:
    """A host whose answers are made here; `asked` are the times of its probes."""

    name: str
    restarts: int = 0
    since: float = 1_795_000_000.0
    runs: str | None = "0.2.0"
    invocation: str = "a"
    skew_s: float = 0.0
    takes_s: float = 0.02
    fate: Outcome | None = None
    rpc: Callable[[str], Outcome] | None = None
    link: Link = field(default_factory=lambda: Link(LinkState.UP, since=0.0))
    asked: list[float] = field(default_factory=list)
    slow: list[bool] = field(default_factory=list)
    at_once: int = 0
    _watchers: list[Callable[[Link], None]] = field(default_factory=list)
    _up: asyncio.Event | None = None

    @property
    def host(self) -> Host:
        return Host(self.name)

    def set_link(self, state: LinkState) -> None:
        self.link = replace(self.link, state=state, since=virtual_time.clock())
        if self._up is not None:
            (self._up.set if self.link.usable else self._up.clear)()
        for callback in tuple(self._watchers):
            callback(self.link)

    def watch(self, callback: Callable[[Link], None]) -> Callable[[], None]:
        self._watchers.append(callback)
        return lambda: self._watchers.remove(callback)

    async def usable(self) -> None:
        if self._up is None:
            self._up = asyncio.Event()
            (self._up.set if self.link.usable else self._up.clear)()
        await self._up.wait()

    async def run(self, command: Command, grant: object = None) -> Outcome:
        assert grant is None
        assert command.reading()
        if not self.link.usable:
            raise NotConnected(self.name)
        if "rpc" in (command.script or ""):
            assert self.rpc is not None
            return self.rpc(str(command.argv[2]).split('"')[-2])
        self.asked.append(virtual_time.clock())
        self.slow.append(bool(command.argv[5]))
        self.at_once += 1
        try:
            await asyncio.sleep(self.takes_s)
        finally:
            self.at_once -= 1
        if self.fate is not None:
            return self.fate
        return Outcome(Ended.EXITED, 0, self._answer(str(command.argv[3]), self.slow[-1]))

    def _answer(self, token: str, slow: bool) -> bytes:
        now = virtual_time.clock() + self.skew_s
        boot = f"-boot\0/opt/billing/releases/{self.runs}/start\0" if self.runs else "/bin/sh\0"
        sections = {
            "began": f"{now - self.takes_s:.6f}",
            "root": "/opt/billing\nreadable",
            "unit": "LoadState=loaded\nActiveState=active\nSubState=running\nMainPID=77\n"
            f"NRestarts={self.restarts}\nInvocationID={self.invocation}\n"
            f"ActiveEnterTimestamp=@{self.since:.0f}",
            "cmdline": boot,
            "start.releases": "13 0.2.0",
            "signs": "mix",
            **({"slow": "8\nsystemd 252 (x)"} if slow else {}),
            "ended": f"{now:.6f}",
        }
        return "".join(f"\n{token} {name}\n{body}\n" for name, body in sections.items()).encode()


@asynccontextmanager
async def running(*hosts: Scripted, limits: Limits = LIMITS) -> Any:
    sessions = {host.name: cast(Session, host) for host in hosts}
    board = Board(sessions, APP, limits, virtual_time.clock)
    task = asyncio.create_task(board.run())
    try:
        yield board
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def virtual(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    def run() -> None:
        virtual_time.run(test())

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


def view(board: Board, host: str = "web1") -> HostView:
    return next(v for v in board.views if v.host == host)


def snapshot(board: Board, host: str = "web1") -> HostSnapshot:
    found = view(board, host).snapshot
    assert found is not None
    return found


# -- rhythm --------------------------------------------------------------------------------


@virtual
async def test_hosts_are_asked_once_an_interval_and_not_all_at_once() -> None:
    hosts = [Scripted(f"web{n}") for n in range(20)]
    async with running(*hosts):
        await asyncio.sleep(31)
    for host in hosts:
        gaps = [b - a for a, b in pairwise(host.asked)]
        assert 9 <= len(host.asked) <= 13
        assert all(3.0 * 0.84 < gap < 3.0 * 1.17 for gap in gaps)
    assert len({round(host.asked[-1], 2) for host in hosts}) > 10, "they drift apart"


@virtual
async def test_a_host_that_hangs_delays_no_other_and_is_asked_less_and_less() -> None:
    """Each probe that hangs may leave a process on the host."""
    hung, well = Scripted("web1"), Scripted("web2")
    hung.takes_s, hung.fate = 20.0, Outcome(Ended.TIMED_OUT, None)
    async with running(hung, well) as board:
        await asyncio.sleep(300)
        assert view(board).trouble == "the probe did not end (unknown: past its limit)"
        assert view(board).snapshot is None
        assert view(board).silent_s(virtual_time.clock()) is not None
        asked = list(hung.asked)
        hung.takes_s, hung.fate = 0.02, None
        await asyncio.sleep(70)
        assert view(board).trouble == ""
        assert snapshot(board).unit.word is UnitWord.RUNNING
    assert len(well.asked) > 100
    assert len(asked) < 8
    gaps = [b - a for a, b in pairwise(asked)]
    assert gaps[0] < 30 < gaps[-1] < 20 + 60 * 1.16


@virtual
async def test_never_two_probes_of_a_host_at_once() -> None:
    host = Scripted("web1", takes_s=1.0)
    async with running(host) as board:
        most = 0
        refreshes = [asyncio.create_task(board.refresh("web1")) for _ in range(5)]
        while not all(task.done() for task in refreshes):
            await asyncio.sleep(0.1)
            most = max(most, host.at_once)
        assert most == 1
        assert len({task.result().taken_at for task in refreshes}) == 5, "each its own probe"


@virtual
async def test_a_refresh_never_hands_out_what_was_asked_before_it() -> None:
    host = Scripted("web1", takes_s=2.0)
    async with running(host) as board:
        await asyncio.sleep(1.0)
        began = virtual_time.clock()
        fresh = await board.refresh("web1")
        assert fresh is not None
        assert host.asked[-1] >= began
        assert fresh.taken_at - fresh.rtt_s >= began


@virtual
async def test_a_link_that_comes_back_is_asked_at_once() -> None:
    host = Scripted("web1", link=Link(LinkState.CONNECTING))
    slow = replace(LIMITS, probe_interval_s=60.0)
    async with running(host, limits=slow) as board:
        await asyncio.sleep(5)
        assert host.asked == []
        for _ in range(2):
            host.set_link(LinkState.UP)
            up_at = virtual_time.clock()
            await asyncio.sleep(0.5)
            assert host.asked[-1] - up_at < 0.1
            assert snapshot(board).taken_at >= up_at
            host.set_link(LinkState.LOST)
            await asyncio.sleep(5)
            assert await board.refresh("web1") is None
        assert len(host.asked) == 2


@virtual
async def test_a_link_that_wavers_is_not_asked_for_each_wave() -> None:
    host = Scripted("web1")
    async with running(host):
        await asyncio.sleep(0.5)
        for _ in range(10):
            host.set_link(LinkState.STALE)
            await asyncio.sleep(0.01)
            host.set_link(LinkState.UP)
            await asyncio.sleep(0.01)
        assert len(host.asked) == 1


@virtual
async def test_watchers_are_told_at_most_once_a_frame() -> None:
    hosts = [Scripted(f"web{n}") for n in range(30)]
    told: list[float] = []
    async with running(*hosts, limits=replace(LIMITS, probe_interval_s=0.5)) as board:
        stop = board.watch(lambda: told.append(virtual_time.clock()))
        await asyncio.sleep(10)
        stop()
        seen = len(told)
        await asyncio.sleep(5)
    assert len(told) == seen
    assert sum(len(host.asked) for host in hosts) > 500
    assert seen <= 301


@virtual
async def test_what_hardly_changes_is_asked_seldom_and_kept_with_its_age() -> None:
    host = Scripted("web1")
    async with running(host, limits=replace(LIMITS, probe_interval_s=1.0)) as board:
        await asyncio.sleep(50)
        machine = snapshot(board).machine
        assert (machine.cpus, machine.systemd_version) == (8, 252)
        assert machine.slow_at is not None
        assert virtual_time.clock() - machine.slow_at > 45
        await asyncio.sleep(200)
    assert host.slow[0]
    assert 2 <= sum(host.slow) <= 3


# -- answers -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fate", "trouble"),
    [
        (Outcome(Ended.EXITED, 127, b"", b"sh: 1: date: not found\nx"),
         "the probe broke off (exit 127): sh: 1: date: not found"),
        (Outcome(Ended.EXITED, None), "the probe broke off (no exit status)"),
        (Outcome(Ended.SIGNALED, None, b"half an answer"), "the probe broke off (no exit status)"),
        (Outcome(Ended.LINK_LOST, None), "the link was lost while it was read"),
        (Outcome(Ended.OVERFLOW, None, b"x"), "the probe did not end (stopped: too much output)"),
        (Outcome(Ended.EXITED, 1, b"", b"\x1b]52;c;eA==\x07password=hunter2hunter2"),
         "the probe broke off (exit 1): ␛]52;c;eA==␇password=***"),
    ],
)  # fmt: skip
def test_a_probe_that_brings_nothing_says_why_and_keeps_what_was_known(
    fate: Outcome, trouble: str
) -> None:
    async def seen() -> None:
        host = Scripted("web1")
        async with running(host) as board:
            await asyncio.sleep(1)
            before = snapshot(board)
            host.fate = fate
            assert await board.refresh("web1") is None
            assert view(board).trouble == trouble
            assert snapshot(board) == before
            host.fate = None
            assert await board.refresh("web1") is not None
            assert view(board).trouble == ""

    virtual_time.run(seen())


@virtual
async def test_the_skew_is_the_hosts_clock_against_the_middle_of_the_round_trip() -> None:
    host = Scripted("web1", skew_s=-600.0, takes_s=4.0)
    async with running(host) as board:
        await asyncio.sleep(6)
        assert snapshot(board).machine.skew_s == pytest.approx(-600.0, abs=0.01)
        assert snapshot(board).rtt_s == pytest.approx(4.0, abs=0.01)


@virtual
async def test_a_unit_that_dies_between_looks_loops_though_it_is_up() -> None:
    host = Scripted("web1")
    async with running(host) as board:
        await asyncio.sleep(4)
        assert snapshot(board).unit.word is UnitWord.RUNNING
        for _ in range(3):
            host.restarts += 1
            await asyncio.sleep(4)
        assert snapshot(board).unit.active_state == "active"
        assert snapshot(board).unit.word is UnitWord.LOOPING
        await asyncio.sleep(40)
        assert snapshot(board).unit.word is UnitWord.RUNNING


@virtual
async def test_what_ran_last_is_remembered() -> None:
    host = Scripted("web1")
    async with running(host) as board:
        await asyncio.sleep(1)
        host.runs = None
        await asyncio.sleep(4)
        assert snapshot(board).release.runs is None
        assert snapshot(board).release.ran == "0.2.0"


# -- asking the node -----------------------------------------------------------------------


def says(version: str) -> Callable[[str], Outcome]:
    def answer(token: str) -> Outcome:
        text = f"{token} began\n{version}\n-\nstarted\nyes\n{token} ended\n"
        return Outcome(Ended.EXITED, 0, text.encode())

    return answer


@virtual
async def test_what_the_node_says_holds_until_its_unit_is_started_anew() -> None:
    host = Scripted("web1", runs=None, rpc=says("0.2.1"))
    async with running(host) as board:
        assert await board.read_running("web1") == "the host was not read yet"
        await asyncio.sleep(1)
        assert await board.read_running("web1") == ""
        await asyncio.sleep(10)
        release = snapshot(board).release
        assert (release.runs, release.runs_by, release.ran) == ("0.2.1", "rpc", "0.2.1")
        said = snapshot(board).node
        assert said is not None
        assert said.ready
        assert said.words("billing") == "answers, started, billing is up"
        host.invocation = "b"
        await asyncio.sleep(4)
        assert (snapshot(board).release.runs, snapshot(board).release.ran) == (None, "0.2.1")
        assert snapshot(board).node is None


@virtual
async def test_a_node_that_does_not_answer_changes_nothing() -> None:
    down = Outcome(Ended.EXITED, 1, b"", b"--rpc-eval : RPC failed with reason :nodedown\n")
    host = Scripted("web1", rpc=lambda _token: down)
    async with running(host) as board:
        await asyncio.sleep(1)
        problem = await board.read_running("web1")
        assert problem.startswith("the node did not answer: --rpc-eval")
        said = snapshot(board).node
        assert said is not None
        assert not said.ready
        assert said.problem == problem
        assert snapshot(board).release.runs_by == "boot path"
        host.set_link(LinkState.LOST)
        assert "not connected" in await board.read_running("web1")

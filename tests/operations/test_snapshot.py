"""The board on the embedded fleet: one probe a host, none delayed by another."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from tests.conftest import MakeFleet
from tests.waiting import until
from tui.demo.fleet import DemoFleet
from tui.model.fleet import Limits
from tui.model.host import HostSnapshot, HostView, LinkState
from tui.model.unit import UnitWord
from tui.operations.snapshot import Board
from tui.ssh.fleet import Fleet
from tui.ssh.gate import Gate

LIMITS = Limits(probe_interval_s=0.1, keepalive_s=0.3, connect_timeout_s=3)


@contextlib.asynccontextmanager
async def board_on(demo: DemoFleet, limits: Limits = LIMITS) -> AsyncIterator[Board]:
    environment = demo.environment
    fleet = Fleet(environment, limits, Gate(False, 900, lambda: 0.0), ssh_config=())
    board = Board(fleet.sessions, demo.app, limits)
    fleet.start()
    running = asyncio.create_task(board.run())
    try:
        yield board
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        await fleet.close()


def view_of(board: Board, host: str) -> HostView:
    return next(view for view in board.views if view.host == host)


def snapshot_of(board: Board, host: str) -> HostSnapshot:
    snapshot = view_of(board, host).snapshot
    assert snapshot is not None
    return snapshot


async def test_every_host_is_read_and_the_odd_one_would_boot_another(demo_fleet: DemoFleet) -> None:
    async with board_on(demo_fleet) as board:
        await until(lambda: all(view.snapshot for view in board.views))
        assert [v.snapshot.unit.word for v in board.views if v.snapshot] == [UnitWord.RUNNING] * 3
        odd = snapshot_of(board, "web3").release
        assert (odd.runs, odd.boots, odd.restart_changes) == ("0.2.0", "0.3.0", True)
        assert snapshot_of(board, "web1").release.restart_changes is False
        assert snapshot_of(board, "web1").problem == ""


async def test_nothing_of_a_cookie_or_password_is_in_a_snapshot(demo_fleet: DemoFleet) -> None:
    async with board_on(demo_fleet) as board:
        await until(lambda: all(view.snapshot for view in board.views))
        machine = demo_fleet.machines["web1"]
        cookie = machine.sandbox.real(demo_fleet.app.root + "/releases/COOKIE").read_text().strip()
        assert len(cookie) > 8
        assert cookie not in repr(board.views)


async def test_a_host_that_hangs_delays_no_other(demo_fleet: DemoFleet) -> None:
    async with board_on(demo_fleet) as board:
        await until(lambda: all(view.snapshot for view in board.views))
        demo_fleet.machines["web2"].black_hole(True)
        seen = snapshot_of(board, "web1").taken_at
        await until(lambda: snapshot_of(board, "web1").taken_at > seen + 0.5)
        await until(lambda: view_of(board, "web2").link.state is not LinkState.UP)
        assert view_of(board, "web2").snapshot is not None


async def test_a_restart_by_hand_is_seen_and_is_no_loop(make_fleet: MakeFleet) -> None:
    demo = await make_fleet(hosts=("web1",))
    async with board_on(demo) as board:
        await until(lambda: view_of(board, "web1").snapshot)
        before = snapshot_of(board, "web1").unit
        demo.machines["web1"].unit.submit("restart")
        await until(lambda: snapshot_of(board, "web1").unit.invocation_id != before.invocation_id)
        await until(lambda: snapshot_of(board, "web1").unit.word is UnitWord.RUNNING)
        after = snapshot_of(board, "web1").unit
        assert after.main_pid not in (None, before.main_pid)
        assert not after.looping


async def test_a_unit_that_dies_again_and_again_loops(make_fleet: MakeFleet) -> None:
    demo = await make_fleet(hosts=("web1",))
    async with board_on(demo) as board:
        await until(lambda: view_of(board, "web1").snapshot)
        demo.machines["web1"].restart_behaviour = "loop"
        demo.machines["web1"].unit.submit("restart")
        await until(lambda: snapshot_of(board, "web1").unit.word is UnitWord.LOOPING)
        await until(lambda: snapshot_of(board, "web1").unit.active_state == "failed")
        assert snapshot_of(board, "web1").unit.word is UnitWord.LOOPING


async def test_watchers_are_told_and_one_is_enough_for_many_changes(demo_fleet: DemoFleet) -> None:
    told = 0

    def count() -> None:
        nonlocal told
        told += 1

    async with board_on(demo_fleet) as board:
        stop = board.watch(count)
        await until(lambda: all(view.snapshot for view in board.views))
        await until(lambda: told)
        stop()
        before = told
        seen = snapshot_of(board, "web1").taken_at
        await until(lambda: snapshot_of(board, "web1").taken_at > seen)
        assert told == before


async def test_refresh_asks_now_and_a_host_out_of_reach_gives_none(make_fleet: MakeFleet) -> None:
    demo = await make_fleet(hosts=("web1",))
    slow = replace(LIMITS, probe_interval_s=60.0)
    async with board_on(demo, slow) as board:
        await until(lambda: view_of(board, "web1").snapshot)
        first = snapshot_of(board, "web1")
        second = await board.refresh("web1")
        assert second is not None
        assert second.taken_at > first.taken_at
        await demo.machines["web1"].refuse_connections(True)
        demo.machines["web1"].drop_connections()
        await until(lambda: not view_of(board, "web1").link.usable)
        assert await board.refresh("web1") is None
        assert snapshot_of(board, "web1") == second


@pytest.mark.parametrize("ahead", [600.0, -600.0])
async def test_a_clock_that_is_off_shows(make_fleet: MakeFleet, ahead: float) -> None:
    demo = await make_fleet(hosts=("web1",))
    demo.machines["web1"].set_skew(int(ahead))
    async with board_on(demo) as board:
        await until(lambda: view_of(board, "web1").snapshot)
        skew = snapshot_of(board, "web1").machine.skew_s
        assert skew == pytest.approx(ahead, abs=2.0)


async def test_the_node_itself_is_asked_where_the_command_line_may_not_be_read(
    make_fleet: MakeFleet,
) -> None:
    demo = await make_fleet()
    async with board_on(demo) as board:
        await until(lambda: view_of(board, "web3").snapshot)
        assert await board.read_running("web3") == ""
        release = snapshot_of(board, "web3").release
        assert (release.runs, release.runs_by, release.boots) == ("0.2.0", "rpc", "0.3.0")
        demo.machines["web3"].unit.submit("restart")
        await until(lambda: snapshot_of(board, "web3").release.runs == "0.3.0")
        assert snapshot_of(board, "web3").release.runs_by == "boot path"
        demo.machines["web3"].unit.submit("stop")
        await until(lambda: snapshot_of(board, "web3").unit.word is UnitWord.STOPPED)
        assert await board.read_running("web3") == "no node is running"
        assert snapshot_of(board, "web3").release.ran == "0.3.0"

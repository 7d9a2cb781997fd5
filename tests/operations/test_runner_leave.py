"""The console goes away in mid-plan: nothing is stopped, and what it left is found out later."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.operations.fake_fleet import FakeFleet
from tests.operations.fake_unit import Behaviour
from tests.operations.virtual_time import run
from tui.model.plan import StepState
from tui.operations.audit_log import verify
from tui.operations.resolve import resolve


def unheard(_state: StepState, _detail: str) -> None:
    """Nobody listens."""


@pytest.mark.parametrize("after_s", [0.01, 0.05, 0.3, 1.2, 3.0, 5.9, 6.5, 12.0])
def test_leaving_the_console_stops_nothing_and_says_where_it_stood(
    tmp_path: Path, after_s: float
) -> None:
    async def carry_out() -> FakeFleet:
        fleet = FakeFleet(tmp_path, Behaviour(stop_s=2.0), Behaviour())
        plan = await fleet.plan()

        async def consume() -> None:
            async for _ in fleet.run(plan):
                pass

        task = asyncio.create_task(consume())
        await asyncio.sleep(after_s)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert fleet.gate.grants == frozenset()
        await asyncio.sleep(30.0)
        return fleet

    fleet = run(carry_out())
    for session in fleet.sessions.values():
        # What was sent goes on to its end on the host; nothing else is begun.
        assert session.unit.starts == len(session.sent) <= 1
    left = fleet.oplog.unresolved()
    under_way = [name for name, s in fleet.sessions.items() if s.sent]
    if after_s < 0.04:
        assert left == ()
    elif left:
        assert left[0].host == under_way[-1]
    for operation in left:
        assert b'"event":"left"' in operation.path.read_bytes()
    assert verify(fleet.audit.path) == ""
    assert fleet.audited()[-1]["event"] in ("left", "end")


def test_what_a_gone_console_left_is_read_from_the_host(tmp_path: Path) -> None:
    async def carry_out(before_s: float) -> tuple[StepState, FakeFleet]:
        fleet = FakeFleet(tmp_path / str(before_s), Behaviour(stop_s=2.0))
        plan = await fleet.plan()

        async def consume() -> None:
            async for _ in fleet.run(plan):
                pass

        task = asyncio.create_task(consume())
        await asyncio.sleep(before_s)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        (left,) = fleet.oplog.unresolved()
        finding = await resolve(
            left,
            fleet.sessions["web1"],
            fleet.kinds,
            fleet.oplog,
            fleet.audit,
            unheard,
        )
        assert fleet.oplog.unresolved() == ()
        return finding.state, fleet

    # 0.03 s: the intent is written and the mark under way, the restart not sent.
    assert run(carry_out(0.03))[0] is StepState.FAILED
    for before_s in (0.3, 1.5, 2.5, 4.0):
        state, fleet = run(carry_out(before_s))
        assert state is StepState.DONE
        assert fleet.sessions["web1"].unit.starts == 1

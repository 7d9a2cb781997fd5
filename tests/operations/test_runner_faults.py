"""A link lost at every use of it: the report fits the host, and nothing happens twice."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.operations.fake_fleet import FakeFleet, ended, last_of
from tests.operations.fake_host import Fault
from tests.operations.fake_unit import Behaviour
from tests.operations.virtual_time import run
from tui.model.plan import PlanEvent, StepState
from tui.operations.audit_log import verify

HOWS = ("refused", "unsent", "late arrival", "unheard", "no status", "late")


@pytest.fixture
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of plans are carried out; that records reach the disk is shown elsewhere."""
    monkeypatch.setattr("os.fsync", lambda _fd: None)


def uses_of(folder: Path, ways: Callable[[], Behaviour]) -> int:
    """How often an undisturbed plan uses the session."""

    async def carry_out() -> int:
        fleet = FakeFleet(folder, ways())
        plan = await fleet.plan()
        before = fleet.sessions["web1"].uses
        async for _ in fleet.run(plan):
            pass
        return fleet.sessions["web1"].uses - before

    return run(carry_out())


WAYS: dict[str, Callable[[], Behaviour]] = {
    "quick": lambda: Behaviour(stop_s=0.5, start_s=0.2),
    "slow": lambda: Behaviour(stop_s=3.0, start_s=2.0, healthy_after_s=6.0),
    "stubborn": lambda: Behaviour(stubborn=True, stop_limit_s=4.0),
    "loop": lambda: Behaviour(dies_after_s=0.3),
    "bash": lambda: Behaviour(forwarding=False),
}


@pytest.mark.usefixtures("no_waiting_for_the_disk")
@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("way", WAYS)
def test_a_fault_at_any_use_of_the_session_never_lies(tmp_path: Path, way: str, how: str) -> None:
    count = uses_of(tmp_path / "undisturbed", WAYS[way])
    assert count >= 8
    for at in range(1, count + 2):

        async def carry_out(number: int = at) -> tuple[FakeFleet, list[PlanEvent]]:
            fleet = FakeFleet(tmp_path / f"{number}", WAYS[way]())
            plan = await fleet.plan()
            session = fleet.sessions["web1"]
            session.faults[session.uses + number] = Fault(how, 17.0)
            events = [event async for event in fleet.run(plan)]
            await asyncio.sleep(60.0)
            return fleet, events

        honest(*run(carry_out()), way)


def honest(fleet: FakeFleet, events: list[PlanEvent], way: str) -> None:
    """The report fits the host, and the restart happened at most once."""
    session = fleet.sessions["web1"]
    last = last_of(events, 0)
    assert len(session.sent) <= 1
    assert verify(fleet.audit.path) == ""
    by_hand = min(session.unit.starts, 1)
    if last.state is StepState.DONE:
        assert by_hand == 1
        assert session.unit.active == "active"
        assert way != "loop"
    elif last.state is StepState.REFUSED:
        assert by_hand == 0
    elif last.state is StepState.FAILED:
        assert way == "loop" or by_hand == 0, last.detail
    assert ended(events).ok == (last.state is StepState.DONE)


@pytest.mark.usefixtures("no_waiting_for_the_disk")
def test_thirty_restarts_with_random_drops_are_counted_right(tmp_path: Path) -> None:
    """The unit's start count is the number of restarts reported as done, always (R28)."""
    dice = random.Random(4711)

    async def carry_out() -> tuple[int, int, int]:
        fleet = FakeFleet(tmp_path, Behaviour())
        session = fleet.sessions["web1"]
        done = unknown = 0
        for _ in range(30):
            await asyncio.sleep(30.0)
            plan = await fleet.plan()
            if dice.random() < 0.7:
                at = session.uses + dice.randint(1, 14)
                session.faults[at] = Fault(dice.choice(HOWS), dice.uniform(0.5, 90.0))
            session.ways.stop_s = dice.uniform(0.1, 6.0)
            events = [event async for event in fleet.run(plan)]
            done += ended(events).ok
            unknown += last_of(events, 0).state is StepState.UNKNOWN
            await asyncio.sleep(120.0)
        return done, session.unit.starts, unknown

    done, starts, unknown = run(carry_out())
    assert unknown == 0
    assert done == starts
    assert 10 < done < 30

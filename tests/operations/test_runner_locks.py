"""The runner and its locks: taken in order, given back at every end but an open one (R34, R27)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.operations.fake_fleet import FakeFleet, ended, last_of
from tests.operations.fake_host import Fault
from tests.operations.fake_unit import Behaviour
from tests.operations.virtual_time import run
from tui.errors import RecordUnwritable
from tui.model.plan import PlanEvent, PlanPaused, PlanRefused, PlanStuck, StepEvent, StepState
from tui.operations.audit_log import verify

HOWS = ("refused", "unsent", "late arrival", "unheard", "no status", "late")


async def carried_out(fleet: FakeFleet, *names: str) -> list[PlanEvent]:
    return [event async for event in fleet.run(await fleet.locked_plan(*names))]


def states(events: list[PlanEvent], count: int) -> list[str]:
    return [str(last_of(events, index).state) for index in range(count)]


def test_locks_are_taken_before_the_first_change_and_given_back_after_the_last(
    tmp_path: Path,
) -> None:
    async def carry_out() -> None:
        fleet = FakeFleet(tmp_path, Behaviour(), Behaviour())
        held: list[tuple[str, str]] = []
        plan = await fleet.locked_plan("web2", "web1")
        async for event in fleet.run(plan):
            if isinstance(event, StepEvent) and event.state is StepState.DONE:
                held.append((fleet.sessions["web1"].lock.op, fleet.sessions["web2"].lock.op))
        op = held[0][0]
        assert op
        assert held == [(op, ""), (op, op), (op, op), (op, op), ("", op), ("", "")]

    run(carry_out())


def test_a_failed_step_and_a_stop_give_the_locks_back(tmp_path: Path) -> None:
    async def fail() -> None:
        fleet = FakeFleet(tmp_path / "f", Behaviour(dies_after_s=0.3), Behaviour())
        events = await carried_out(fleet)
        assert states(events, 6) == ["done", "done", "failed", "skipped", "done", "done"]
        assert ended(events).summary.endswith(". Not begun: web2")
        assert [session.lock.op for session in fleet.sessions.values()] == ["", ""]
        assert fleet.oplog.unresolved() == ()

    async def stop() -> None:
        fleet = FakeFleet(tmp_path / "s", Behaviour(), Behaviour())
        events = []
        async for event in fleet.run(await fleet.locked_plan()):
            events.append(event)
            if isinstance(event, StepEvent) and event.index == 2:
                fleet.steering.stop_here()
        assert states(events, 6) == ["done", "done", "done", "skipped", "done", "done"]
        assert ended(events).summary == "stopped by you. Not begun: web2"
        assert [session.lock.op for session in fleet.sessions.values()] == ["", ""]

    run(fail())
    run(stop())


def test_an_open_truth_keeps_the_locks_and_says_so(tmp_path: Path) -> None:
    async def carry_out() -> None:
        fleet = FakeFleet(tmp_path, Behaviour(stop_s=2.0), Behaviour())
        plan = await fleet.locked_plan()
        session = fleet.sessions["web1"]
        events = []
        async for event in fleet.run(plan):
            events.append(event)
            if isinstance(event, StepEvent) and event.index == 2 and event.detail == "sent":
                session.cut(None)
        assert states(events, 6) == ["done", "done", "unknown", "skipped", "skipped", "skipped"]
        assert ended(events).summary.endswith("Not begun: web2. Still locked: web1, web2")
        (left,) = fleet.oplog.unresolved()
        assert left.host == "web1"
        assert session.lock.op == fleet.sessions["web2"].lock.op == left.op

    run(carry_out())


def test_somebody_elses_lock_refuses_the_plan_with_who_and_why(tmp_path: Path) -> None:
    async def carry_out() -> None:
        fleet = FakeFleet(tmp_path, Behaviour(), Behaviour())
        fleet.sessions["web2"].lock.held_by("20180604T030800Z-0a1b2c3d")
        with pytest.raises(PlanRefused) as caught:
            await fleet.locked_plan()
        for word in ("web2 is locked by bob on laptop", "pager 12", "deploy", "2026-"):
            assert word in caught.value.reason

    run(carry_out())


def test_a_lock_taken_between_confirmation_and_step_refuses_and_gives_the_first_back(
    tmp_path: Path,
) -> None:
    async def carry_out() -> None:
        fleet = FakeFleet(tmp_path, Behaviour(), Behaviour())
        plan = await fleet.locked_plan()
        fleet.sessions["web2"].lock.held_by("20180604T030800Z-0a1b2c3d")
        events = [event async for event in fleet.run(plan)]
        assert states(events, 6) == ["done", "refused", "skipped", "skipped", "done", "skipped"]
        assert "locked by bob on laptop" in ended(events).summary
        assert fleet.sessions["web1"].lock.op == ""
        assert fleet.sessions["web2"].lock.op == "20180604T030800Z-0a1b2c3d"
        assert not any("systemctl" in text for _, text in fleet.sent)

    run(carry_out())


@pytest.mark.parametrize("how", HOWS)
def test_a_fault_at_any_use_leaves_no_lock_without_a_word(
    tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.fsync", lambda _fd: None)

    async def undisturbed() -> int:
        fleet = FakeFleet(tmp_path / "undisturbed", Behaviour(stop_s=0.5, start_s=0.2))
        plan = await fleet.locked_plan()
        before = fleet.sessions["web1"].uses
        async for _ in fleet.run(plan):
            pass
        return fleet.sessions["web1"].uses - before

    async def disturbed(number: int) -> None:
        fleet = FakeFleet(tmp_path / str(number), Behaviour(stop_s=0.5, start_s=0.2))
        plan = await fleet.locked_plan()
        session = fleet.sessions["web1"]
        session.faults[session.uses + number] = Fault(how, 17.0)
        events = []
        async for event in fleet.run(plan):
            events.append(event)
            if isinstance(event, PlanPaused):
                fleet.steering.go_on()
        await asyncio.sleep(60.0)
        assert len(session.sent) <= 1
        assert session.unit.starts == (last_of(events, 1).state is StepState.DONE)
        assert verify(fleet.audit.path) == ""
        if session.lock.body is not None:
            assert "Still locked: web1" in ended(events).summary
            (left,) = fleet.oplog.unresolved()
            assert left.op == session.lock.op
        assert ended(events).ok == all(last_of(events, i).state is StepState.DONE for i in range(3))

    for number in range(1, run(undisturbed()) + 2):
        run(disturbed(number))


def test_a_console_that_leaves_between_steps_keeps_its_locks_and_stays_unresolved(
    tmp_path: Path,
) -> None:
    async def carry_out() -> None:
        fleet = FakeFleet(tmp_path, Behaviour(), Behaviour())
        plan = await fleet.locked_plan()
        events = fleet.run(plan)
        async for event in events:
            if isinstance(event, StepEvent) and (event.index, event.state) == (2, StepState.DONE):
                break
        await events.aclose()  # type: ignore[attr-defined]  # it is a generator
        (left,) = fleet.oplog.unresolved()
        assert fleet.sessions["web2"].lock.op == left.op

    run(carry_out())


# -- a step that did not come out well --------------------------------------------------------


def test_an_attended_plan_waits_at_a_failed_step_and_reads_it_again(tmp_path: Path) -> None:
    async def carry_out() -> None:
        fleet = FakeFleet(tmp_path, Behaviour(health=b"HTTP/1.1 503 no\r\n\r\n"), Behaviour())
        fleet.steering.attended = True
        plan = await fleet.locked_plan()
        events: list[PlanEvent] = []
        async for event in fleet.run(plan):
            events.append(event)
            if isinstance(event, PlanStuck):
                assert event.index == 2
                assert "503" in event.reason
                fleet.sessions["web1"].ways.health = b"HTTP/1.1 200 OK\r\n\r\n"
                fleet.steering.verify_again()
        assert [event.index for event in events if isinstance(event, PlanStuck)] == [2]
        assert ended(events).ok, ended(events).summary
        assert len(fleet.sessions["web1"].sent) == 1, "nothing is sent again"
        assert fleet.oplog.unresolved() == ()

    run(carry_out())


def test_leaving_a_stuck_step_ends_the_plan_as_before(tmp_path: Path) -> None:
    async def carry_out() -> None:
        fleet = FakeFleet(tmp_path, Behaviour(dies_after_s=0.3), Behaviour())
        fleet.steering.attended = True
        plan = await fleet.locked_plan()
        events: list[PlanEvent] = []
        stuck = 0
        async for event in fleet.run(plan):
            events.append(event)
            if isinstance(event, PlanStuck):
                stuck += 1
                fleet.steering.verify_again() if stuck < 3 else fleet.steering.leave()
        assert stuck == 3
        assert states(events, 6) == ["done", "done", "failed", "skipped", "done", "done"]
        assert not ended(events).ok

    run(carry_out())


# -- records ------------------------------------------------------------------------------------


def test_every_step_has_its_begin_and_end_in_the_audit_and_on_its_host(tmp_path: Path) -> None:
    """R41, with the steps that take and give back locks."""

    async def carry_out() -> None:
        fleet = FakeFleet(tmp_path, Behaviour(), Behaviour())
        plan = await fleet.locked_plan()
        async for _ in fleet.run(plan):
            pass
        records = fleet.audited()
        assert [record["event"] for record in records[:2]] == ["plan", "confirm"]
        for index, step in enumerate(plan.steps):
            own = [r for r in records if r.get("step") == index and r.get("host") == step.host]
            assert [record["event"] for record in own] == ["begin", "end"]
            assert step.command is not None
            marks = [m for m in fleet.sessions[step.host].marks if f" step={index + 1} " in m]
            assert [" begin " in mark for mark in marks] == [True, False]
        assert records[-1]["event"] == "end"

    run(carry_out())


def test_an_audit_that_cannot_be_written_in_mid_plan_sends_nothing_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R44: the locks stay and are named, since giving them back could not be written down."""

    async def carry_out() -> None:
        fleet = FakeFleet(tmp_path, Behaviour(), Behaviour())
        plan = await fleet.locked_plan()
        events = []
        async for event in fleet.run(plan):
            events.append(event)
            if isinstance(event, StepEvent) and event.index == 2 and event.detail == "sent":

                def full(_record: object) -> str:
                    raise RecordUnwritable("no space left on device")

                monkeypatch.setattr(fleet.audit, "write", full)
        assert states(events, 6) == ["done", "done", "done", "skipped", "skipped", "skipped"]
        assert "could not be written down" in ended(events).summary
        assert "Still locked: web1, web2" in ended(events).summary
        assert fleet.sessions["web2"].sent == []
        assert len(fleet.oplog.unresolved()) == 1

    run(carry_out())


def test_step_by_step_waits_before_each_step_but_not_between_locks(tmp_path: Path) -> None:
    async def carry_out() -> None:
        fleet = FakeFleet(tmp_path, Behaviour(), Behaviour())
        fleet.steering.by_step = True
        events: list[PlanEvent] = []
        async for event in fleet.run(await fleet.locked_plan()):
            events.append(event)
            if isinstance(event, PlanPaused):
                asyncio.get_running_loop().call_later(1.0, fleet.steering.go_on)
        paused = [event for event in events if isinstance(event, PlanPaused)]
        assert [(p.index, p.reason) for p in paused] == [
            (2, "Step by step: next is web1: restart billing.service."),
            (3, "Step by step: next is web2: restart billing.service."),
        ]
        assert ended(events).ok

    run(carry_out())

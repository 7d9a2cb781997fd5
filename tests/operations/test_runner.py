"""The runner: order of things, records first, nothing twice, and a link lost at every moment."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.operations.fake_fleet import RESTART_ARGV, FakeFleet, ended, last_of
from tests.operations.fake_host import FakeSession, Fault
from tests.operations.fake_unit import Behaviour
from tests.operations.virtual_time import Stuck, run
from tui.errors import ChangeRefused, RecordUnwritable
from tui.model.command import Command, Outcome
from tui.model.consent import Consent
from tui.model.gate import Grant
from tui.model.plan import PlanEvent, PlanPaused, StepEvent, StepState
from tui.operations.audit_log import verify

# -- order -----------------------------------------------------------------------------------


def test_hosts_go_one_after_the_other_each_verified_before_the_next(tmp_path: Path) -> None:
    async def carry_out() -> tuple[FakeFleet, list[PlanEvent]]:
        fleet = FakeFleet(tmp_path, Behaviour(), Behaviour(), Behaviour())
        return fleet, await fleet.restart()

    fleet, events = run(carry_out())
    states = [(e.index, e.state) for e in events if isinstance(e, StepEvent)]
    first_of_2 = states.index((1, StepState.RUNNING))
    assert (0, StepState.DONE) in states[:first_of_2]
    assert ended(events).ok
    assert ended(events).summary.endswith("done and verified on web1, web2, web3")
    assert [host for host, text in fleet.sent if "systemctl" in text] == ["web1", "web2", "web3"]
    assert fleet.sent[1][1] == " ".join(RESTART_ARGV)


def test_a_step_tells_each_thing_once_from_sending_to_verdict(tmp_path: Path) -> None:
    async def carry_out() -> tuple[FakeFleet, list[PlanEvent]]:
        fleet = FakeFleet(tmp_path, Behaviour(stop_s=5.0), Behaviour())
        plan = await fleet.plan()
        session = fleet.sessions["web1"]
        session.faults[session.uses + 4] = Fault("unheard", 30.0)
        fleet.steering.stop_here()
        fleet.steering.go_on()
        events = []
        async for event in fleet.run(plan):
            events.append(event)
            if isinstance(event, PlanPaused):
                fleet.steering.go_on()
        return fleet, events

    fleet, events = run(carry_out())
    told = [(e.state, e.detail) for e in events if isinstance(e, StepEvent) and e.index == 0]
    assert told[:2] == [
        (StepState.RUNNING, "reading the host once more"),
        (StepState.RUNNING, "sent"),
    ]
    assert (StepState.UNKNOWN, "unknown: link lost") in told
    assert (StepState.VERIFYING, "the link is back; reading the host") in told
    assert all(a != b for a, b in itertools.pairwise(told)), "nothing is told twice"
    second = [(e.state, e.detail) for e in events if isinstance(e, StepEvent) and e.index == 1]
    assert (StepState.VERIFYING, "reading the host") in second
    pauses = [event for event in events if isinstance(event, PlanPaused)]
    assert [pause.index for pause in pauses] == [1], "only the first host was out of sight"
    assert " step=1 " in fleet.sessions["web1"].marks[0]
    assert " step=2 " in fleet.sessions["web2"].marks[0]


@pytest.mark.parametrize("how", ["refused", "unsent"])
@pytest.mark.parametrize("go_on", [True, False])
def test_a_plan_under_way_waits_for_a_link_that_is_lost_between_its_steps(
    tmp_path: Path, how: str, go_on: bool
) -> None:
    async def carry_out() -> tuple[FakeFleet, list[PlanEvent]]:
        fleet = FakeFleet(tmp_path, Behaviour(), Behaviour())
        plan = await fleet.plan()
        session = fleet.sessions["web2"]
        session.faults[session.uses + 1] = Fault(how, 60.0)
        events = []
        async for event in fleet.run(plan):
            events.append(event)
            if isinstance(event, PlanPaused):
                assert [host for host, text in fleet.sent if "systemctl" in text] == ["web1"]
                if go_on:
                    fleet.steering.go_on()
                else:
                    fleet.steering.stop_here()
        return fleet, events

    fleet, events = run(carry_out())
    (pause,) = [event for event in events if isinstance(event, PlanPaused)]
    assert pause.index == 1
    assert "out of sight before its step, of which nothing was sent" in pause.reason
    assert ended(events).ok is go_on
    assert last_of(events, 1).state is (StepState.DONE if go_on else StepState.REFUSED)
    sent = [host for host, text in fleet.sent if "systemctl" in text]
    assert sent == (["web1", "web2"] if go_on else ["web1"])


def test_a_stop_is_heard_while_the_plan_waits_for_a_link(tmp_path: Path) -> None:
    async def carry_out() -> tuple[FakeFleet, list[PlanEvent]]:
        fleet = FakeFleet(tmp_path, Behaviour(), Behaviour())
        plan = await fleet.plan()
        session = fleet.sessions["web2"]
        session.faults[session.uses + 1] = Fault("refused", 200.0)
        events = []
        async for event in fleet.run(plan):
            events.append(event)
            if isinstance(event, StepEvent) and event.detail.startswith("its link is lost"):
                asyncio.get_running_loop().call_later(5.0, fleet.steering.stop_here)
        return fleet, events

    fleet, events = run(carry_out())
    began = next(e.at for e in events if isinstance(e, StepEvent) and "link is lost" in e.detail)
    assert ended(events).at - began < 10.0
    assert not ended(events).ok
    assert [host for host, text in fleet.sent if "systemctl" in text] == ["web1"]


def test_the_first_failure_stops_the_rest(tmp_path: Path) -> None:
    async def carry_out() -> tuple[FakeFleet, list[PlanEvent]]:
        fleet = FakeFleet(tmp_path, Behaviour(), Behaviour(dies_after_s=0.3), Behaviour())
        return fleet, await fleet.restart()

    fleet, events = run(carry_out())
    assert [last_of(events, i).state for i in range(3)] == [
        StepState.DONE,
        StepState.FAILED,
        StepState.SKIPPED,
    ]
    assert not ended(events).ok
    assert ended(events).summary.endswith("Not begun: web3")
    assert fleet.sessions["web3"].sent == []


def test_the_records_are_on_disk_before_the_restart_is_sent(tmp_path: Path) -> None:
    seen: list[list[str]] = []

    class Watching(FakeSession):
        async def run(self, command: Command, grant: Grant | None = None) -> Outcome:
            if command.argv == RESTART_ARGV:
                (path,) = (tmp_path / "ops").glob("*.jsonl")
                lines = [json.loads(line) for line in path.read_bytes().splitlines()]
                audit = (tmp_path / "audit" / "audit.jsonl").read_bytes().splitlines()
                seen.append([line["event"] for line in lines])
                seen.append([json.loads(line)["event"] for line in audit])
                assert lines[2]["before"]["invocation"] == f"{1:032x}"
            return await super().run(command, grant)

    async def carry_out() -> None:
        fleet = FakeFleet(tmp_path, Behaviour())
        fleet.sessions["web1"] = Watching("web1", fleet.app, fleet.gate, Behaviour())
        await fleet.restart()

    run(carry_out())
    assert seen == [["plan", "whole", "intent"], ["plan", "confirm", "begin"]]


def test_every_change_is_audited_from_plan_to_end(tmp_path: Path) -> None:
    async def carry_out() -> FakeFleet:
        fleet = FakeFleet(tmp_path, Behaviour())
        await fleet.restart()
        return fleet

    fleet = run(carry_out())
    records = fleet.audited()
    assert [r["event"] for r in records] == ["plan", "confirm", "begin", "end", "end"]
    begin, step_end = records[2], records[3]
    assert begin["command"] == " ".join(RESTART_ARGV)
    assert len(str(begin["command_sha256"])) == 64
    assert begin["host"] == "web1"
    assert begin["host_key"] == "SHA256:abc"
    assert begin["ssh_user"] == "devops"
    assert begin["unit"] == "billing.service"
    assert records[1]["reason"] == "test 4711"
    assert begin["before"]["invocation"] != step_end["after"]["invocation"]  # type: ignore[index]
    assert step_end["exit_status"] == "0"
    assert len({r["op"] for r in records}) == 1
    assert verify(fleet.audit.path) == ""


def test_the_host_s_own_journal_gets_a_line_before_and_after(tmp_path: Path) -> None:
    async def carry_out() -> FakeFleet:
        fleet = FakeFleet(tmp_path, Behaviour())
        await fleet.restart()
        return fleet

    fleet = run(carry_out())
    before, after = fleet.sessions["web1"].marks
    records = fleet.audited()
    assert f"begin audit={records[2]['hash']}" in before
    assert f"done audit={records[3]['hash']}" in after
    assert f"op={records[0]['op']}" in before


# -- leave to change -------------------------------------------------------------------------


def test_a_locked_environment_lets_no_plan_begin(tmp_path: Path) -> None:
    async def carry_out() -> FakeFleet:
        fleet = FakeFleet(tmp_path, Behaviour(), production=True)
        with pytest.raises(ChangeRefused):
            await fleet.restart()
        return fleet

    fleet = run(carry_out())
    assert fleet.sessions["web1"].sent == []
    assert not (tmp_path / "ops").exists()


@pytest.mark.parametrize(
    "consent",
    [
        lambda plan: Consent("0" * 64, "staging", "why"),
        lambda plan: Consent(plan.hash, "staging", ""),
        lambda plan: Consent(plan.hash, "stagin", "why"),
    ],
)
def test_a_consent_that_does_not_fit_lets_no_plan_begin(
    tmp_path: Path, consent: Callable[[object], Consent]
) -> None:
    async def carry_out() -> FakeFleet:
        fleet = FakeFleet(tmp_path, Behaviour(), production=True)
        fleet.gate.unlock("test")
        plan = await fleet.plan()
        with pytest.raises(ChangeRefused):
            async for _ in fleet.run(plan, consent(plan)):
                pass
        return fleet

    assert run(carry_out()).sessions["web1"].sent == []


def test_a_plan_begun_in_time_ends_though_the_lock_closes(tmp_path: Path) -> None:
    async def carry_out() -> tuple[FakeFleet, list[PlanEvent]]:
        fleet = FakeFleet(tmp_path, Behaviour(), Behaviour(), production=True)
        fleet.gate.unlock("pager")
        plan = await fleet.plan()
        events = []
        async for event in fleet.run(plan):
            events.append(event)
            fleet.gate.lock()
        return fleet, events

    fleet, events = run(carry_out())
    assert ended(events).ok
    assert fleet.gate.grants == frozenset()


# -- nothing can be written ------------------------------------------------------------------


@pytest.mark.parametrize("what", ["ops", "audit"])
def test_without_records_nothing_begins(tmp_path: Path, what: str) -> None:
    async def carry_out() -> FakeFleet:
        fleet = FakeFleet(tmp_path, Behaviour())
        (tmp_path / what).write_text("a file where a folder must be")
        with pytest.raises(RecordUnwritable):
            await fleet.restart()
        return fleet

    fleet = run(carry_out())
    assert fleet.sessions["web1"].sent == []
    assert fleet.gate.grants == frozenset()


def test_an_intent_that_cannot_be_written_sends_nothing(tmp_path: Path) -> None:
    async def carry_out() -> tuple[FakeFleet, list[PlanEvent]]:
        fleet = FakeFleet(tmp_path, Behaviour(), Behaviour())
        plan = await fleet.plan()
        events = []
        async for event in fleet.run(plan):
            events.append(event)
            if isinstance(event, StepEvent) and (event.index, event.state) == (0, StepState.DONE):
                (tmp_path / "audit" / "audit.jsonl").rename(tmp_path / "moved")
                (tmp_path / "audit" / "audit.jsonl").mkdir()
        return fleet, events

    fleet, events = run(carry_out())
    assert last_of(events, 1).state is StepState.REFUSED
    assert "nothing was sent" in last_of(events, 1).detail
    assert not ended(events).ok
    assert fleet.sessions["web2"].sent == []


def test_a_result_that_cannot_be_written_is_found_out_and_stops_the_rest(tmp_path: Path) -> None:
    async def carry_out() -> tuple[FakeFleet, list[PlanEvent]]:
        fleet = FakeFleet(tmp_path, Behaviour(), Behaviour())
        plan = await fleet.plan()
        events = []
        async for event in fleet.run(plan):
            events.append(event)
            if isinstance(event, StepEvent) and event.detail == "sent":
                (tmp_path / "audit" / "audit.jsonl").rename(tmp_path / "moved")
                (tmp_path / "audit" / "audit.jsonl").mkdir()
        return fleet, events

    fleet, events = run(carry_out())
    assert last_of(events, 0).state is StepState.DONE
    assert not ended(events).ok
    assert "could not be written down" in ended(events).summary
    assert fleet.sessions["web2"].sent == []


# -- steering --------------------------------------------------------------------------------


def test_stop_here_lets_the_step_end_and_begins_no_other(tmp_path: Path) -> None:
    async def carry_out() -> tuple[FakeFleet, list[PlanEvent]]:
        fleet = FakeFleet(tmp_path, Behaviour(), Behaviour())
        plan = await fleet.plan()
        events = []
        async for event in fleet.run(plan):
            events.append(event)
            if isinstance(event, StepEvent) and event.detail == "sent":
                fleet.steering.stop_here()
        return fleet, events

    fleet, events = run(carry_out())
    assert last_of(events, 0).state is StepState.DONE
    assert last_of(events, 1).state is StepState.SKIPPED
    assert ended(events).summary == "stopped by you. Not begun: web2"
    assert fleet.sessions["web2"].sent == []
    assert fleet.oplog.unresolved() == ()


@pytest.mark.parametrize("answer", ["go on", "stop"])
def test_after_a_step_out_of_sight_the_plan_waits_for_the_operator(
    tmp_path: Path, answer: str
) -> None:
    async def carry_out() -> tuple[FakeFleet, list[PlanEvent]]:
        fleet = FakeFleet(tmp_path, Behaviour(), Behaviour())
        plan = await fleet.plan()
        session = fleet.sessions["web1"]
        session.faults[session.uses + 3] = Fault("unheard", 48.0)
        events = []
        async for event in fleet.run(plan):
            events.append(event)
            if isinstance(event, PlanPaused):
                await asyncio.sleep(600.0)
                assert fleet.sessions["web2"].sent == []
                if answer == "go on":
                    fleet.steering.go_on()
                else:
                    fleet.steering.stop_here()
        return fleet, events

    fleet, events = run(carry_out())
    assert last_of(events, 0).state is StepState.DONE
    assert ended(events).ok == (answer == "go on")
    assert len(fleet.sessions["web2"].sent) == (1 if answer == "go on" else 0)


def test_a_pause_has_no_end_of_its_own(tmp_path: Path) -> None:
    async def carry_out() -> None:
        fleet = FakeFleet(tmp_path, Behaviour(), Behaviour())
        plan = await fleet.plan()
        session = fleet.sessions["web1"]
        session.faults[session.uses + 3] = Fault("unheard", 48.0)
        async for _ in fleet.run(plan):
            pass

    with pytest.raises(Stuck):
        run(carry_out())

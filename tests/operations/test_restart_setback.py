"""Restarts that were refused, not done, or lost sight of, on a scripted host."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.operations.fake_fleet import FakeFleet, ended, last_of
from tests.operations.fake_host import Fault
from tests.operations.fake_unit import Behaviour
from tests.operations.virtual_time import run
from tui.model.plan import StepEvent, StepState
from tui.operations.audit_log import verify

TRACE = "** (UndefinedFunctionError) module :telemetry_app is not available"
LINE = "devops ALL=(root) NOPASSWD: /usr/bin/systemctl --job-mode\\=fail restart billing.service"


def restarted(folder: Path, ways: Behaviour, **options: object) -> tuple[StepEvent, FakeFleet]:
    """Restart one host that behaves so; its step's last event, and the fleet after it."""

    async def carry_out() -> tuple[StepEvent, FakeFleet]:
        fleet = FakeFleet(folder, ways, **options)  # type: ignore[arg-type]  # its own keywords
        events = await fleet.restart()
        last = last_of(events, 0)
        assert ended(events).ok == (last.state is StepState.DONE)
        assert verify(fleet.audit.path) == ""
        assert len(fleet.sessions["web1"].sent) == 1
        return last, fleet

    return run(carry_out())


def test_a_password_that_sudo_wants_is_a_refusal_with_the_line_that_is_missing(
    tmp_path: Path,
) -> None:
    # `sudo -n -l` had said yes: it lists what a password would allow as well.
    event, fleet = restarted(tmp_path, Behaviour(sudo_run=b"sudo: a password is required\n"))
    assert event.state is StepState.REFUSED
    assert event.detail == (
        "sudo refused it (sudo: a password is required). "
        f"What visudo there would have to add: {LINE}"
    )
    assert fleet.sessions["web1"].unit.starts == 0


def test_a_right_taken_away_meanwhile_is_a_refusal(tmp_path: Path) -> None:
    async def carry_out() -> StepEvent:
        fleet = FakeFleet(tmp_path, Behaviour())
        plan = await fleet.plan()
        ways = fleet.sessions["web1"].ways
        ways.sudo, ways.sudo_run = (1, 1, 1), b"Sorry, user devops is not allowed to execute\n"
        return last_of([event async for event in fleet.run(plan)], 0)

    event = run(carry_out())
    assert event.state is StepState.REFUSED
    assert event.detail.endswith(LINE)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"exists": False}, "it is not as it was shown: billing.service is not-found"),
        ({"masked": True}, "it is not as it was shown: billing.service is masked"),
        ({"boots": "0.4.0"}, "web1 boots: was 0.3.0+41, is 0.4.0"),
    ],
)
def test_a_step_is_refused_when_its_facts_moved_after_the_consent(
    tmp_path: Path, change: dict[str, object], words: str
) -> None:
    async def carry_out() -> tuple[StepEvent, FakeFleet]:
        fleet = FakeFleet(tmp_path, Behaviour())
        plan = await fleet.plan()
        for name, value in change.items():
            setattr(fleet.sessions["web1"].ways, name, value)
        return last_of([event async for event in fleet.run(plan)], 0), fleet

    event, fleet = run(carry_out())
    assert event.state is StepState.REFUSED
    assert words in event.detail
    assert fleet.sessions["web1"].sent == []
    assert fleet.oplog.unresolved() == ()


@pytest.mark.parametrize(
    ("status", "stderr", "state", "words"),
    [
        (5, b"Unit billing.service not found.\n", StepState.REFUSED, "knows no billing.service"),
        (4, b"Access denied\n", StepState.REFUSED, "access denied, or a conflicting job"),
        (6, b"bad unit file\n", StepState.REFUSED, "cannot use the unit file"),
        (127, b"sudo: not found\n", StepState.REFUSED, "cannot be run on the host"),
        (3, b"who knows\n", StepState.FAILED, "the command ended with 3 (who knows)"),
    ],
)
def test_what_systemctl_refuses_is_told_by_its_status(
    tmp_path: Path, status: int, stderr: bytes, state: StepState, words: str
) -> None:
    event, fleet = restarted(tmp_path, Behaviour(says_no=(status, stderr)))
    assert event.state is state
    assert words in event.detail
    assert fleet.sessions["web1"].unit.starts == 0


def test_exit_0_without_a_new_process_is_not_a_restart(tmp_path: Path) -> None:
    event, _ = restarted(tmp_path, Behaviour(says_no=(0, b"")))
    assert event.state is StepState.FAILED
    assert event.detail == (
        "not restarted: billing.service is running as before; the command itself ended well. "
        "Nothing is sent again"
    )


def test_a_start_that_systemd_refuses_leaves_it_down_and_says_the_way_out(tmp_path: Path) -> None:
    async def carry_out() -> StepEvent:
        fleet = FakeFleet(tmp_path, Behaviour())
        unit = fleet.sessions["web1"].unit
        # Five starts in the last seconds, by whomever.
        unit.attempts = [fleet.clock() - 2.0 for _ in range(5)]
        return last_of(await fleet.restart(), 0)

    event = run(carry_out())
    assert event.state is StepState.FAILED
    assert event.detail == (
        "it was stopped, and systemd refuses to start it: start limit hit (starts by hand count "
        "too). Wait for the limit's interval or run systemctl reset-failed billing.service on "
        "the host, then restart again"
    )


def test_a_looping_unit_can_be_restarted_and_its_plan_keeps_its_hash(tmp_path: Path) -> None:
    async def carry_out() -> tuple[set[str], StepEvent]:
        fleet = FakeFleet(tmp_path, Behaviour(dies_after_s=0.7, restart_s=1.9, burst=1000))
        unit = fleet.sessions["web1"].unit
        loop = asyncio.create_task(unit.start())
        hashes = set()
        for _ in range(23):
            await asyncio.sleep(0.31)
            hashes.add((await fleet.plan()).hash)
        await loop
        plan = await fleet.plan()
        unit.ways.dies_after_s = None
        return hashes, last_of([event async for event in fleet.run(plan)], 0)

    hashes, event = run(carry_out())
    assert len(hashes) == 1
    assert event.state is StepState.DONE


def test_a_stopped_unit_is_started_and_the_plan_says_so(tmp_path: Path) -> None:
    async def carry_out() -> tuple[str, StepEvent]:
        fleet = FakeFleet(tmp_path, Behaviour())
        unit = fleet.sessions["web1"].unit
        unit.active, unit.sub, unit.pid = "inactive", "dead", None
        plan = await fleet.plan()
        return plan.steps[0].why, last_of([event async for event in fleet.run(plan)], 0)

    why, event = run(carry_out())
    assert why.startswith("web1 is stopped and will be started, with 0.3.0+41")
    assert event.state is StepState.DONE


def test_a_job_of_somebody_else_is_waited_for_and_then_refused(tmp_path: Path) -> None:
    async def carry_out(job_s: float) -> StepEvent:
        fleet = FakeFleet(tmp_path / str(job_s), Behaviour())
        plan = await fleet.plan()
        unit = fleet.sessions["web1"].unit
        unit.job = "815"
        asyncio.get_running_loop().call_later(job_s, setattr, unit, "job", "")
        return last_of([event async for event in fleet.run(plan)], 0)

    assert run(carry_out(4.0)).state is StepState.DONE
    refused = run(carry_out(60.0))
    assert refused.state is StepState.REFUSED
    assert "a job is under way on it" in refused.detail


def test_a_reboot_in_mid_step_is_not_called_a_restart(tmp_path: Path) -> None:
    event, _ = restarted(tmp_path, Behaviour(reboots_at_restart=True))
    assert event.state is StepState.UNKNOWN
    assert event.detail.startswith("the host itself was started anew meanwhile")


@pytest.mark.parametrize(
    ("how", "state", "starts"),
    [
        ("unheard", StepState.DONE, 1),
        ("late arrival", StepState.DONE, 1),
        ("late", StepState.DONE, 1),
        ("no status", StepState.DONE, 1),
        ("unsent", StepState.FAILED, 0),
        ("refused", StepState.REFUSED, 0),
    ],
)
def test_the_truth_of_a_lost_restart_is_read_from_the_host(
    tmp_path: Path, how: str, state: StepState, starts: int
) -> None:
    async def carry_out() -> tuple[StepEvent, FakeFleet]:
        fleet = FakeFleet(tmp_path, Behaviour(stop_s=5.0))
        plan = await fleet.plan()
        session = fleet.sessions["web1"]
        # From here: the last look, the mark in the journal, then the restart itself.
        session.faults[session.uses + 3] = Fault(how, 48.0)
        events = [event async for event in fleet.run(plan)]
        return last_of(events, 0), fleet

    event, fleet = run(carry_out())
    assert event.state is state
    unit = fleet.sessions["web1"].unit
    assert unit.starts == starts
    assert fleet.oplog.unresolved() == ()
    if how in ("unheard", "unsent", "late arrival"):
        kinds = [record["event"] for record in fleet.audited() if record.get("step") == 0]
        assert kinds == ["begin", "unknown", "resolved"]


def test_a_host_that_stays_away_is_unknown_and_stays_unresolved(tmp_path: Path) -> None:
    async def carry_out() -> tuple[StepEvent, FakeFleet]:
        fleet = FakeFleet(tmp_path, Behaviour())
        plan = await fleet.plan()
        session = fleet.sessions["web1"]
        session.faults[session.uses + 3] = Fault("unheard", 1e9)
        return last_of([event async for event in fleet.run(plan)], 0), fleet

    event, fleet = run(carry_out())
    assert event.state is StepState.UNKNOWN
    assert event.detail == (
        "web1 was not seen again for 5 minutes: whether it was restarted is not known"
    )
    (left,) = fleet.oplog.unresolved()
    assert left.host == "web1"
    assert left.state == "unknown"

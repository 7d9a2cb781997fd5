"""A restart's outcomes on a scripted host, each with the words that the operator reads."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.operations.fake_host import (
    APP,
    RESTART_ARGV,
    Behaviour,
    FakeChannel,
    FakeFleet,
    FakeSession,
    Fault,
    ended,
    last_of,
)
from tests.operations.virtual_time import run
from tui.model.fleet import Health, HealthKind
from tui.model.plan import PlanEvent, StepEvent, StepState
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


def details(events: list[PlanEvent]) -> list[str]:
    return [event.detail for event in events if isinstance(event, StepEvent)]


def test_a_restart_is_done_when_another_process_stays_up_and_serves(tmp_path: Path) -> None:
    event, fleet = restarted(tmp_path, Behaviour())
    assert event.state is StepState.DONE
    assert not event.warning
    assert event.detail == "restarted, main process 4002, runs 0.3.0+41, healthy (answered 200)"
    session = fleet.sessions["web1"]
    assert [command.argv for command in session.sent] == [RESTART_ARGV]
    assert session.unit.starts == 1
    assert fleet.oplog.unresolved() == ()


def test_the_host_s_own_limits_are_in_view_while_it_stops_and_starts(tmp_path: Path) -> None:
    async def carry_out() -> list[PlanEvent]:
        return await FakeFleet(tmp_path, Behaviour(stop_s=12.0, start_s=3.0)).restart()

    said = details(run(carry_out()))
    assert "stopping, 9 s of at most 90 s" in said
    assert "starting, 1 s of at most 90 s" in said


def test_a_unit_without_limits_says_so(tmp_path: Path) -> None:
    async def carry_out() -> tuple[float, str]:
        fleet = FakeFleet(tmp_path, Behaviour(stop_limit_s=float("inf")))
        step = (await fleet.plan()).steps[0]
        return step.limit_s, step.why

    limit_s, why = run(carry_out())
    assert limit_s == 90 + 2 * 600 + 10
    assert why.endswith("systemd's limits: stop no limit set, start at most 90 s")


def test_a_stop_that_ends_in_sigkill_is_done_and_told(tmp_path: Path) -> None:
    event, _ = restarted(tmp_path, Behaviour(stubborn=True, stop_limit_s=10.0))
    assert event.state is StepState.DONE
    assert event.warning
    assert event.detail.endswith("healthy (answered 200); unclean stop: SIGKILL after 10 s")


def test_a_clean_stop_is_not_called_unclean_for_want_of_a_journal(tmp_path: Path) -> None:
    event, _ = restarted(tmp_path, Behaviour(readable_journal=False))
    assert event.state is StepState.DONE
    assert not event.warning


def test_a_unit_that_loops_says_how_often_and_why(tmp_path: Path) -> None:
    event, fleet = restarted(tmp_path, Behaviour(dies_after_s=0.3))
    assert event.state is StepState.FAILED
    assert event.detail == f"it LOOPS: started 5 times in 4 s, start limit hit: {TRACE}"
    assert fleet.sessions["web1"].unit.starts == 5


def test_a_loop_is_counted_by_systemd_where_the_journal_is_closed(tmp_path: Path) -> None:
    event, _ = restarted(tmp_path, Behaviour(dies_after_s=0.3, readable_journal=False))
    assert event.state is StepState.FAILED
    assert event.detail.startswith("it LOOPS: started 5 times in")
    assert event.detail.endswith("then systemd gave up")


def test_a_slow_loop_that_never_meets_the_start_limit_is_told(tmp_path: Path) -> None:
    event, _ = restarted(tmp_path, Behaviour(dies_after_s=3.0, restart_s=5.0))
    assert event.state is StepState.FAILED
    assert "it LOOPS: started 4 times in" in event.detail
    assert "and systemd goes on" in event.detail


def test_dying_once_and_staying_up_then_is_done_with_a_warning(tmp_path: Path) -> None:
    event, _ = restarted(tmp_path, Behaviour(dies_after_s=0.3, deaths=1))
    assert event.state is StepState.DONE
    assert event.warning
    assert event.detail.endswith("it died 1 time before it stayed up")


def test_dying_after_the_settle_time_but_before_health_is_seen(tmp_path: Path) -> None:
    ways = Behaviour(dies_after_s=6.0, deaths=1, healthy_after_s=8.0)
    event, _ = restarted(tmp_path, ways)
    assert event.state is StepState.DONE
    assert "it died 1 time" in event.detail


def test_a_process_that_goes_while_health_is_asked_is_not_the_one_that_counts(
    tmp_path: Path,
) -> None:
    asked: list[int | None] = []

    class Replaced(FakeSession):
        @contextlib.asynccontextmanager
        async def connect_tcp(self, address: str, port: int) -> AsyncIterator[FakeChannel]:
            asked.append(self.unit.pid)
            if len(asked) == 1:
                # It answers still, and another run takes its place in the same moment.
                await self.unit.restart()
            yield FakeChannel(b"HTTP/1.1 200 OK\r\n")

    async def carry_out() -> StepEvent:
        fleet = FakeFleet(tmp_path, Behaviour())
        fleet.sessions["web1"] = Replaced("web1", APP, fleet.gate, Behaviour())
        return last_of(await fleet.restart(), 0)

    assert run(carry_out()).state is StepState.DONE
    assert asked == [4002, 4003]


def test_a_start_that_takes_too_long_is_told(tmp_path: Path) -> None:
    event, _ = restarted(tmp_path, Behaviour(never_ready=True, start_limit_s=20.0))
    assert event.state is StepState.FAILED
    assert event.detail == "it did not start within 20 s; it is failed now"


def test_a_start_that_fails_for_good_is_told_with_its_last_words(tmp_path: Path) -> None:
    event, _ = restarted(tmp_path, Behaviour(dies_after_s=0.3, restarting=False))
    assert event.state is StepState.FAILED
    assert event.detail == f"start failed: exit status 1; it is failed now: {TRACE}"


def test_another_version_than_expected_is_a_failure(tmp_path: Path) -> None:
    event, _ = restarted(tmp_path, Behaviour(comes_up_with="0.2.0+38"))
    assert event.state is StepState.FAILED
    assert event.detail == "restarted, but it runs 0.2.0+38, not 0.3.0+41"


def test_a_version_that_was_never_to_be_seen_is_no_obstacle(tmp_path: Path) -> None:
    event, _ = restarted(tmp_path, Behaviour(readable_version=False))
    assert event.state is StepState.DONE
    assert event.warning
    assert event.detail.endswith("its version cannot be read")


def test_a_version_that_hides_after_the_restart_is_not_taken_for_granted(tmp_path: Path) -> None:
    event, fleet = restarted(tmp_path, Behaviour(shell_s=1e9))
    assert event.state is StepState.UNKNOWN
    assert event.detail == "restarted and up, but which version it runs cannot be read"
    # The truth was read, as far as it can be: nothing is left to ask at the next start.
    assert fleet.oplog.unresolved() == ()


def test_health_that_comes_late_is_waited_for(tmp_path: Path) -> None:
    event, _ = restarted(tmp_path, Behaviour(healthy_after_s=12.0))
    assert event.state is StepState.DONE


def test_health_that_never_comes_is_a_failure(tmp_path: Path) -> None:
    event, _ = restarted(tmp_path, Behaviour(healthy_after_s=1e9))
    assert event.state is StepState.FAILED
    assert event.detail == (
        "restarted and up (0.3.0+41), but not healthy after 31 s: "
        "answered 503 Service Unavailable, not 200"
    )


def test_health_is_asked_by_bash_where_forwarding_is_refused(tmp_path: Path) -> None:
    event, _ = restarted(tmp_path, Behaviour(forwarding=False))
    assert event.state is StepState.DONE
    assert event.detail.endswith("healthy (answered 200)")


def test_health_that_cannot_be_checked_is_never_healthy(tmp_path: Path) -> None:
    event, fleet = restarted(tmp_path, Behaviour(forwarding=False, bash=False))
    assert event.state is StepState.UNKNOWN
    assert event.detail.startswith("restarted and up (0.3.0+41), but its health cannot be checked")
    assert fleet.oplog.unresolved() == ()


def test_without_a_health_check_started_is_all_that_is_said(tmp_path: Path) -> None:
    app = replace(APP, health=Health(HealthKind.NONE))
    event, _ = restarted(tmp_path, Behaviour(), app=app)
    assert event.state is StepState.DONE
    assert event.detail.endswith("no health check is configured")


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

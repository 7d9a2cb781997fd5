"""A restart's outcomes on a scripted host, each with the words that the operator reads."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

from tests.operations.fake_fleet import APP, RESTART_ARGV, FakeFleet, ended, last_of
from tests.operations.fake_host import FakeChannel, FakeSession
from tests.operations.fake_unit import Behaviour
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

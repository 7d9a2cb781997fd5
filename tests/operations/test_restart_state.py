"""A restart's facts and words, pure: what is new, what is busy, how each end is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.plan_fakes import NOW, unit, view
from tui.commands.restart_evidence import StartsSeen
from tui.model.host import HostSnapshot
from tui.model.plan import StepState
from tui.operations.restart_state import (
    Before,
    busy,
    down_words,
    loop_words,
    moving,
    not_started_words,
    phase_words,
    refusal,
)

SEEN = StartsSeen(5, 12.3, True, "** oops")
NONE = StartsSeen()


def snapshot(**changes: object) -> HostSnapshot:
    found = view("web1", **changes).snapshot  # type: ignore[arg-type]  # view's keywords
    assert found is not None
    return found


def test_what_is_recorded_is_read_back_whole() -> None:
    shot = snapshot(since_monotonic_us=5_000_000, restarts=2)
    skewed = replace(shot, machine=replace(shot.machine, skew_s=2.5))
    before = Before.of(skewed)
    assert Before.read(before.facts()) == before
    assert before.at_us == round((NOW - 1 + 2.5) * 1e6)
    assert dict(before.facts())["pid"] == "4711"
    nothing = Before.of(snapshot(main_pid=None, restarts=None, since_monotonic_us=None))
    assert Before.read(nothing.facts()) == nothing
    assert (nothing.pid, nothing.restarts, nothing.active_us) == ("", None, "")
    assert Before.read(()) == Before()


def test_another_invocation_is_new_whatever_the_times() -> None:
    before = Before.of(snapshot(since_monotonic_us=7))
    assert not before.is_new(unit(since_monotonic_us=8))
    assert before.is_new(unit(invocation_id="b" * 32, since_monotonic_us=7))


@pytest.mark.parametrize(
    ("changes", "new"),
    [
        ({"active_state": "active", "invocation_id": "b" * 32, "since_monotonic_us": 9}, True),
        ({"active_state": "active", "invocation_id": "", "since_monotonic_us": 9}, True),
        ({"active_state": "failed", "invocation_id": "b" * 32, "since_monotonic_us": 9}, True),
        ({"active_state": "active", "invocation_id": "", "since_monotonic_us": 7}, False),
        ({"active_state": "inactive", "invocation_id": "", "since_monotonic_us": 9}, False),
        ({"active_state": "active", "invocation_id": "", "since_monotonic_us": None}, False),
    ],
)
def test_without_both_invocations_the_time_of_its_start_tells(
    changes: dict[str, object], new: bool
) -> None:
    before = Before.of(snapshot(invocation_id="", since_monotonic_us=7))
    assert before.is_new(unit(**changes)) is new


def test_only_two_known_and_different_boots_are_a_reboot() -> None:
    shot = snapshot()
    before = Before.of(shot)
    other = replace(shot, machine=replace(shot.machine, boot_id="c" * 32))
    unknown = replace(shot, machine=replace(shot.machine, boot_id=None))
    assert not before.rebooted(shot)
    assert before.rebooted(other)
    assert not before.rebooted(unknown)
    assert not Before.of(unknown).rebooted(shot)


@pytest.mark.parametrize(
    ("was", "first", "base"),
    [(0, 0, 0), (4, 0, 0), (4, 3, 0), (4, 4, 4), (None, 3, 0), (4, None, 0)],
)
def test_automatic_restarts_count_from_where_systemd_began_anew(
    was: int | None, first: int | None, base: int
) -> None:
    assert Before.of(snapshot(restarts=was)).count_base(first) == base


@pytest.mark.parametrize(
    ("changes", "is_busy", "is_moving"),
    [
        ({}, False, False),
        ({"job": "9"}, True, True),
        ({"active_state": "deactivating"}, False, True),
        ({"active_state": "reloading"}, False, True),
        ({"active_state": "activating", "sub_state": "start"}, False, True),
        ({"active_state": "activating", "sub_state": "start", "job": "9"}, True, True),
        ({"active_state": "activating", "job": "9", "restarts": 1}, False, True),
        ({"active_state": "activating", "job": "9", "restarts": None}, True, True),
        ({"active_state": "activating", "sub_state": "auto-restart"}, False, False),
        ({"active_state": "failed"}, False, False),
    ],
)
def test_whose_work_is_under_way(
    changes: dict[str, object], is_busy: bool, is_moving: bool
) -> None:
    assert busy(unit(**changes)) is is_busy
    assert moving(unit(**changes)) is is_moving


def test_phases_carry_the_host_s_own_limits() -> None:
    stopping = unit(active_state="deactivating", sub_state="stop-sigterm", timeout_stop_s=30.0)
    assert phase_words(stopping, 12.4) == "stopping, 12 s of at most 30 s"
    killing = unit(active_state="deactivating", sub_state="final-sigkill", timeout_stop_s=30.0)
    assert phase_words(killing, 31.0) == "it did not stop in 30 s: systemd kills it"
    starting = unit(active_state="activating", timeout_start_s=None)
    assert phase_words(starting, 3.0) == "starting, 3 s, no limit set"
    assert phase_words(unit(job="9"), 1.0) == "waiting for systemd's job, 1 s"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"result": "timeout", "timeout_start_s": 20.0}, "it did not start within 20 s"),
        ({"result": "exit-code", "exec_code": 1, "exec_status": 3}, "start failed: exit status 3"),
        ({"result": "exit-code"}, "start failed: exit-code"),
        ({"result": "signal", "exec_code": 2, "exec_status": 11}, "start failed: ended by SIGSEGV"),
        (
            {"result": "core-dump", "exec_code": 3, "exec_status": 6},
            "start failed: ended by SIGABRT, core dumped",
        ),
        (
            {"result": "signal", "exec_code": 2, "exec_status": 250},
            "start failed: ended by signal 250",
        ),
        ({"result": "oom-kill"}, "start failed: it was killed for want of memory"),
        ({"result": "success"}, "it came up and ended by itself, without a failure"),
        ({"result": "watchdog"}, "start failed: watchdog"),
    ],
)
def test_each_way_to_be_down_has_its_words(changes: dict[str, object], words: str) -> None:
    down = unit(active_state="failed", **changes)
    assert down_words(down, NONE) == f"{words}; it is failed now"
    assert down_words(down, SEEN) == f"{words}; it is failed now: ** oops"


def test_a_loop_is_told_by_the_journal_else_by_the_count() -> None:
    failed = unit(active_state="failed", result="exit-code")
    told = "it LOOPS: started 5 times in 12 s, start limit hit: ** oops"
    assert loop_words(failed, SEEN, 3, 9.0) == told
    assert loop_words(failed, NONE, 3, 9.0) == (
        "it LOOPS: started 3 times in 9 s, then systemd gave up"
    )
    limit = unit(active_state="failed", result="start-limit-hit")
    assert loop_words(limit, NONE, 1, 9.0) == "it LOOPS: started 1 time in 9 s, start limit hit"
    waiting = unit(active_state="activating", sub_state="auto-restart")
    assert loop_words(waiting, NONE, 3, 9.0).endswith("and systemd goes on")


def test_a_start_that_was_refused_says_what_is_left_and_the_way_out() -> None:
    failed = unit(active_state="failed", result="exit-code")
    assert not_started_words(failed, SEEN, "active").startswith(
        "it was stopped, and systemd refuses to start it: start limit hit"
    )
    limit = unit(active_state="failed", result="start-limit-hit")
    assert not_started_words(limit, NONE, "failed").startswith("systemd refuses to start it")
    assert not_started_words(failed, NONE, "active") == (
        "it was stopped, and systemd did not start it: failed, exit-code"
    )


@pytest.mark.parametrize(
    ("status", "changes", "state", "words"),
    [
        (5, {}, StepState.REFUSED, "systemd knows no billing.service (no)"),
        (1, {"load_state": "not-found"}, StepState.REFUSED, "knows no billing.service"),
        (1, {"load_state": "masked"}, StepState.REFUSED, "billing.service is masked (no)"),
        (4, {}, StepState.REFUSED, "access denied, or a conflicting job is queued (no)"),
        (6, {}, StepState.REFUSED, "systemd cannot use the unit file (no)"),
        (126, {}, StepState.REFUSED, "the command cannot be run on the host (no)"),
        (127, {}, StepState.REFUSED, "the command cannot be run on the host (no)"),
        (1, {}, StepState.FAILED, "not restarted: the command ended with 1 (no)"),
    ],
)
def test_a_no_is_told_by_its_status(
    status: int, changes: dict[str, object], state: StepState, words: str
) -> None:
    found, detail = refusal(unit(**changes), status, "no")
    assert found is state
    assert words in detail
    assert "(" not in refusal(unit(**changes), status, "")[1]

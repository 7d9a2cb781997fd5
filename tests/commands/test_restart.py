"""The restart's command and limits, and what recorded journals tell of stops, loops and kills."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plan_fakes import right, unit
from tui.commands.restart import limit_words, restart_command, restart_limit_s
from tui.commands.restart_evidence import (
    StartsSeen,
    StopSeen,
    parse_entries,
    read_newest,
    read_stop,
    starts_seen,
    stop_seen,
)
from tui.commands.sudo import RestartRight
from tui.model.command import Effect, display
from tui.model.journal import Entry, Level

TRANSCRIPTS = Path(__file__).parents[1] / "transcripts"
TRACE = (
    "** (UndefinedFunctionError) function :telemetry_app.start/2 is undefined "
    "(module :telemetry_app is not available)"
)


def recorded(name: str) -> list[Entry]:
    return parse_entries("web1", (TRANSCRIPTS / f"journal_{name}.export").read_bytes())


def test_the_restart_is_a_change_with_a_limit_beyond_systemd_s_own() -> None:
    command = restart_command(right(), restart_limit_s(unit(timeout_stop_s=30.0)))
    assert command.effect is Effect.CHANGE
    assert display(command) == "sudo -n systemctl --job-mode=fail restart billing.service"
    assert command.timeout_s == 90 + 2 * 30 + 10


def test_a_refused_right_has_no_command() -> None:
    with pytest.raises(ValueError, match="no command"):
        restart_command(RestartRight(refused="no"), 1.0)


def test_limits_that_are_not_set_or_endless_are_bounded() -> None:
    assert restart_limit_s(unit(timeout_start_s=None)) == 600 + 180 + 10
    assert restart_limit_s(unit(timeout_start_s=86_400.0)) == 600 + 180 + 10
    assert (limit_words(None), limit_words(90.0)) == ("no limit set", "at most 90 s")


def test_a_stop_that_outlasted_its_limit_is_seen_in_the_journal() -> None:
    seen = stop_seen(recorded("sigkill"))
    assert seen.killed
    assert seen.after_s == pytest.approx(2.114, abs=0.01)


@pytest.mark.parametrize("name", ["restart", "loop"])
def test_a_clean_stop_and_a_loop_are_no_kill(name: str) -> None:
    assert stop_seen(recorded(name)) == StopSeen()


def test_a_process_killed_before_anybody_stopped_it_is_another_story() -> None:
    entries = recorded("sigkill")
    assert stop_seen([e for e in entries if not e.message.startswith("Stopping")]) == StopSeen()


def test_a_loop_is_counted_with_its_reason() -> None:
    seen = starts_seen(recorded("loop"), 0)
    assert seen.starts == 5
    assert seen.within_s == pytest.approx(1.27, abs=0.01)
    assert seen.start_limit
    assert seen.error == TRACE


def test_what_was_before_the_restart_does_not_count() -> None:
    entries = recorded("loop")
    last = entries[-1].at_us
    assert starts_seen(entries, last + 1) == StartsSeen()
    # The start limit's notice stands under the run before: only time tells it from an old one.
    assert starts_seen(entries, last - 200).start_limit


def test_a_healthy_restart_has_one_start_and_no_limit() -> None:
    entries = recorded("restart")
    stopping = next(e for e in entries if e.message.startswith("Stopping"))
    seen = starts_seen(entries, stopping.at_us)
    assert (seen.starts, seen.start_limit) == (1, False)


def test_the_questions_are_asked_of_one_run_and_of_the_unit() -> None:
    command = read_stop("billing.service", "a" * 32)
    assert command is not None
    assert command.reading()
    assert command.argv[-5:] == (
        "_PID=1",
        "UNIT=billing.service",
        f"INVOCATION_ID={'a' * 32}",
        "-n",
        "60",
    )
    assert read_newest("billing.service").argv[-4:] == ("-u", "billing.service", "-n", "200")
    assert "sudo -n -l" in display(read_newest("billing.service", sudo=True))


@pytest.mark.parametrize("run", ["", "x", "a" * 31, "a" * 32 + " ", "A" * 32])
def test_what_is_no_run_s_id_is_not_asked_for(run: str) -> None:
    assert read_stop("billing.service", run) is None


@given(st.binary(max_size=400))
def test_any_answer_becomes_evidence_or_nothing(data: bytes) -> None:
    entries = parse_entries("web1", data)
    assert stop_seen(entries) is not None
    assert starts_seen(entries, 0).error.isprintable()


def test_an_error_is_taken_before_a_later_line_that_is_none() -> None:
    entries = recorded("loop")
    said = next(e for e in entries if e.message.startswith("**"))
    worse = said._replace(message="[error] the reason\n  and more", level=Level.ERROR)
    later = said._replace(message="goodbye", level=Level.INFO)
    assert starts_seen([*entries, worse, later], 0).error == "[error] the reason"
    assert starts_seen([later], 0).error == "goodbye"

"""A unit in one word: capitals where somebody must look."""

from __future__ import annotations

import pytest

from tui.model.unit import UnitFacts, UnitWord


def word(active: str, **facts: object) -> UnitWord:
    return UnitFacts("x.service", active_state=active, **facts).word  # type: ignore[arg-type]


@pytest.mark.parametrize("active", ["active", "activating"])
def test_a_loop_is_a_loop_while_it_is_up_for_a_moment(active: str) -> None:
    assert word(active, looping=True) is UnitWord.LOOPING
    assert word(active) is not UnitWord.LOOPING


def test_a_unit_that_was_stopped_after_a_loop_is_stopped() -> None:
    assert word("inactive", looping=True) is UnitWord.STOPPED
    assert word("deactivating", looping=True) is UnitWord.STOPPING


def test_waiting_for_the_next_start_is_a_loop_at_the_first_look() -> None:
    assert word("activating", sub_state="auto-restart") is UnitWord.LOOPING
    assert word("activating", sub_state="auto-restart-queued") is UnitWord.LOOPING
    assert word("activating", sub_state="start-pre") is UnitWord.STARTING


def test_one_failure_is_no_loop() -> None:
    assert word("failed", result="exit-code", restarts=0) is UnitWord.FAILED
    assert word("failed", result="exit-code", restarts=5) is UnitWord.LOOPING


def test_what_systemd_may_say_some_day_is_unknown() -> None:
    assert word("refreshing") is UnitWord.UNKNOWN
    assert word("active", load_state="masked") is UnitWord.RUNNING
    assert word("inactive", load_state="not-found") is UnitWord.NOT_FOUND

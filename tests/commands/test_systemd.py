"""`systemctl show` as real hosts printed it, and as a hostile one might."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.commands.systemd import parse_show, parse_timespan, parse_unit
from tui.model.unit import UnitFacts, UnitWord

TRANSCRIPT = Path(__file__).parent.parent / "transcripts" / "systemd.jsonl"
RECORDED = {
    record["what"]: record for record in map(json.loads, TRANSCRIPT.read_text().splitlines())
}


def unit_of(what: str) -> UnitFacts:
    shown = parse_show(RECORDED[what]["stdout"].encode())
    return parse_unit("billing_prod.service", shown)


def test_a_running_unit() -> None:
    unit = unit_of("service properties, running")
    assert unit.word is UnitWord.RUNNING
    assert (unit.main_pid, unit.restarts, unit.result) == (129, 0, "success")
    assert (unit.memory_bytes, unit.cpu_ns, unit.tasks) == (None, None, None)
    assert unit.timeout_stop_s == 90.0
    assert unit.user == "billing"
    assert not unit.need_daemon_reload


def test_the_database_password_is_nowhere_in_the_facts() -> None:
    unit = unit_of("service properties, running")
    assert "billing_prod:billing_prod@" not in repr(unit)


def test_a_unit_that_is_not_there_exits_with_zero_and_says_so() -> None:
    unit = unit_of("service properties, no such unit (exit status is still 0)")
    assert unit.word is UnitWord.NOT_FOUND
    assert unit.main_pid is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1min 30s", 90.0),
        ("0", 0.0),
        ("100ms", 0.1),
        ("2h 3min 4s", 7384.0),
        ("1d", 86_400.0),
        ("infinity", None),
        ("", None),
        ("ninety", None),
        ("1min thirty", None),
    ],
)
def test_timespans(text: str, seconds: float | None) -> None:
    assert parse_timespan(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("shown", "word"),
    [
        ({"ActiveState": "active"}, UnitWord.RUNNING),
        ({"ActiveState": "activating", "SubState": "start"}, UnitWord.STARTING),
        ({"ActiveState": "activating", "SubState": "auto-restart"}, UnitWord.LOOPING),
        ({"ActiveState": "deactivating"}, UnitWord.STOPPING),
        ({"ActiveState": "inactive"}, UnitWord.STOPPED),
        ({"ActiveState": "failed", "Result": "exit-code", "NRestarts": "0"}, UnitWord.FAILED),
        # As on systemd 252 after the start limit: Result stays that of the last death.
        ({"ActiveState": "failed", "Result": "exit-code", "NRestarts": "5"}, UnitWord.LOOPING),
        ({"ActiveState": "failed", "Result": "start-limit-hit"}, UnitWord.LOOPING),
        ({"ActiveState": "active", "LoadState": "not-found"}, UnitWord.NOT_FOUND),
        ({}, UnitWord.UNKNOWN),
        ({"ActiveState": "dancing"}, UnitWord.UNKNOWN),
    ],
)
def test_the_word(shown: dict[str, str], word: UnitWord) -> None:
    assert parse_unit("x.service", shown).word is word


def test_since_is_when_an_active_unit_became_active_else_the_last_change() -> None:
    stamps = {"ActiveEnterTimestamp": "@100", "StateChangeTimestamp": "@200"}
    assert parse_unit("x", {"ActiveState": "active", **stamps}).since == 100.0
    assert parse_unit("x", {"ActiveState": "failed", **stamps}).since == 200.0
    assert parse_unit("x", {"ActiveState": "failed", "ActiveEnterTimestamp": "@100"}).since == 100.0
    assert parse_unit("x", {"ActiveState": "active", "ActiveEnterTimestamp": "n/a"}).since is None


def test_unset_numbers_are_not_known() -> None:
    shown = {"MemoryCurrent": "18446744073709551615", "TasksCurrent": "[not set]", "MainPID": "0"}
    unit = parse_unit("x", shown)
    assert (unit.memory_bytes, unit.tasks, unit.main_pid) == (None, None, None)


def test_a_number_of_thousands_of_digits_is_not_read() -> None:
    assert parse_unit("x", {"MainPID": "9" * 5000}).main_pid is None


@given(st.binary(max_size=400))
def test_whatever_a_host_prints_nothing_raises_and_all_is_printable(output: bytes) -> None:
    shown = parse_show(output)
    assert all(value.isprintable() for value in shown.values())
    parse_unit("x.service", shown)

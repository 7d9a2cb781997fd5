"""What is kept of printed plans: enough to say what changed, private, and not for ever."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from tests.plan_fakes import restart, view
from tui.operations import printed_plans
from tui.operations.guards import changed_facts
from tui.operations.printed_plans import keep, kept


def test_what_changed_can_be_said_in_another_process(tmp_path: Path) -> None:
    plan = restart(view("web1"), view("web3", runs="0.2.0+38"))
    keep(tmp_path / "plans", plan)
    now = restart(view("web1"), view("web3"))
    before = kept(tmp_path / "plans", plan.hash, now)
    assert before is not None
    assert changed_facts(before, now) == ("web3 runs: was 0.2.0+38, is 0.3.0+41",)
    fewer = restart(view("web1"))
    assert "web3 is not in it any more" in changed_facts(before, fewer)
    assert kept(tmp_path / "plans", fewer.hash, now) is None


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "x" * 63, "/" * 64, "ä" * 64])
def test_a_hash_that_is_none_opens_no_file(tmp_path: Path, name: str) -> None:
    assert kept(tmp_path, name, restart()) is None


def test_a_broken_file_is_a_plan_that_is_not_known(tmp_path: Path) -> None:
    plan = restart()
    keep(tmp_path, plan)
    (tmp_path / f"{plan.hash}.json").write_text('{"steps": 3}')
    assert kept(tmp_path, plan.hash, plan) is None


def test_only_the_newest_are_kept_and_only_for_us(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(printed_plans, "KEPT", 2)
    plans = [replace(restart(), app=f"app{number}") for number in range(3)]
    for age, plan in enumerate(reversed(plans)):
        keep(tmp_path, plan)
        path = tmp_path / f"{plan.hash}.json"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        if path.exists():
            os.utime(path, (1000 + age, 1000 + age))
    assert len(list(tmp_path.glob("*.json"))) == 2
    assert kept(tmp_path, plans[2].hash, plans[2]) is None

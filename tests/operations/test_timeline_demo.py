"""A real restart of the embedded fleet, read back on the timeline out of the audit it left."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.operations.demo_console import demo_console
from tests.operations.plan_console import hasten
from tui.model.timeline import Kind
from tui.operations.timeline_store import TimelineStore

if TYPE_CHECKING:
    from tui.demo.fleet import DemoFleet


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is waited for the hosts is shortened."""
    hasten(monkeypatch)


async def test_a_restart_is_told_from_the_plan_to_its_end(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    async with demo_console(demo_fleet, tmp_path) as at:
        run = await at.carry_out("restart", "web1")
    assert run.ended is not None
    assert run.ended.ok, run.ended.summary
    audit = tmp_path / "audit" / "audit.jsonl"
    read = TimelineStore(tmp_path / "timeline.jsonl", audit).read()
    assert read.problems == ()
    first, second, *_, last = read.entries
    assert first.text.startswith("asked for: ")
    assert second.text.startswith("confirmed")
    assert (last.kind, last.text) == (Kind.PLAN, f"ended: ok: {run.ended.summary}")
    begun = [e for e in read.entries if e.kind in (Kind.COMMAND, Kind.STEP)]
    ends = [e for e in read.entries if e.kind is Kind.OUTCOME]
    assert (
        [e.step for e in begun]
        == [e.step for e in ends]
        == [number for number, _ in enumerate(run.plan.steps, start=1)]
    )
    assert any("restart billing_prod.service" in e.text for e in begun)
    assert len({e.op for e in read.entries}) == 1
    assert all(e.who for e in read.entries)
    assert not (tmp_path / "timeline.jsonl").exists()

"""A consent of tiers 3 and 4 where a plan starts, and what the audit has of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.operations.fake_fleet import FakeFleet, ended
from tests.operations.fake_unit import Behaviour
from tests.operations.virtual_time import run
from tui.errors import ChangeRefused
from tui.model.consent import Consent
from tui.model.plan import Loss, Tier


def test_a_broken_policy_stands_out_in_the_audit(tmp_path: Path) -> None:
    async def carry_out() -> FakeFleet:
        fleet = FakeFleet(tmp_path, Behaviour())
        plan = replace(
            await fleet.plan(),
            tier=Tier.POLICY,
            policy="the window is shut",
            oldest="0.2.0",
            losses=(Loss("0.2.0", "the release 0.2.0"),),
        )
        agreed = Consent(plan.hash, "staging", "why", "0.2.0", frozenset({"0.2.0"}))
        with pytest.raises(ChangeRefused, match="a break-glass reason"):
            _ = [event async for event in fleet.run(plan, agreed)]
        assert not fleet.audit.path.exists()
        full = replace(agreed, break_glass="500s, PASSWORD=hunter2")
        assert ended([event async for event in fleet.run(plan, full)]).ok
        return fleet

    written = run(carry_out()).audited()
    assert [r["event"] for r in written[:3]] == ["plan", "confirm", "break-glass"]
    assert (written[1]["oldest"], written[1]["ticked"]) == ("0.2.0", "0.2.0")
    assert written[2]["policy"] == "the window is shut"
    assert str(written[2]["break_glass"]).startswith("500s, PASSWORD=")
    assert "hunter2" not in str(written[2]["break_glass"])


def test_an_ordinary_consent_leaves_no_such_record(tmp_path: Path) -> None:
    async def carry_out() -> FakeFleet:
        fleet = FakeFleet(tmp_path, Behaviour())
        await fleet.restart()
        return fleet

    assert "break-glass" not in [r["event"] for r in run(carry_out()).audited()]

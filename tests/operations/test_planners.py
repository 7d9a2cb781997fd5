"""Plans of any kind are built in one place, under the policies of that moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.plan_fakes import NOW, environment, restart
from tui.model.fleet import App, Limits
from tui.model.plan import Facts, Plan, PlanRefused, Tier
from tui.operations import planners
from tui.operations.context import PlanContext
from tui.operations.planners import build_plan, plan_again


class Planner:
    """A module that plans one thing."""

    async def build(self, _context: PlanContext, params: Facts) -> Plan:
        """The plan of the fakes, with what was asked."""
        return replace(restart(production=True), params=params)


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> Mapping[str, object]:
    """Every kind of plan is the fake's."""
    monkeypatch.setattr(planners, "_module", lambda name: Planner() if name else None)
    return planners.PLANNERS


def context(window: str | None) -> PlanContext:
    """Production at 03:08 UTC on a Monday, with this window."""

    async def refresh(_host: str) -> None:
        """Nothing is read."""

    where = replace(environment("web1", production=True), change_window=window)
    return PlanContext(where, App("billing"), {}, refresh, Limits(), lambda: NOW)


async def test_a_plan_of_any_kind_is_judged_by_the_change_window(
    planned: Mapping[str, object],
) -> None:
    params = (("hosts", "web1"),)
    for kind in planned:
        for window, tier in (
            (None, Tier.PRODUCTION),
            ("Mon 03:00-04:00", Tier.PRODUCTION),
            ("Mon 04:00-05:00", Tier.POLICY),
        ):
            plan = await build_plan(context(window), kind, params)
            assert plan.tier is tier
            again = await plan_again(context("Mon 04:00-05:00"), plan)
            assert again.tier is Tier.POLICY
            assert again.hash == plan.hash


async def test_a_kind_that_nobody_plans_is_refused() -> None:
    with pytest.raises(PlanRefused, match="no plan of the kind 'upgrade'"):
        await build_plan(context(None), "upgrade", ())

"""Every kind of step says why it stands there and what to do if it goes wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.plan_fakes import environment, restart
from tui.model.fleet import Limits
from tui.model.plan import Step
from tui.model.step_reason import WRONG, if_wrong, why_of
from tui.operations.context import PlanContext
from tui.operations.planners import step_kinds


def step(kind: str, **changes: Any) -> Step:
    return replace(restart().steps[0], kind=kind, why="its own words", **changes)


def test_each_kind_that_can_be_carried_out_has_an_advice_of_its_own() -> None:
    where = environment("web1")
    unused: Any = None
    context = PlanContext(where, where.apps[0], {}, unused, Limits(), unused)
    kinds = set(step_kinds(context))
    assert kinds == set(WRONG)
    assert len({if_wrong(step(kind)) for kind in kinds}) == len(kinds)
    assert "Nothing is sent again" in if_wrong(step("of another console"))


def test_a_switch_without_a_release_before_it_has_no_way_back() -> None:
    assert "its undo is a switch back" in if_wrong(step("switch", undo="switch to 0.2.0"))
    assert "undo" not in if_wrong(step("switch", undo="none: there was no release before"))


def test_why_is_said_by_the_plan_that_it_stands_in() -> None:
    plan = replace(restart(), kind="rollback", params=(("version", "0.2.0"),))
    down = step("migrate_down", params=(("release", "0.3.0"), ("version", "3")))
    assert why_of(plan, down).startswith("0.2.0 does not know it")
    assert "0.3.0 is there, which has its file" in why_of(plan, down)
    assert "named to be undone" in why_of(replace(plan, kind="migrate"), down)
    deploy = replace(plan, kind="deploy", params=(), facts=(("version", "0.4.0"),))
    assert why_of(deploy, step("migrate_up")).startswith("0.4.0 brings it")
    assert why_of(deploy, step("restart")).startswith("Only a start brings 0.4.0 up on web1")
    assert why_of(deploy, step("lock")) == "its own words"

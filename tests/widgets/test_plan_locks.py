"""Locks in a plan's lines: several hosts share one, and they crowd nothing else out."""

from __future__ import annotations

from dataclasses import replace

from tests.plan_fakes import restart, view
from tui.model.command import Command, Effect
from tui.model.lock import LOCK, UNLOCK
from tui.model.plan import Plan, Step, StepEvent, StepState, Verdict, VerdictKind
from tui.model.step_groups import group_hosts, group_numbers, step_groups
from tui.widgets.plan_view import Detail, plan_lines, step_heads, step_line, step_rows

LONG = Command(
    ("/srv/app", "billing"), effect=Effect.CHANGE, script="one\ntwo\nthree\nfour\nfive\n"
)


def locked(*hosts: str) -> Plan:
    """A restart of these hosts between its locks."""
    plan = restart(*(view(host) for host in hosts))

    def steps(kind: str) -> tuple[Step, ...]:
        like = plan.steps[0]
        return tuple(
            replace(
                like, kind=kind, host=h, what=f"{kind} billing", command=LONG, verification=kind
            )
            for h in hosts
        )

    return replace(plan, steps=(*steps(LOCK), *plan.steps, *steps(UNLOCK)))


def text_of(plan: Plan, states: dict[int, StepState]) -> list[str]:
    """The rows of the walkthrough, 79 columns wide."""

    def last_of(index: int) -> StepEvent:
        return StepEvent(index, states.get(index, StepState.WAITING), 0.0, f"said of {index + 1}")

    rows = step_rows(plan, last_of)
    heads = step_heads(plan, rows)
    lines = [step_line(heads[n], last_of(row[-1]), 79, None) for n, row in enumerate(rows)]
    return [line.plain.rstrip() for line in lines]


def test_locks_side_by_side_are_one_group() -> None:
    plan = locked("web1", "web2")
    groups = step_groups(plan.steps)
    assert groups == ((0, 1), (2,), (3,), (4, 5))
    assert [group_numbers(group) for group in groups] == ["1-2", "3", "4", "5-6"]
    assert group_hosts(plan.steps, groups[0]) == "web1, web2"


def test_a_plan_to_be_confirmed_says_each_set_of_locks_in_one_line() -> None:
    lines = plan_lines(locked("web1", "web2"), 78).plain.splitlines()
    assert " 1-2  web1, web2  lock billing" in lines
    assert " 5-6  web1, web2  unlock billing" in lines
    assert "  3  web1  restart billing.service" in lines
    assert not any("four" in line for line in lines)
    assert len(lines) <= 22, "it fits into 80x24"
    commands = plan_lines(locked("web1", "web2"), 78, Detail.COMMANDS).plain
    assert " 1-2  web1, web2  lock billing" in commands
    assert "five" not in commands
    assert "systemctl" in commands
    full = plan_lines(locked("web1", "web2"), 78, Detail.ALL).plain
    assert full.count("five") >= 4, "the literal commands of every step"


def test_a_long_script_is_told_by_its_length_and_its_words() -> None:
    plan = restart(view("web1"))
    plan = replace(plan, steps=(replace(plan.steps[0], command=LONG),))
    short = plan_lines(plan, 78).plain.splitlines()
    assert f"      $ sh, {5 + 1} lines (@): /srv/app billing" in short
    assert "five" in plan_lines(plan, 78, Detail.COMMANDS).plain


def test_many_checks_that_passed_are_counted_and_warnings_stay() -> None:
    passed = tuple(Verdict(VerdictKind.PASS, "", f"check {n} is well") for n in range(5))
    warned = Verdict(VerdictKind.WARN, "", "the cookie differs")
    plan = replace(restart(view("web1")), verdicts=(*passed[:3], warned, *passed[3:]))
    short = plan_lines(plan, 78).plain
    assert "check 1 is well" not in short
    assert short.splitlines()[:2] == [
        " ! the cookie differs",
        " ✓ 5 checks passed: @ shows them",
    ]
    assert "check 4 is well" in plan_lines(plan, 78, Detail.COMMANDS).plain
    few = plan_lines(replace(plan, verdicts=passed[:2]), 78).plain
    assert "check 1 is well" in few


def test_the_walkthrough_has_one_row_for_locks_that_stand_alike() -> None:
    plan = locked("web1", "web2")
    done, running = StepState.DONE, StepState.RUNNING
    assert text_of(plan, {0: done, 1: done, 2: running}) == [
        " ✓ 1-2 web1, web2  lock said of 2",
        " ▸   3 web1       said of 3",
        " ·   4 web2       waiting",
        " · 5-6 web1, web2  unlock waiting",
    ]
    apart = text_of(plan, {0: done, 1: StepState.REFUSED})
    assert apart[0].startswith(" ✓   1 web1")
    assert apart[1].startswith(" ✗   2 web2")
    assert "refused: said of 2" in apart[1]

"""A plan as text and JSON: whole, with what it asks for, and without secrets."""

from __future__ import annotations

import json
from dataclasses import replace

from tests.plan_fakes import NOW, restart, undoing
from tui.model.command import Command, Effect, Secret
from tui.model.plan import Loss, Plan, PlanEnded, PlanPaused, StepEvent, StepState, Tier
from tui.model.plan_words import event_json, event_line, needs_words, plan_json, plan_text
from tui.operations.guards import consent_needs


def both(plan: Plan) -> tuple[str, dict[str, object]]:
    needs = consent_needs(plan)
    return plan_text(plan, needs), plan_json(plan, needs)


def test_the_text_has_commands_verdicts_and_the_hash() -> None:
    plan = restart(production=True)
    text, values = both(plan)
    assert text.startswith("PRODUCTION: restart billing on web1, web3\n")
    assert "  2  web3  restart billing.service" in text
    assert "$      sudo -n systemctl --job-mode=fail restart billing.service" in text
    assert "! version: web3 will come up with 0.3.0+41, it runs 0.2.0+38" in text
    assert "asks for  the environment's name (production), a reason" in text
    assert text.endswith(f"plan      {plan.hash}")
    assert json.loads(json.dumps(values)) == values
    assert values["plan"] == plan.hash
    assert values["asks_for"] == {
        "environment_name": True,
        "reason": True,
        "oldest": "",
        "lose": [],
        "break_glass": False,
    }


def test_what_goes_and_what_is_broken_stand_in_both() -> None:
    plan = undoing(Loss("1", "column a"), tier=Tier.POLICY, policy="the window is shut", oldest="1")
    text, values = both(plan)
    assert "✗ break-glass: the window is shut" in text
    assert " goes      1  column a" in text
    assert "the oldest that goes (1), 1 tick, a break-glass reason" in text
    assert values["losses"] == [{"key": "1", "what": "column a"}]
    assert values["policy"] == "the window is shut"


def test_a_blocked_plan_asks_for_nothing() -> None:
    needs = consent_needs(undoing(oldest=""))
    assert needs_words(needs).startswith("nothing: it is not possible (it does not say which")
    assert needs_words(consent_needs(restart())) == "a yes"


def test_secrets_and_control_characters_do_not_get_out() -> None:
    plan = restart()
    command = Command(
        ("run", Secret("hunter2"), "PASSWORD=hunter3"), Effect.CHANGE, env=(("K", Secret("x9")),)
    )
    step = replace(plan.steps[0], command=command, why="\x1b[31mred")
    text, values = both(replace(plan, steps=(step,)))
    for secret in ("hunter2", "hunter3", "x9"):
        assert secret not in text
        assert secret not in json.dumps(values)
    assert "\x1b" not in text


def test_events_are_lines() -> None:
    plan = restart()
    step = StepEvent(1, StepState.DONE, NOW, "restarted", warning=True)
    assert event_line(plan, step) == "03:08:00 2/2 web3 done (not clean): restarted"
    assert event_json(plan, step)["clean"] is False
    paused = PlanPaused(1, NOW, "look at it")
    assert event_line(plan, paused) == "03:08:00 waits: look at it"
    assert event_json(plan, paused)["waits_before"] == 2
    ended = PlanEnded(False, NOW, "it failed", "roll back")
    assert event_line(plan, ended) == "03:08:00 NOT DONE: it failed\nundo: roll back"
    assert event_json(plan, ended)["ok"] is False

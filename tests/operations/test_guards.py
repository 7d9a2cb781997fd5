"""What a plan asks for, what is missing, what moved: pure verdicts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.plan_fakes import environment, restart, undoing, view
from tui.model.consent import Consent
from tui.model.plan import Loss, Tier, Verdict, VerdictKind
from tui.operations.guards import (
    changed_facts,
    consent_needs,
    guarded,
    missing,
    not_consented,
)


def said(environment: str = "", reason: str = "", **more: Any) -> Consent:
    return Consent("", environment, reason, **more)


def test_production_asks_for_its_name_and_a_reason() -> None:
    needs = consent_needs(restart(production=True))
    assert (needs.environment, needs.reason, needs.blocked) == ("production", True, "")
    assert (needs.oldest, needs.losses, needs.policy) == ("", (), "")
    assert missing(needs, said()) == ("type production", "a reason")
    assert missing(needs, said("productio", "pager")) == ("type production",)
    assert missing(needs, said("Production", "pager")) == ("type production",)
    assert missing(needs, said(" production ", "  ")) == ("a reason",)
    assert missing(needs, said(" production ", "pager")) == ()


def test_elsewhere_nothing_is_typed() -> None:
    needs = consent_needs(restart())
    assert (needs.environment, needs.reason) == ("", False)
    assert missing(needs, said()) == ()


def test_a_builder_that_forgets_the_tier_makes_nothing_cheap() -> None:
    plan = replace(restart(production=True), tier=Tier.REVERSIBLE)
    assert consent_needs(plan).environment == "production"
    plan = undoing(production=False, tier=Tier.REVERSIBLE)
    assert consent_needs(plan) == consent_needs(replace(plan, tier=Tier.DATA_LOSS))
    plan = replace(restart(), policy="the lock is ada's")
    assert consent_needs(plan).policy == "the lock is ada's"


@pytest.mark.parametrize("production", [True, False])
def test_what_loses_data_asks_for_the_oldest_and_each_loss_everywhere(production: bool) -> None:
    losses = tuple(Loss(key, f"column {key}") for key in ("1", "2", "3"))
    plan = undoing(*losses, production=production, oldest="1")
    needs = consent_needs(plan)
    where = plan.environment
    assert missing(needs, said()) == (
        f"type {where}",
        "a reason",
        "type 1, the oldest that goes",
        "tick 3 losses",
    )
    some = said(where, "why", oldest="2", ticked=frozenset("1"))
    assert missing(needs, some) == ("type 1, the oldest that goes", "tick 2", "tick 3")
    others = said(where, "why", oldest="1", ticked=frozenset("4567"))
    assert missing(needs, others) == ("tick 3 losses",)
    assert missing(needs, said(where, "why", oldest=" 1 ", ticked=frozenset("123"))) == ()


def test_breaking_a_policy_asks_for_one_reason_more() -> None:
    plan = replace(restart(production=True), tier=Tier.POLICY, policy="the window is shut")
    needs = consent_needs(plan)
    assert needs.policy == "the window is shut"
    assert missing(needs, said("production", "why")) == ("a break-glass reason",)
    assert missing(needs, said("production", "why", break_glass=" ")) == ("a break-glass reason",)
    assert missing(needs, said("production", "why", break_glass="500s")) == ()
    # A builder of tier 4 that does not say which policy asks for the reason all the same.
    silent = consent_needs(replace(plan, policy=""))
    assert missing(silent, said("production", "why")) == ("a break-glass reason",)


def test_nothing_goes_that_is_not_named() -> None:
    everything = said("production", "why", oldest="x", break_glass="x")
    step = replace(restart().steps[0], kind="migrate_down")
    for plan in (
        undoing(kind="rollback", params=(), oldest="", steps=(step,)),
        undoing(params=(("direction", "down"),)),
        undoing(oldest=""),
        undoing(params=(("direction", "down"), ("versions", ""))),
        undoing(kind="prune", oldest="", losses=(), params=()),
        undoing(oldest="", losses=(), tier=Tier.PRODUCTION),
    ):
        told = missing(consent_needs(plan), everything)
        assert len(told) == 1
        assert "does not say w" in told[0]
    assert not consent_needs(undoing(kind="prune", params=())).blocked


def test_a_blocking_verdict_lets_nothing_through() -> None:
    blocked = replace(restart(), verdicts=(Verdict(VerdictKind.BLOCK, "window", "not at night"),))
    assert missing(consent_needs(blocked), said()) == ("not at night",)
    worse = undoing(verdicts=blocked.verdicts)
    assert missing(consent_needs(worse), said("production", "why")) == ("not at night",)


def test_a_warning_blocks_nothing() -> None:
    plan = restart(view("web3", runs="0.2.0+38"))
    assert plan.verdicts
    assert missing(consent_needs(plan), said()) == ()


MONDAY = 1_528_070_400.0
"""2018-06-04 00:00 UTC, a Monday."""


def test_outside_of_its_window_production_breaks_a_policy_and_keeps_its_hash() -> None:
    plan = restart(production=True)
    where = replace(environment("web1", production=True), change_window="Mon-Fri 09:00-17:00")
    assert guarded(plan, where, MONDAY + 12 * 3600) is plan
    shut = guarded(plan, where, MONDAY + 3 * 3600)
    assert shut.tier is Tier.POLICY
    assert shut.policy == (
        "it is 2018-06-04 03:00:00 UTC, outside of the change window Mon-Fri 09:00-17:00"
    )
    assert shut.hash == plan.hash
    both = guarded(replace(plan, policy="the lock is ada's"), where, MONDAY)
    assert both.policy.startswith("the lock is ada's; it is 2018-06-04 00:00:00 UTC")


def test_without_a_window_or_production_no_policy_is_broken() -> None:
    plan = restart(production=True)
    assert guarded(plan, environment("web1", production=True), MONDAY) is plan
    staging = replace(environment("web1"), change_window="Mon-Fri 09:00-17:00")
    other = restart()
    assert guarded(other, staging, MONDAY) is other


def test_a_window_that_shuts_while_it_is_asked_is_asked_about() -> None:
    plan = restart(production=True)
    where = replace(environment("web1", production=True), change_window="00:00-03:00")
    shut = guarded(plan, where, MONDAY + 3 * 3600)
    assert changed_facts(plan, shut) == (shut.policy,)
    assert changed_facts(shut, guarded(plan, where, MONDAY + 4 * 3600)) == ()
    assert changed_facts(shut, plan) == ()


def test_a_consent_fits_its_own_plan_only() -> None:
    plan = restart(production=True)
    good = Consent(plan.hash, "production", "pager")
    assert not_consented(plan, good) == ()
    assert not_consented(plan, replace(good, reason=" ")) == ("a reason",)
    unticked = undoing()
    full = Consent(
        unticked.hash, "production", "why", "20180202120000", frozenset({"20180202120000"})
    )
    assert not_consented(unticked, full) == ()
    assert not_consented(unticked, replace(full, ticked=frozenset())) == ("tick 20180202120000",)
    other = restart(view("web1"), production=True)
    assert not_consented(other, good) == ("the consent was given to another plan",)


def test_what_moved_is_said_in_sentences() -> None:
    shown = restart(view("web1"), view("web3", runs="0.2.0+38"))
    assert changed_facts(shown, restart(view("web1"), view("web3", runs="0.2.0+38"))) == ()
    assert changed_facts(shown, restart(view("web1"), view("web3"))) == (
        "web3 runs: was 0.2.0+38, is 0.3.0+41",
    )
    fewer = changed_facts(shown, restart(view("web1")))
    assert "web3 is not in it any more" in fewer
    more = changed_facts(restart(view("web1")), shown)
    assert "web3 is new in it" in more


def test_a_changed_command_is_said_though_no_fact_moved() -> None:
    from tui.commands.restart import restart_command
    from tui.commands.sudo import RestartRight

    shown = restart(view("web1"))
    command = restart_command(RestartRight(("sudo", "-n", "systemctl", "restart", "x")), 1.0)
    fresh = replace(shown, steps=(replace(shown.steps[0], command=command),))
    assert changed_facts(shown, fresh) == ("its commands are no longer the ones that were shown",)

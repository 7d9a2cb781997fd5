"""What a plan asks for, what is missing, what moved: pure verdicts."""

from __future__ import annotations

from dataclasses import replace

from tests.plan_fakes import restart, view
from tui.model.consent import Consent
from tui.model.plan import Tier, Verdict, VerdictKind
from tui.operations.guards import changed_facts, consent_needs, missing, not_consented


def test_production_asks_for_its_name_and_a_reason() -> None:
    needs = consent_needs(restart(production=True))
    assert (needs.environment, needs.reason, needs.blocked) == ("production", True, "")
    assert missing(needs, "", "") == ("type production", "a reason")
    assert missing(needs, "productio", "pager") == ("type production",)
    assert missing(needs, "Production", "pager") == ("type production",)
    assert missing(needs, " production ", "  ") == ("a reason",)
    assert missing(needs, " production ", "pager") == ()


def test_elsewhere_nothing_is_typed() -> None:
    needs = consent_needs(restart())
    assert (needs.environment, needs.reason) == ("", False)
    assert missing(needs, "", "") == ()


def test_a_builder_that_forgets_the_tier_does_not_make_production_cheap() -> None:
    plan = replace(restart(production=True), tier=Tier.REVERSIBLE)
    assert consent_needs(plan).environment == "production"


def test_a_blocking_verdict_and_a_tier_without_a_gate_let_nothing_through() -> None:
    blocked = replace(restart(), verdicts=(Verdict(VerdictKind.BLOCK, "window", "not at night"),))
    assert missing(consent_needs(blocked), "", "") == ("not at night",)
    for tier in (Tier.DATA_LOSS, Tier.POLICY):
        needs = consent_needs(replace(restart(), tier=tier))
        assert missing(needs, "staging", "why")


def test_a_warning_blocks_nothing() -> None:
    plan = restart(view("web3", runs="0.2.0+38"))
    assert plan.verdicts
    assert missing(consent_needs(plan), "", "") == ()


def test_a_consent_fits_its_own_plan_only() -> None:
    plan = restart(production=True)
    good = Consent(plan.hash, "production", "pager")
    assert not_consented(plan, good) == ()
    assert not_consented(plan, replace(good, reason=" ")) == ("a reason",)
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

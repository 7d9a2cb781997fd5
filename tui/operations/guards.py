"""Guards: what a plan asks of the operator, what is missing, and what has moved since. Pure."""

from __future__ import annotations

from dataclasses import replace

from tui.model.change_window import inside
from tui.model.consent import Consent, ConsentNeeds
from tui.model.fleet import Environment
from tui.model.plan import Plan, Tier, VerdictKind
from tui.model.words import counted, stamp

NAMED = 2
"""So many losses that are not ticked yet are named one by one."""


def guarded(plan: Plan, environment: Environment, now: float) -> Plan:
    """The plan under the policies of its environment at `now` (Unix seconds).

    A change of production outside its change window is tier 4. The hash stays: a plan that was
    consented to inside the window is still the one that was shown, and a looping unit's too.
    """
    window = environment.change_window
    if not environment.production or window is None or inside(window, now):
        return plan
    policy = f"it is {stamp(now)}, outside of the change window {window}"
    return replace(
        plan, tier=Tier.POLICY, policy="; ".join(text for text in (plan.policy, policy) if text)
    )


def tier_of(plan: Plan) -> Tier:
    """The tier that the plan is guarded by.

    A builder that forgot the tier must not make production, a loss or a policy cheap: they count
    by what the plan itself says as well.
    """
    floor = Tier.READ
    if plan.production:
        floor = Tier.PRODUCTION
    if plan.losses or plan.oldest:
        floor = Tier.DATA_LOSS
    if plan.policy:
        floor = Tier.POLICY
    return max(plan.tier, floor)


def consent_needs(plan: Plan) -> ConsentNeeds:
    """What the plan's tier asks for (design.md, Guards).

    Tier 3 is tier 2 and more, so outside of production it asks for the environment's name too:
    what is lost there is lost as well, and the name is what shows that it is the wrong place.
    """
    blocked = "; ".join(v.reason for v in plan.verdicts if v.kind is VerdictKind.BLOCK)
    tier = tier_of(plan)
    if tier < Tier.PRODUCTION:
        return ConsentNeeds(plan.hash, blocked=blocked)
    return ConsentNeeds(
        plan.hash,
        environment=plan.environment,
        reason=True,
        oldest=plan.oldest,
        losses=plan.losses,
        policy=(plan.policy or "it breaks a policy") if tier >= Tier.POLICY else "",
        blocked=blocked or _not_said(plan),
    )


def _not_said(plan: Plan) -> str:
    """Why a plan cannot be consented to because it does not say what goes; empty if it does."""
    asked_down = plan.kind == "migrate" and plan.param("direction") == "down"
    goes = asked_down or any(step.kind == "migrate_down" for step in plan.steps)
    if goes and not (plan.oldest and (plan.param("versions") or not asked_down)):
        return "it does not say which migrations go: nothing is undone without a list of them"
    if plan.tier is Tier.DATA_LOSS and not (plan.oldest or plan.losses):
        return "it does not say what goes, so nobody can consent to it"
    return ""


def missing(needs: ConsentNeeds, consent: Consent) -> tuple[str, ...]:
    """What is still missing of what was asked for, each in words; empty: it may start."""
    if needs.blocked:
        return (needs.blocked,)
    found: list[str] = []
    if needs.environment and consent.environment.strip() != needs.environment:
        found.append(f"type {needs.environment}")
    if needs.reason and not consent.reason.strip():
        found.append("a reason")
    if needs.oldest and consent.oldest.strip() != needs.oldest:
        found.append(f"type {needs.oldest}, the oldest that goes")
    if needs.policy and not consent.break_glass.strip():
        found.append("a break-glass reason")
    open_ones = [loss.key for loss in needs.losses if loss.key not in consent.ticked]
    if len(open_ones) > NAMED:
        found.append(f"tick {counted(len(open_ones), 'loss', 'losses')}")
    else:
        found += [f"tick {key}" for key in open_ones]
    return tuple(found)


def not_consented(plan: Plan, consent: Consent) -> tuple[str, ...]:
    """Why a consent does not cover a plan; empty if it does. Asked again where a plan starts."""
    if consent.plan_hash != plan.hash:
        return ("the consent was given to another plan",)
    return missing(consent_needs(plan), consent)


def changed_facts(shown: Plan, fresh: Plan) -> tuple[str, ...]:
    """What is different in the plan built anew, in sentences; empty if the consent still fits."""
    if shown.hash == fresh.hash:
        # Neither is in the hash, but both ask for more than was asked for.
        if tier_of(fresh) > tier_of(shown) or (fresh.policy and not shown.policy):
            return (fresh.policy or f"it asks for more now: tier {tier_of(fresh).value}",)
        return ()
    before, after = dict(shown.facts), dict(fresh.facts)
    found = [
        f"{name}: was {before.get(name) or 'not known'}, is {after.get(name) or 'not known'}"
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name)
    ]
    found += [f"{host} is not in it any more" for host in shown.hosts if host not in fresh.hosts]
    found += [f"{host} is new in it" for host in fresh.hosts if host not in shown.hosts]
    # Commands or verifications can differ without a fact: the hash knows, the words do not.
    return tuple(found) or ("its commands are no longer the ones that were shown",)

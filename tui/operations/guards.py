"""Guards: what a plan asks of the operator, what is missing, and what has moved since. Pure."""

from __future__ import annotations

from tui.model.consent import Consent, ConsentNeeds
from tui.model.plan import Plan, Tier, VerdictKind


def consent_needs(plan: Plan) -> ConsentNeeds:
    """What the plan's tier asks for (design.md, Guards).

    Production is judged by the plan's own mark as well as by its tier: a builder that forgot the
    tier must not make production cheap.
    """
    blocked = "; ".join(v.reason for v in plan.verdicts if v.kind is VerdictKind.BLOCK)
    if plan.tier >= Tier.DATA_LOSS:
        # Their gates (what goes, ticks, break-glass) are not built: no consent is enough yet.
        blocked = blocked or "this console cannot ask for all that such a change needs"
    if plan.production or plan.tier >= Tier.PRODUCTION:
        return ConsentNeeds(plan.hash, environment=plan.environment, reason=True, blocked=blocked)
    return ConsentNeeds(plan.hash, blocked=blocked)


def missing(needs: ConsentNeeds, environment: str, reason: str) -> tuple[str, ...]:
    """What is still missing of what was asked for, each in words; empty: it may start."""
    if needs.blocked:
        return (needs.blocked,)
    found: list[str] = []
    if needs.environment and environment.strip() != needs.environment:
        found.append(f"type {needs.environment}")
    if needs.reason and not reason.strip():
        found.append("a reason")
    return tuple(found)


def not_consented(plan: Plan, consent: Consent) -> tuple[str, ...]:
    """Why a consent does not cover a plan; empty if it does. Asked again where a plan starts."""
    if consent.plan_hash != plan.hash:
        return ("the consent was given to another plan",)
    return missing(consent_needs(plan), consent.environment, consent.reason)


def changed_facts(shown: Plan, fresh: Plan) -> tuple[str, ...]:
    """What is different in the plan built anew, in sentences; empty if the consent still fits."""
    if shown.hash == fresh.hash:
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

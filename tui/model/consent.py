"""Consent to a plan as values: what is asked of the operator, and what was answered."""

from __future__ import annotations

from dataclasses import dataclass

from tui.model.plan import Loss


@dataclass(frozen=True, slots=True)
class ConsentNeeds:
    """What a plan asks for before it may start; bound to the plan's hash.

    `environment` is the name to be typed (empty: not asked), `reason` whether one is asked,
    `oldest` the version to be typed, `losses` what is to be ticked one by one, `policy` what
    the change breaks (empty: nothing, and no break-glass reason is asked), `blocked` why no
    consent is enough (empty: nothing forbids it).
    """

    plan_hash: str
    environment: str = ""
    reason: bool = False
    oldest: str = ""
    losses: tuple[Loss, ...] = ()
    policy: str = ""
    blocked: str = ""


@dataclass(frozen=True, slots=True)
class Consent:
    """The operator's answer: the plan it is for, what was typed, and the losses ticked (keys)."""

    plan_hash: str
    environment: str = ""
    reason: str = ""
    oldest: str = ""
    ticked: frozenset[str] = frozenset()
    break_glass: str = ""

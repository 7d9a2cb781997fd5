"""Consent to a plan as values: what is asked of the operator, and what was answered."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ConsentNeeds:
    """What a plan asks for before it may start; bound to the plan's hash.

    `environment` is the name to be typed (empty: not asked), `reason` whether one is asked,
    `blocked` why no consent is enough (empty: nothing forbids it).
    """

    plan_hash: str
    environment: str = ""
    reason: bool = False
    blocked: str = ""


@dataclass(frozen=True, slots=True)
class Consent:
    """The operator's answer: the plan it is for, and what was typed."""

    plan_hash: str
    environment: str = ""
    reason: str = ""

"""Cards among what the console noticed about the hosts, and rules that cannot be used. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from tui.model.diagnosis_card import Card
from tui.model.diagnosis_rule import Weight
from tui.model.host import HostView
from tui.model.notice import HERE, Notice, Severity
from tui.model.unit import UnitWord
from tui.model.words import counted, duration

_SEVERITIES = {
    Weight.FAILING: Severity.FAILING,
    Weight.TROUBLE: Severity.STALE,
    Weight.HINT: Severity.HINT,
}
_KEYS = (("cards", "what it means"),)


def card_notices(
    cards: Sequence[Card], views: Sequence[HostView], now: float
) -> tuple[Notice, ...]:
    """The cards that are about the hosts' work, as notices; hints about the log stay in it.

    A failure from before the unit's present start is told as past: it may be mended.
    """
    by_host = {view.host: view for view in views}
    found = []
    for card in cards:
        if card.rule.weight is Weight.HINT:
            continue
        past = _past(card, by_host.get(card.host), now)
        severity = Severity.HINT if past else _SEVERITIES[card.rule.weight]
        often = "" if card.count == 1 else f"{counted(card.count, 'time')}, last "
        line = f"{often}{duration(max(0.0, now - card.last_us / 1e6))} ago"
        if past:
            line += ", before it was started last"
        found.append(Notice(severity, card.host, card.title, (line,), _KEYS))
    return tuple(found)


def _past(card: Card, view: HostView | None, now: float) -> bool:
    snapshot = view.snapshot if view is not None else None
    if snapshot is None or view is None or not view.fresh(now):
        return False
    lasted = snapshot.lasted_s(now)
    if lasted is None or snapshot.unit.word is not UnitWord.RUNNING:
        return False
    # By the host's own clock, as the card's time is.
    return card.last_us / 1e6 < now + (snapshot.machine.skew_s or 0.0) - lasted


def rule_notices(warnings: Sequence[str]) -> tuple[Notice, ...]:
    """A notice for each rule of diagnosis that was left out."""
    return tuple(
        Notice(Severity.HINT, HERE, "a rule of diagnosis cannot be used", (text,))
        for text in warnings
    )

"""A card: what a known failure means on one host, its evidence, what is safe to do. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tui.model.diagnosis import Finding
from tui.model.diagnosis_rule import Rule, Weight
from tui.model.journal import Entry
from tui.model.journal_text import stamp_of
from tui.model.words import counted

WEIGHTS = tuple(Weight)
LINE_SHOWN = 400


@dataclass(frozen=True, slots=True)
class Card:
    """One rule's findings on one host: how many, the first and the last of them.

    Times are microseconds since the epoch by the host's clock, 0 where the text has none.
    `entry` is the last line that showed it, `groups` what its patterns found there.
    """

    rule: Rule
    host: str
    entry: Entry
    groups: dict[str, str]
    count: int = 1
    first_us: int = 0
    last_us: int = 0

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from others: host and rule."""
        return self.host, self.rule.id

    @property
    def title(self) -> str:
        """The headline, with what was found in it."""
        return " ".join(self.rule.filled(self.rule.title, self.groups).split())

    @property
    def evidence(self) -> tuple[str, ...]:
        """What was found, a line each."""
        return self.rule.shown(self.groups)

    @property
    def line(self) -> str:
        """The first line of the entry, cut."""
        first = self.entry.message.split("\n", 1)[0]
        return first if len(first) <= LINE_SHOWN else f"{first[: LINE_SHOWN - 1]}…"

    @property
    def times(self) -> str:
        """`once, 2026-…Z` or `4 times, from … to …`."""
        often = "once" if self.count == 1 else counted(self.count, "time")
        if not self.last_us:
            return often
        if self.first_us == self.last_us:
            return f"{often}, {stamp_of(self.last_us)}"
        return f"{often}, {stamp_of(self.first_us)} to {stamp_of(self.last_us)}"


def card_of(finding: Finding) -> Card:
    """A finding as the first of its card."""
    entry = finding.entry
    return Card(finding.rule, entry.host, entry, finding.groups, 1, entry.at_us, entry.at_us)


def again(card: Card, finding: Finding) -> Card:
    """The card with one more finding."""
    at_us = finding.entry.at_us
    return replace(
        card,
        entry=finding.entry,
        groups=finding.groups,
        count=card.count + 1,
        first_us=min(card.first_us, at_us),
        last_us=max(card.last_us, at_us),
    )


def worst_first(cards: Sequence[Card]) -> list[Card]:
    """By weight, then the latest first."""
    return sorted(cards, key=lambda card: (WEIGHTS.index(card.rule.weight), -card.last_us))


def card_text(card: Card) -> str:
    """A card as lines of text."""
    lines = [
        f"{card.host or 'here'}  {card.title}  [{card.rule.weight.value}, {card.rule.id}]",
        f"    {card.times}",
        *(f"    {line}" for line in card.evidence),
        f"    line   {card.line}",
        f"    means  {card.rule.means}",
        f"    next   {card.rule.next}",
    ]
    return "\n".join(lines)


def cards_json(cards: Sequence[Card]) -> str:
    """Cards as one JSON document: a list of objects; times are null where the text has none."""
    said = [
        {
            "rule": card.rule.id,
            "weight": card.rule.weight.value,
            "host": card.host,
            "title": card.title,
            "count": card.count,
            "first_at": stamp_of(card.first_us) if card.first_us else None,
            "last_at": stamp_of(card.last_us) if card.last_us else None,
            "evidence": list(card.evidence),
            "line": card.line,
            "means": card.rule.means,
            "next": card.rule.next,
        }
        for card in cards
    ]
    return json.dumps(said, ensure_ascii=False, indent=2)

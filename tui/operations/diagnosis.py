"""Cards of an app's hosts: fed with the journal as it arrives, counted, linked, dismissed.

It reads and remembers; it never acts.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tui.model.diagnosis import Finding, Matcher
from tui.model.diagnosis_card import Card, again, card_of, worst_first
from tui.model.diagnosis_rule import Rule
from tui.model.journal import Entry

MARKED = 4096
"""Lines that keep their mark; of more, the oldest lose theirs."""
QUIET_US = 600_000_000
"""A dismissed card comes back when its failure was away for so long and is seen again."""
TICK_S = 1.0

LineKey = tuple[str, int, int | None]
"""Host, time and process: what stays of an entry while more lines are joined to it."""


def line_key(entry: Entry) -> LineKey:
    """What an entry is found by again."""
    return entry.host, entry.at_us, entry.pid


@dataclass(slots=True)
class _Dismissed:
    last_us: int


class Diagnosis:
    """The cards of all hosts. `rules` is asked once, at `load`; before it nothing is judged."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._matcher = Matcher(())
        self._cards: dict[tuple[str, str], Card] = {}
        self._dismissed: dict[tuple[str, str], _Dismissed] = {}
        self._lines: OrderedDict[LineKey, tuple[str, ...]] = OrderedDict()
        self._seen: dict[str, tuple[int, float]] = {}
        self._warnings: tuple[str, ...] = ()
        self.revision = 0

    def use(self, rules: Sequence[Rule], warnings: Sequence[str] = ()) -> None:
        """Judge by these from now on; `warnings` are of rules that could not be used."""
        self._matcher = Matcher(rules)
        self._warnings = tuple(warnings)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is wrong with rules: at their loading, and those put aside since."""
        slow = (f"the rule {name} {why}" for name, why in self._matcher.slow.items())
        return (*self._warnings, *slow)

    def take(self, host: str, entries: Sequence[Entry]) -> None:
        """The host's next entries."""
        for finding in self._matcher.judge(host, entries):
            self._note(finding)
        if entries:
            self._seen[host] = entries[-1].at_us, self._clock()

    def amend(self, host: str, entry: Entry) -> None:
        """The host's last entry, which has more lines now: counted once."""
        for finding in self._matcher.judge(host, (entry,)):
            if finding.rule.id not in self._lines.get(line_key(finding.entry), ()):
                self._note(finding)

    def tick(self) -> None:
        """Time passes: what was to be absent is absent by now."""
        now = self._clock()
        for host, (at_us, seen_at) in self._seen.items():
            # The host's own clock, as far as it has gone since its last line.
            for finding in self._matcher.tick(host, at_us + round((now - seen_at) * 1_000_000)):
                self._note(finding)

    def clear(self) -> None:
        """The journal is read anew: what was found goes, what was dismissed stays so."""
        rules, self._cards = self._matcher, {}
        self._matcher = rules.fresh()
        self._lines.clear()
        self._seen.clear()
        self.revision += 1

    def _note(self, finding: Finding) -> None:
        entry = finding.entry
        key = (entry.host, finding.rule.id)
        gone = self._dismissed.get(key)
        if gone is not None:
            if entry.at_us - gone.last_us < QUIET_US:
                gone.last_us = max(gone.last_us, entry.at_us)
            else:
                del self._dismissed[key]
        card = self._cards.get(key)
        self._cards[key] = card_of(finding) if card is None else again(card, finding)
        line = line_key(entry)
        self._lines[line] = (*self._lines.pop(line, ()), finding.rule.id)
        while len(self._lines) > MARKED:
            self._lines.popitem(last=False)
        self.revision += 1

    @property
    def cards(self) -> list[Card]:
        """What is not dismissed, worst first."""
        return worst_first([c for key, c in self._cards.items() if key not in self._dismissed])

    @property
    def dismissed(self) -> int:
        """How many cards are dismissed."""
        return sum(1 for key in self._dismissed if key in self._cards)

    def of(self, entry: Entry) -> list[Card]:
        """The cards of an entry, dismissed or not, worst first."""
        ids = self._lines.get(line_key(entry), ())
        found = (self._cards.get((entry.host, rule_id)) for rule_id in ids)
        return worst_first([card for card in found if card is not None])

    def marks(self, entry: Entry) -> bool:
        """Whether a card that is not dismissed is about this line."""
        ids = self._lines.get(line_key(entry))
        return ids is not None and any((entry.host, i) not in self._dismissed for i in ids)

    def dismiss(self, card: Card) -> None:
        """Take a card away until its failure was quiet for ten minutes and is seen again."""
        current = self._cards.get(card.key, card)
        self._dismissed[card.key] = _Dismissed(current.last_us)
        self.revision += 1

    def bring_back(self) -> int:
        """Show dismissed cards again; how many."""
        count = self.dismissed
        self._dismissed.clear()
        self.revision += 1
        return count

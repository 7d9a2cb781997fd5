"""Entries against the rules of diagnosis: one by one as they come, in bounded memory. Pure.

Most entries hold none of the rules' words and stop there. Patterns see the beginning and the end
of a long message only; one that is slow all the same is put aside with a reason.
"""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tui.model.diagnosis_rule import Rule, Speaker
from tui.model.journal import Entry, EntryKind

# The limit on a match's time is the filter's own: `re` has none.
from tui.model.patient_search import ALARM, TooSlow

HEAD, TAIL = 3072, 1024
"""Characters of a message's beginning and end that patterns see; of what lies between, none."""
PENDING = 64
"""Signs of one rule on one host that wait for what follows; the oldest go."""
SHAPES, SHAPE_LENGTH = 4096, 512
"""Lines without a word that are known again, and the longest of them."""
# Of bytes: twenty times as fast as of text.
_NUMBERS = bytes.maketrans(b"123456789", b"000000000")
_SPLIT = "_LINE_BREAK="
# Lines that call themselves info or debug, behind at most a time and some metadata.
_CALM = re.compile(r"(?:[\d:.,TZ\-]{8,32} ){0,2}(?:[\w.]{1,32}=\S{1,64} ){0,8}\[(?:info|debug)\]")
_SPEAKERS = {
    EntryKind.APP: (Speaker.APP, Speaker.ANY),
    EntryKind.UNIT: (Speaker.UNIT, Speaker.ANY),
    EntryKind.JOURNALD: (Speaker.JOURNALD, Speaker.ANY),
}


class Finding(NamedTuple):
    """A rule that fired: on which entry (the sign, not what followed), with which groups."""

    rule: Rule
    entry: Entry
    groups: dict[str, str]


@dataclass(slots=True)
class _Sign:
    entry: Entry
    groups: dict[str, str]


@dataclass(slots=True)
class _Watch:
    """What the rules that need more than one line remember of one host."""

    signs: dict[str, deque[_Sign]] = field(default_factory=lambda: defaultdict(_signs))
    until_us: int = 0


def _signs() -> deque[_Sign]:
    return deque(maxlen=PENDING)


class Matcher:
    """Judges entries of any number of hosts; `slow` has the ids of rules that were put aside.

    `speakers=False` is for text of which nobody knows who said it: every rule meets every line.
    """

    def __init__(self, rules: Sequence[Rule], *, speakers: bool = True) -> None:
        self._rules = tuple(rules)
        self._speakers = speakers
        self.slow: dict[str, str] = {}
        self._waits: dict[str, _Watch] = {}
        self._spanning = [rule for rule in rules if rule.spans and rule.at_least == 1]
        self._tables = {
            kind: _by_word(
                rule for rule in rules if not speakers or rule.said_by in _SPEAKERS[kind]
            )
            for kind in _SPEAKERS
        }
        self._calm = {
            kind: {w: kept for w, rs in table.items() if (kept := [r for r in rs if r.calm])}
            for kind, table in self._tables.items()
        }
        words = dict.fromkeys(word for rule in rules for word in rule.words)
        self._words = tuple((word, _shape(word)) for word in words)
        self._known: dict[bytes, tuple[str, ...]] = {}

    def fresh(self) -> Matcher:
        """One with the same rules that has seen nothing."""
        matcher = Matcher(self._rules, speakers=self._speakers)
        matcher.slow = self.slow
        return matcher

    def judge(self, host: str, entries: Iterable[Entry]) -> list[Finding]:
        """What the host's next entries show, in their order."""
        found: list[Finding] = []
        tables, calm, waits = self._tables, self._calm, self._waits
        known = self._known
        for entry in entries:
            kind = entry.kind
            message = entry.message
            if len(message) > HEAD + TAIL:
                message = _ends(message)
            if kind is EntryKind.GAP:
                continue
            if host in waits and waits[host].signs:
                found += self._go_on(waits[host], entry)
            # Without numbers the lines of a busy log are the same few; most hold no word.
            shape = _shape(message)
            words = known.get(shape)
            if words is None:
                words = self._learn(shape)
            if not words and not entry.line_break:
                continue
            table = (calm if _CALM.match(message) else tables)[kind]
            hits = [word for word in words if word in table and word in message]
            if entry.line_break and _SPLIT in table:
                hits.append(_SPLIT)
            if hits:
                for rule in dict.fromkeys(rule for word in hits for rule in table[word]):
                    found += self._meet(rule, host, entry)
        return found

    def _learn(self, shape: bytes) -> tuple[str, ...]:
        """The words that lines of a shape may hold."""
        words = tuple(word for word, bare in self._words if bare in shape)
        if len(shape) <= SHAPE_LENGTH:
            if len(self._known) >= SHAPES:
                self._known.clear()
            self._known[shape] = words
        return words

    def tick(self, host: str, at_us: int) -> list[Finding]:
        """What is shown by nothing having come on a host until `at_us`, by its own clock."""
        watch = self._waits.get(host)
        return self._expire(watch, at_us) if watch is not None else []

    def _meet(self, rule: Rule, host: str, entry: Entry) -> list[Finding]:
        match = self._search(rule, rule.sign, entry)
        if match is None:
            return []
        groups = _groups(match)
        if not rule.spans:
            return [Finding(rule, entry, groups)]
        if not entry.at_us:
            # Text without times: nobody can say what came within a span.
            return []
        signs = self._waits.setdefault(host, _Watch()).signs[rule.id]
        if rule.at_least == 1:
            if rule.never and self._search(rule, rule.never, entry):
                # Lines that belong together are one entry: what was to be absent is in it.
                return []
            if not signs or not same_event(signs[-1].entry, entry):
                signs.append(_Sign(entry, groups))
            return []
        while signs and signs[0].entry.at_us < entry.at_us - rule.within_s * 1_000_000:
            signs.popleft()
        if not signs or not same_event(signs[-1].entry, entry):
            signs.append(_Sign(entry, groups))
        if len(signs) < rule.at_least:
            return []
        signs.clear()
        return [Finding(rule, entry, groups)]

    def _go_on(self, watch: _Watch, entry: Entry) -> list[Finding]:
        """What waited for this entry, or for nothing to come until it."""
        found = self._expire(watch, entry.at_us)
        for rule in self._spanning:
            signs = watch.signs.get(rule.id)
            if not signs or (
                # What goes with systemd's word about the unit is systemd's too: not each line
                # of a flood has to be looked at.
                self._speakers
                and rule.said_by is Speaker.UNIT
                and entry.kind is EntryKind.APP
                and not rule.absent
            ):
                continue
            match = self._search(rule, rule.then, entry) if rule.then else None
            if match is not None:
                groups = _groups(match)
                for sign in [sign for sign in signs if _agree(sign, entry, groups)]:
                    signs.remove(sign)
                    found.append(Finding(rule, sign.entry, {**sign.groups, **groups}))
            elif rule.never is not None:
                match = self._search(rule, rule.never, entry)
                if match is not None:
                    groups = _groups(match)
                    kept = [sign for sign in signs if not _agree(sign, entry, groups)]
                    signs.clear()
                    signs.extend(kept)
            if not signs:
                del watch.signs[rule.id]
        return found

    def _expire(self, watch: _Watch, at_us: int) -> list[Finding]:
        found: list[Finding] = []
        for rule in self._spanning:
            signs = watch.signs.get(rule.id)
            while signs and signs[0].entry.at_us + rule.within_s * 1_000_000 < at_us:
                sign = signs.popleft()
                if not rule.followed_by:
                    found.append(Finding(rule, sign.entry, sign.groups))
            if signs is not None and not signs:
                del watch.signs[rule.id]
        return found

    def _search(self, rule: Rule, pattern: re.Pattern[str], entry: Entry) -> re.Match[str] | None:
        if rule.id in self.slow:
            return None
        text = seen_of(entry)
        try:
            return ALARM.search(pattern, text, 0, len(text))
        except TooSlow:
            self.slow[rule.id] = "takes too long on some lines and was put aside"
            return None


def _shape(text: str) -> bytes:
    return text.encode("utf-8", "replace").translate(_NUMBERS)


def seen_of(entry: Entry) -> str:
    """What of an entry the patterns see: its ends, and how journald split it."""
    text = entry.message
    if len(text) > HEAD + TAIL:
        text = f"{text[:HEAD]}\n{text[-TAIL:]}"
    return f"{text}\n_LINE_BREAK={entry.line_break}" if entry.line_break else text


def same_event(one: Entry, other: Entry) -> bool:
    """Whether two values are one event, of which more lines may have come since."""
    return one is other or (
        one.at_us == other.at_us
        and one.pid == other.pid
        and one.host == other.host
        and other.message.startswith(one.message)
    )


def _ends(message: str) -> str:
    return f"{message[:HEAD]}\n{message[-TAIL:]}"


def _by_word(rules: Iterable[Rule]) -> dict[str, list[Rule]]:
    table: dict[str, list[Rule]] = {}
    for rule in rules:
        for word in rule.words:
            table.setdefault(word, []).append(rule)
    return table


def _groups(match: re.Match[str]) -> dict[str, str]:
    return {name: value for name, value in match.groupdict().items() if value is not None}


def _agree(sign: _Sign, entry: Entry, groups: dict[str, str]) -> bool:
    """Whether an entry can be about the same as a sign: the same unit, the same groups."""
    units = {sign.entry.unit, entry.unit} - {""}
    return len(units) < 2 and all(groups.get(n, v) == v for n, v in sign.groups.items())

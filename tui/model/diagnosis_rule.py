"""A rule of diagnosis: which line means what, and what may safely be done about it. Pure.

Rules are data (tui/rules/*.toml); each carries the lines that prove it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from tui.model.flaw import Flaw


class Weight(StrEnum):
    """How much a card weighs: the app is down or goes down; it suffers; the logs deceive."""

    FAILING = "failing"
    TROUBLE = "trouble"
    HINT = "hint"


class Speaker(StrEnum):
    """Who must have said the line: the app, systemd about the unit, journald, or anybody."""

    APP = "app"
    UNIT = "unit"
    JOURNALD = "journald"
    ANY = "any"


SAMPLE_LIMIT = 4096
_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, eq=False)
class Rule:
    """One known failure.

    An entry is looked at if it holds one of `words` (as written), and is a sign if `pattern`
    is found in it. `followed_by` must be found within `within_s` on the same host, with nothing
    that `absent` finds in between; `absent` alone must not be found in that time. A group of the
    same name in two patterns must be the same text. `at_least`: so many signs within `within_s`.
    `calm`: lines that call themselves info or debug count as well. In `title` and `evidence`,
    `{name}` is a group of the patterns; a line of evidence whose groups are empty is left out.
    """

    id: str
    title: str
    pattern: str
    words: tuple[str, ...]
    means: str
    next: str
    match: tuple[str, ...]
    no_match: tuple[str, ...] = ()
    weight: Weight = Weight.TROUBLE
    said_by: Speaker = Speaker.APP
    calm: bool = False
    followed_by: str = ""
    absent: str = ""
    within_s: float = 0.0
    at_least: int = 1
    evidence: tuple[str, ...] = ()

    @cached_property
    def sign(self) -> re.Pattern[str]:
        """`pattern`, compiled when it is first needed."""
        return re.compile(self.pattern, re.MULTILINE)

    @cached_property
    def then(self) -> re.Pattern[str] | None:
        """`followed_by`, compiled."""
        return re.compile(self.followed_by, re.MULTILINE) if self.followed_by else None

    @cached_property
    def never(self) -> re.Pattern[str] | None:
        """`absent`, compiled."""
        return re.compile(self.absent, re.MULTILINE) if self.absent else None

    @property
    def spans(self) -> bool:
        """Whether one line alone does not tell."""
        return bool(self.followed_by or self.absent or self.at_least > 1)

    def filled(self, text: str, groups: dict[str, str]) -> str:
        """`text` with what the patterns found in its `{name}`s."""
        return _SLOT.sub(lambda slot: groups.get(slot[1], ""), text)

    def shown(self, groups: dict[str, str]) -> tuple[str, ...]:
        """The lines of evidence for which something was found."""
        return tuple(
            self.filled(line, groups)
            for line in self.evidence
            if all(groups.get(name) for name in _SLOT.findall(line))
        )


def flaws_of_rule(rule: Rule) -> Iterator[Flaw]:
    """What is wrong with a rule beyond its types, each at its key."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{1,40}", rule.id):
        yield Flaw(("id",), "must be 2 to 41 small letters, digits and hyphens")
    for key in ("title", "means", "next"):
        if not getattr(rule, key).strip():
            yield Flaw((key,), "must not be empty")
    if not rule.words or any(len(word) < 3 for word in rule.words):
        yield Flaw(("words",), "needs texts of 3 characters or more, one of which is in the line")
    if not rule.match:
        yield Flaw(("match",), "needs a sample of what it finds")
    if rule.spans and not 0 < rule.within_s <= 3600:
        yield Flaw(("within_s",), "must be between 0 and 3600 seconds")
    if rule.at_least < 1 or (rule.at_least > 1 and (rule.followed_by or rule.absent)):
        yield Flaw(("at_least",), "must be 1 or more, and goes with neither followed_by nor absent")
    yield from _flaws_of_patterns(rule)


def _flaws_of_patterns(rule: Rule) -> Iterator[Flaw]:
    groups: set[str] = set()
    for key in ("pattern", "followed_by", "absent"):
        text: str = getattr(rule, key)
        if key == "pattern" and not text:
            yield Flaw((key,), "must not be empty")
        try:
            groups |= set(re.compile(text, re.MULTILINE).groupindex)
        except (re.error, OverflowError, RecursionError) as error:
            yield Flaw((key,), f"is no regular expression: {error}")
            return
    for key, texts in (("title", (rule.title,)), ("evidence", rule.evidence)):
        for name in (name for text in texts for name in _SLOT.findall(text)):
            if name not in groups:
                yield Flaw((key,), f"names {{{name}}}, which is no group of its patterns")

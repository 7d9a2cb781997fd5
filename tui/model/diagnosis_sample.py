"""A rule's samples: lines that it must and must not find, as the rule's author writes them. Pure.

A sample is one entry, of one line or several. With times it is several entries: each begins with
`+SECONDS` and, where somebody else speaks than the rule says, `app`, `unit` or `journald`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tui.model.diagnosis import Finding, Matcher
from tui.model.diagnosis_rule import Rule, Speaker
from tui.model.flaw import Flaw
from tui.model.journal import Entry, EntryKind, Level

BEGIN_US = 1_528_081_680_000_000
_NEW = re.compile(r"^\+(\d+(?:\.\d+)?)(?: (app|unit|journald))? ", re.MULTILINE)
_KINDS = {
    "app": EntryKind.APP,
    "any": EntryKind.APP,
    "unit": EntryKind.UNIT,
    "journald": EntryKind.JOURNALD,
}


def entries_of(sample: str, said_by: Speaker) -> list[Entry]:
    """The entries of a sample."""
    text = sample.strip("\n")
    if text.startswith("_LINE_BREAK="):
        reason, _, message = text.partition(" ")
        return [_entry(message, 0.0, said_by.value)._replace(line_break=reason.partition("=")[2])]
    begins = list(_NEW.finditer(text))
    if not begins or begins[0].start():
        return [_entry(text, 0.0, said_by.value)]
    ends = [*(begin.start() for begin in begins[1:]), len(text)]
    return [
        _entry(text[begin.end() : end].rstrip("\n"), float(begin[1]), begin[2] or said_by.value)
        for begin, end in zip(begins, ends, strict=True)
    ]


def _entry(message: str, at_s: float, kind: str) -> Entry:
    at_us = BEGIN_US + round(at_s * 1_000_000)
    return Entry("web1", at_us, Level.INFO, _KINDS[kind], message, cursor=f"s={at_us}")


def found_in(rule: Rule, sample: str) -> tuple[list[Finding], Matcher]:
    """What the rule finds in a sample, by itself."""
    matcher = Matcher((rule,))
    return matcher.judge("web1", entries_of(sample, rule.said_by)), matcher


def sample_flaws(rule: Rule) -> Iterator[Flaw]:
    """Each sample on which the rule errs."""
    for index, sample in enumerate(rule.match):
        found, matcher = found_in(rule, sample)
        if matcher.slow:
            yield Flaw(("pattern",), matcher.slow[rule.id])
            return
        if not found:
            yield Flaw(("match", index), "is not found by the rule")
    for index, sample in enumerate(rule.no_match):
        if found_in(rule, sample)[0]:
            yield Flaw(("no_match", index), "is found by the rule")

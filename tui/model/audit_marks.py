"""The marks that steps leave in their hosts' journals, beside the audit that must know of each.

A chain does not show that its last lines were cut off, or that all of it was written anew. Each
mark carries the hash of an audit record: one whose hash the audit lacks tells both. Pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tui.model.words import stamp

IDENTIFIER = "beamdeck-audit"
"""The marks' SYSLOG_IDENTIFIER."""

_MARK = re.compile(
    r"op=(?P<op>[A-Za-z0-9-]{1,80})(?: by=(?P<by>\S{1,200}))? step=(?P<step>\d{1,4}) "
    r"(?P<words>.{0,2000}) audit=(?P<hash>[0-9a-f]{64})\Z",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Mark:
    """One line that a host holds. `at_s`: Unix seconds by its clock; `by`: user@machine, empty
    where an earlier version left it; `step` counts from 1; `digest` is the audit record's hash."""

    host: str
    at_s: float
    op: str
    by: str
    step: int
    words: str
    digest: str

    @property
    def sentence(self) -> str:
        """The mark as one line."""
        by = f" by {self.by}" if self.by else ""
        return f"{self.host} {stamp(self.at_s)}: {self.op}{by} step {self.step} {self.words}"


def who_words(user: str, machine: str) -> str:
    """Who acts, as one word of a mark."""
    return f"{_word(user)}@{_word(machine)}"


def mark_text(op: str, by: str, step: int, words: str, digest: str) -> str:
    """The text of a mark; `step` counts from 1."""
    return f"op={op} by={by} step={step} {words} audit={digest}"


def _word(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "_", text) or "_"


def read_mark(host: str, at_s: float, text: str) -> Mark | None:
    """The mark of a line; None if it is none."""
    found = _MARK.match(text)
    if found is None:
        return None
    step, digest = int(found["step"]), found["hash"]
    return Mark(host, at_s, found["op"], found["by"] or "", step, found["words"], digest)


@dataclass(frozen=True, slots=True)
class MarksJudged:
    """Marks that the audit holds, that others left, and that it lacks though they are its own."""

    held: tuple[Mark, ...]
    others: tuple[Mark, ...]
    lacking: tuple[Mark, ...]


def judge_marks(lines: Iterable[bytes], marks: Sequence[Mark], me: str) -> MarksJudged:
    """Look each mark up in the audit's lines; `me` is `who_words` of the audit's operator.

    A mark is the audit's own if it names `me`, or its operation is in the audit. One older than
    the audit's first record is not: the file was moved aside before.
    """
    records = list(_records(lines))
    hashes = {str(record.get("hash")) for record in records}
    ops = {str(record["op"]) for record in records if record.get("op")}
    first_s = min((_at(record) for record in records), default=0.0)
    held, others, lacking = list[Mark](), list[Mark](), list[Mark]()
    for mark in marks:
        own = mark.op in ops or (mark.by == me and mark.at_s >= first_s - _SKEW_S)
        kind = held if mark.digest in hashes else lacking if own else others
        kind.append(mark)
    return MarksJudged(tuple(held), tuple(others), tuple(lacking))


_SKEW_S = 60.0
"""Seconds by which a host's clock may be behind this machine's."""


def _records(lines: Iterable[bytes]) -> Iterable[Mapping[str, object]]:
    for line in lines:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            # The chain's own check names it.
            continue
        if isinstance(record, dict):
            yield record


def _at(record: Mapping[str, object]) -> float:
    try:
        return datetime.fromisoformat(str(record.get("utc"))).timestamp()
    except ValueError:
        return float("inf")

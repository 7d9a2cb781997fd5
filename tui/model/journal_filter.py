"""Which entries are shown: text or regex, level and hosts, compiled once.

A pattern of the operator meets lines that others wrote; whatever both are, one line takes a
quarter of a second at most, and the pattern that takes longer is given up with a reason.
"""

from __future__ import annotations

import re
import warnings
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field

from tui.model.journal import Entry, EntryKind, Level
from tui.model.patient_search import ALARM, TooSlow

# What of a message is searched by a regex; text is searched in the whole of it.
SEARCHED = 4096
TOO_SLOW = (
    "this pattern takes too long on some lines and was given up: "
    "avoid repeats inside repeats, like (a+)+"
)
_CONTEXT = (EntryKind.UNIT, EntryKind.JOURNALD, EntryKind.GAP)
_REPEAT = re.compile(r"[*+]|\{\d*,\d*\}")
# A group that is repeated may hold repeats or alternatives: exponential, on thirty characters.
_LOOP = re.compile(r"\)(?:[*+]|\{)")
# Else n open-ended repeats take the n-th power of the length; below this the alarm costs more.
_CHEAP_STEPS = 1_000_000


@dataclass(frozen=True)
class Filter:
    """What an entry must be to be shown. `level`: that or worse; no hosts: every host.

    A `!` in front of the text (or a `-`, unless it is a regex) shows what does not have it, unless
    `negate` says whether that is so: then the text is as it stands.
    What systemd says of the unit, what journald dropped and gaps pass every level: they are the
    context. A filter with a `problem` lets every text pass.
    """

    text: str = ""
    regex: bool = False
    ignore_case: bool = True
    level: Level | None = None
    hosts: frozenset[str] = frozenset()
    negate: bool | None = None
    _find: Callable[[str, int], tuple[int, int] | None] | None = field(
        init=False, default=None, repr=False, compare=False
    )
    _problems: list[str] = field(init=False, default_factory=list, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.wanted:
            return
        find = self._regex_finder() if self.regex else _text_finder(self.wanted, self.ignore_case)
        object.__setattr__(self, "_find", find)

    @property
    def negated(self) -> bool:
        """Whether the text says what must not be there."""
        if self.negate is not None:
            return self.negate
        return len(self.text) > 1 and self.text[0] in ("!" if self.regex else "!-")

    @property
    def wanted(self) -> str:
        """The text or pattern itself, without the sign that negates it."""
        return self.text[1:] if self.negated and self.negate is None else self.text

    @property
    def problem(self) -> str:
        """Why the text cannot be used, as a sentence; `""` if it can."""
        return self._problems[0] if self._problems else ""

    @property
    def empty(self) -> bool:
        """Whether every entry passes."""
        return not self.text and self.level is None and not self.hosts

    def matches(self, entry: Entry) -> bool:
        """Whether the entry is to be shown."""
        if self.hosts and entry.host not in self.hosts:
            return False
        if self.level is not None and entry.level > self.level and entry.kind not in _CONTEXT:
            return False
        if self._find is None or entry.kind is EntryKind.GAP:
            return True
        found = self.found_in(entry.message)
        return self._find is None or found is not self.negated

    def found_in(self, message: str) -> bool:
        """Whether the text or pattern is in `message`, whatever the filter makes of it."""
        if self._find is None:
            return False
        try:
            return self._find(message, 0) is not None
        except TooSlow:
            self._give_up()
            return False

    def spans(self, message: str, limit: int = 100) -> list[tuple[int, int]]:
        """Where the text stands in `message`, as (start, end), at most `limit`; [] if negated."""
        spans: list[tuple[int, int]] = []
        if self._find is None or self.negated:
            return spans
        start = 0
        try:
            # Behind the end a pattern that matches nothing would match nothing for ever.
            while start <= len(message) and len(spans) < limit:
                found = self._find(message, start)
                if found is None:
                    break
                start = max(found[1], found[0] + 1)
                if found[1] > found[0]:
                    spans.append(found)
        except TooSlow:
            self._give_up()
        return spans

    def _give_up(self) -> None:
        self._problems.append(TOO_SLOW)
        object.__setattr__(self, "_find", None)

    def _regex_finder(self) -> Callable[[str, int], tuple[int, int] | None] | None:
        flags = re.IGNORECASE if self.ignore_case else re.NOFLAG
        try:
            with warnings.catch_warnings():
                # `[[` means something else in other languages' patterns, and some day here: typed
                # into a filter it is what it says.
                warnings.simplefilter("ignore", FutureWarning)
                pattern = re.compile(self.wanted, flags)
        except (re.error, OverflowError, RecursionError) as error:
            self._problems.append(
                _explained(error, before=int(self.negated and self.negate is None))
            )
            return None
        repeats = len(_REPEAT.findall(self.wanted))
        loops = _LOOP.search(self.wanted) is not None

        def find(message: str, start: int) -> tuple[int, int] | None:
            if loops or min(len(message), SEARCHED) ** repeats > _CHEAP_STEPS:
                found = ALARM.search(pattern, message, start, SEARCHED)
            else:
                found = pattern.search(message, start, SEARCHED)
            return None if found is None else found.span()

        return find


def _text_finder(wanted: str, ignore_case: bool) -> Callable[[str, int], tuple[int, int] | None]:
    length = len(wanted)
    if not ignore_case:

        def find_exact(message: str, start: int) -> tuple[int, int] | None:
            at = message.find(wanted, start)
            return None if at < 0 else (at, at + length)

        return find_exact
    lowered = wanted.lower()
    low_length = len(lowered)

    def find_any_case(message: str, start: int) -> tuple[int, int] | None:
        low = message.lower()
        if len(low) != len(message):
            return _find_shifted(message, lowered, start)
        at = low.find(lowered, start)
        return None if at < 0 else (at, at + low_length)

    return find_any_case


def _find_shifted(message: str, lowered: str, start: int) -> tuple[int, int] | None:
    """As `find_any_case`, in a message that is longer in lower case, as with `İ`."""
    places = [place for place, char in enumerate(message) for _ in char.lower()]
    at = message.lower().find(lowered, bisect_left(places, start))
    return None if at < 0 else (places[at], places[at + len(lowered) - 1] + 1)


def _explained(error: Exception, before: int) -> str:
    """The problem with its place in what was typed; `before` is the length of the sign there."""
    if isinstance(error, re.error):
        place = "" if error.pos is None else f" at character {error.pos + 1 + before}"
        return f"not a regular expression{place}: {error.msg}"
    return f"not a usable regular expression: {error}"

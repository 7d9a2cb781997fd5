"""edeliver's auto-versions, `BASE+F1-F2-…`, taken apart for people. Pure.

A branch may hold `-`, so that splitting is not enough: fields of a fixed look are anchored. With
the configured order the parts are exact; without it they are told by their look, and a text that
fits no look is the branch.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

_REVISION = re.compile(r"[0-9a-f]{7,40}")
_FIELDS = {
    "revision": ("revision", r"[0-9a-f]{4,40}"),
    "date": ("date", r"\d{8}"),
    "time": ("time", r"\d{6}"),
    "branch": ("branch", r"[A-Za-z0-9-]+"),
    "branch-unless-master": ("branch", r"[A-Za-z0-9-]+"),
    "commit-count": ("commits", r"\d+"),
    "mix-env": ("mix_env", r"[a-z0-9_]+"),
}
_PREFIX = re.compile(r"(?:append-)?(?:git-|build-)?")


@dataclass(frozen=True, slots=True)
class AutoVersion:
    """The parts of a release version; empty where it has none. `date` is YYYY-MM-DD."""

    base: str
    date: str = ""
    time: str = ""
    branch: str = ""
    revision: str = ""
    commits: str = ""
    mix_env: str = ""

    @property
    def auto(self) -> bool:
        """Whether anything stands behind the base."""
        return self != AutoVersion(self.base)

    @property
    def words(self) -> str:
        """The parts behind the base, for people: `2018-05-27 master 6bfed7e`."""
        count = f"commit {self.commits}" if self.commits else ""
        parts = (self.date, self.time, self.branch, self.revision, count, self.mix_env)
        return " ".join(part for part in parts if part)


def parse_auto_version(version: str, order: Sequence[str] = ()) -> AutoVersion:
    """The parts of `version`; `order` are edeliver's field names as AUTO_VERSION lists them.

    A text that does not fit the order is told by its look, as without one.
    """
    base, plus, rest = version.partition("+")
    if not plus or not rest:
        return AutoVersion(base)
    return _by_order(base, rest, order) or _by_look(base, rest)


def _by_order(base: str, rest: str, order: Sequence[str]) -> AutoVersion | None:
    pieces: list[str] = []
    for name in order:
        plain = _PREFIX.sub("", name, count=1)
        if plain.startswith("commit-count"):
            plain = "commit-count"
        if plain not in _FIELDS:
            return None
        field, look = _FIELDS[plain]
        if f"(?P<{field}>" in "".join(pieces):
            return None
        piece = f"(?P<{field}>{look})"
        dash = "-" if pieces else ""
        pieces.append(f"(?:{dash}{piece})?" if plain == "branch-unless-master" else dash + piece)
    fits = re.fullmatch("".join(pieces), rest) if pieces else None
    if fits is None:
        return None
    found = {name: value or "" for name, value in fits.groupdict().items()}
    found["date"] = _date(found.get("date", ""))
    if fits.groupdict().get("date") and not found["date"]:
        return None
    found["time"] = _time(found.get("time", ""))
    return AutoVersion(base, **found)


def _by_look(base: str, rest: str) -> AutoVersion:
    words = rest.split("-")
    date = time = revision = commits = ""
    for at in (0, -1):
        if words and not date and _date(words[at]):
            date = _date(words.pop(at))
            if words and at == 0 and _time(words[0]):
                time = _time(words.pop(0))
    # The revision mostly stands last; in front it counts only if none stands there.
    for at in (-1, 0):
        if words and not revision and _REVISION.fullmatch(words[at]):
            revision = words.pop(at)
    for at in (0, -1):
        if words and not date and _date(words[at]):
            date = _date(words.pop(at))
    if len(words) == 1 and words[0].isascii() and words[0].isdigit():
        commits = words.pop()
    return AutoVersion(base, date, time, "-".join(words), revision, commits)


def _date(word: str) -> str:
    """YYYYMMDD of this or the last century as YYYY-MM-DD; empty if it is no date."""
    if not re.fullmatch(r"(?:19|20)\d{6}", word):
        return ""
    try:
        return datetime.strptime(word, "%Y%m%d").replace(tzinfo=UTC).strftime("%Y-%m-%d")
    except ValueError:
        return ""


def _time(word: str) -> str:
    """HHMMSS as HH:MM:SS; empty if it is no time of the day."""
    if not re.fullmatch(r"(?:[01]\d|2[0-3])[0-5]\d[0-5]\d", word):
        return ""
    return f"{word[:2]}:{word[2:4]}:{word[4:]}"

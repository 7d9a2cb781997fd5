"""Texts of which one must be in whatever a regular expression finds: they can be looked for fast.

It reads a pattern only as far as it is sure; where it is not, there are no needles. Pure.
"""

from __future__ import annotations

import re

_SPECIAL = frozenset(".^$*+?{}[]|()\\")
_BREAKS = frozenset("dDwWsSbBAZnrtfva")
_FLAGS = re.compile(r"\(\?[aiLmsux-]")


def needles_of(pattern: str) -> tuple[tuple[str, ...], ...]:
    """For each alternative of a valid pattern the texts that every match of it holds, longest
    first, each of at least two characters; none at all if an alternative has none."""
    if _FLAGS.search(pattern):
        return ()
    found: list[tuple[str, ...]] = []
    for branch in _branches(pattern):
        runs = {run for run in _runs(branch) if len(run) > 1}
        if not runs:
            return ()
        found.append(tuple(sorted(runs, key=lambda run: (-len(run), run))))
    return tuple(found)


def is_plain(pattern: str) -> bool:
    """Whether a pattern is nothing but texts between `|`."""
    return not _SPECIAL.difference("|").intersection(pattern)


def _branches(pattern: str) -> list[str]:
    """The alternatives at the top, groups and classes left out of them as `.`"""
    branches = [""]
    at, end = 0, len(pattern)
    while at < end:
        char = pattern[at]
        if char == "|":
            branches.append("")
        elif char == "\\":
            branches[-1] += pattern[at : at + 2]
            at += 1
        elif char == "[":
            at = _behind_class(pattern, at) - 1
            branches[-1] += "."
        elif char == "(":
            at = _behind_group(pattern, at) - 1
            branches[-1] += "."
        else:
            branches[-1] += char
        at += 1
    return branches


def _behind_class(pattern: str, at: int) -> int:
    at += 1
    if pattern.startswith("^", at):
        at += 1
    # A bracket that stands first is one of the class.
    at += 1 if pattern[at : at + 1] != "\\" else 2
    while at < len(pattern) and pattern[at] != "]":
        at += 2 if pattern[at] == "\\" else 1
    return at + 1


def _behind_group(pattern: str, at: int) -> int:
    depth = 0
    while at < len(pattern):
        char = pattern[at]
        if char == "\\":
            at += 1
        elif char == "[":
            at = _behind_class(pattern, at) - 1
        elif char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
            if not depth:
                return at + 1
        at += 1
    return at


def _runs(branch: str) -> list[str]:
    """Stretches of a branch that stand in every match as they are."""
    runs = [""]
    at = 0
    while at < len(branch):
        char = branch[at]
        if char == "\\":
            at += 1
            char = branch[at : at + 1]
            if char.isalnum() and char not in _BREAKS:
                # A number, a name or a code: what follows belongs to it.
                return []
            if char.isalnum():
                runs.append("")
            else:
                runs[-1] += char
        elif char in "*?{":
            # The one before may be absent. What is in braces would be digits.
            runs[-1] = runs[-1][:-1]
            if char == "{":
                at = max(at, branch.find("}", at))
            runs.append("")
        elif char in _SPECIAL:
            runs.append("")
        else:
            runs[-1] += char
        at += 1
    return runs

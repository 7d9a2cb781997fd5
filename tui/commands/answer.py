"""Answers of the console's own read scripts: lines of `name=value`, closed by `end=1`. Pure."""

from __future__ import annotations

from tui.model.redact import from_host

Said = dict[str, tuple[str, ...]]
"""The values that were said under each name, in order."""


def parse_said(answer: bytes) -> Said:
    """The lines of an answer, scrubbed and redacted; ValueError if it did not come whole."""
    said: dict[str, list[str]] = {}
    for line in answer.split(b"\n"):
        name, is_said, value = line.partition(b"=")
        if is_said:
            word = name.decode("ascii", "replace")
            said.setdefault(word, []).append(str(from_host(value, limit=1000)))
    if "end" not in said:
        raise ValueError("the host did not answer every question")
    return {name: tuple(values) for name, values in said.items()}


def first(said: Said, name: str) -> str:
    """What was said first under a name, empty if nothing was."""
    return next(iter(said.get(name, ())), "")

"""Which steps of a plan share a line: those that only take or give back locks, side by side."""

from __future__ import annotations

from collections.abc import Sequence

from tui.model.lock import locks_or_unlocks
from tui.model.plan import Step

Group = tuple[int, ...]
"""Indices (0-based) of the steps of one line; more than one only for locks of several hosts."""


def step_groups(steps: Sequence[Step]) -> tuple[Group, ...]:
    """The steps of a plan by lines, in order."""
    found: list[Group] = []
    for index, step in enumerate(steps):
        before = steps[found[-1][0]] if found else None
        if before is not None and locks_or_unlocks(step) and before.kind == step.kind:
            found[-1] = (*found[-1], index)
        else:
            found.append((index,))
    return tuple(found)


def group_numbers(group: Group) -> str:
    """The numbers of a line's steps as people count: `3`, `1-2`."""
    first, last = group[0] + 1, group[-1] + 1
    return str(first) if first == last else f"{first}-{last}"


def group_hosts(steps: Sequence[Step], group: Group) -> str:
    """The hosts of a line's steps: `web1, web2`."""
    return ", ".join(steps[index].host for index in group)

"""The odd one out: where one host of an app differs from the others, as words. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from tui.model.host import HostSnapshot, HostView

SKEW_SHOWN_S = 2.0
GONE_AFTER_S = 120.0
"""A snapshot so much older than the newest one has no vote on what is usual."""


def skewed(snapshot: HostSnapshot) -> bool:
    """Whether the host's clock is off by more than can be the measurement's own error."""
    skew = snapshot.machine.skew_s
    return skew is not None and abs(skew) > SKEW_SHOWN_S + snapshot.rtt_s / 2


def odd_ones(views: Sequence[HostView]) -> dict[str, tuple[str, ...]]:
    """Words by host name for what sets it apart: `version`, `boots`, `state`, `clock`.

    The odd one differs from what most hosts have; without a majority nobody is odd in that.
    """
    told = [view.snapshot for view in views if view.snapshot is not None]
    newest = max((snapshot.taken_at for snapshot in told), default=0.0)
    # A host that is long gone neither outvotes the living nor is odd itself.
    snapshots = [snapshot for snapshot in told if newest - snapshot.taken_at < GONE_AFTER_S]
    words: dict[str, list[str]] = {snapshot.host: [] for snapshot in snapshots}
    kinds: tuple[tuple[str, Callable[[HostSnapshot], str | None]], ...] = (
        ("version", lambda s: s.release.runs),
        ("boots", lambda s: s.release.boots),
        ("state", lambda s: str(s.unit.word)),
    )
    for word, read in kinds:
        usual = _majority([read(snapshot) for snapshot in snapshots])
        for snapshot in snapshots:
            if usual is not None and read(snapshot) not in (usual, None):
                words[snapshot.host].append(word)
    for snapshot in snapshots:
        if skewed(snapshot):
            words[snapshot.host].append("clock")
    return {host: tuple(found) for host, found in words.items() if found}


def _majority(values: Sequence[str | None]) -> str | None:
    known = [value for value in values if value is not None]
    if not known:
        return None
    value, count = Counter(known).most_common(1)[0]
    return value if count * 2 > len(known) else None

"""The odd one out: where one host of an app differs from the others, as words. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tui.model.host import HostSnapshot, HostView

SKEW_SHOWN_S = 2.0
GONE_AFTER_S = 120.0
"""A snapshot so much older than the newest one has no vote on what is usual."""

WORDS = ("version", "boots", "state", "clock", "restart", "reload")
"""What sets a host apart: it runs or boots another version than most, its unit is in another
state, its clock is off; a restart would change its version, systemd wants a daemon-reload."""


@dataclass(frozen=True, slots=True)
class Usual:
    """What most of the hosts have; None where no value has a majority."""

    version: str | None = None
    boots: str | None = None
    state: str | None = None


def usual(views: Sequence[HostView]) -> Usual:
    """What most of the hosts have in common."""
    near = list(_near(views))
    return Usual(
        _majority(s.release.runs for s in near),
        _majority(s.release.boots for s in near),
        _majority(str(s.unit.word) for s in near),
    )


def skewed(snapshot: HostSnapshot) -> bool:
    """Whether the host's clock is off by more than can be the measurement's own error."""
    skew = snapshot.machine.skew_s
    return skew is not None and abs(skew) > SKEW_SHOWN_S + snapshot.rtt_s / 2


def own_skew_s(views: Sequence[HostView]) -> float | None:
    """How far this machine's clock is off, seconds ahead, if that is what sets it apart.

    Told by two hosts or more, all of them off by the same.
    """
    near = list(_near(views))
    skews = [s.machine.skew_s for s in near if s.machine.skew_s is not None and skewed(s)]
    if len(skews) < 2 or len(skews) < len(near) or max(skews) - min(skews) > SKEW_SHOWN_S:
        return None
    return -sum(skews) / len(skews)


def odd_ones(views: Sequence[HostView]) -> dict[str, tuple[str, ...]]:
    """WORDS by host name for what sets it apart; hosts that are like most are left out.

    The odd one differs from what most hosts have; without a majority nobody is odd in that.
    A host that is long gone neither outvotes the living nor is odd itself.
    """
    most, ours = usual(views), own_skew_s(views) is not None
    kinds: dict[str, Callable[[HostSnapshot], bool]] = {
        "version": lambda s: _differs(s.release.runs, most.version),
        "boots": lambda s: _differs(s.release.boots, most.boots),
        "state": lambda s: _differs(str(s.unit.word), most.state),
        "clock": lambda s: skewed(s) and not ours,
        "restart": lambda s: s.release.restart_changes,
        "reload": lambda s: s.unit.need_daemon_reload,
    }
    found = {s.host: tuple(word for word in WORDS if kinds[word](s)) for s in _near(views)}
    return {host: words for host, words in found.items() if words}


def _near(views: Sequence[HostView]) -> Iterable[HostSnapshot]:
    told = [view.snapshot for view in views if view.snapshot is not None]
    newest = max((snapshot.taken_at for snapshot in told), default=0.0)
    return (snapshot for snapshot in told if newest - snapshot.taken_at < GONE_AFTER_S)


def _differs(value: str | None, most: str | None) -> bool:
    return most is not None and value is not None and value != most


def _majority(values: Iterable[str | None]) -> str | None:
    known = [value for value in values if value is not None]
    if not known:
        return None
    value, count = Counter(known).most_common(1)[0]
    return value if count * 2 > len(known) else None

"""Whether a unit dies again and again, told from its count of restarts. Pure.

Between two deaths a looping unit is `active` for a while: one look at it tells nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tui.model.unit import UnitFacts

CALM_S = 30.0
"""A unit that stays up for so long, and for twice the time between its last deaths, is over it."""
MEMORY_S = 300.0
"""Two deaths further apart than this are two deaths, not a loop."""
YOUNG_S = 10.0
"""Restarted more than once and up for less than this: a loop, though nobody saw it die."""


@dataclass(frozen=True, slots=True)
class LoopMemory:
    """What was seen of a unit's restarts; times are Unix seconds of our clock."""

    restarts: int | None = None
    died_at: float | None = None
    apart_s: float | None = None

    def seen(self, unit: UnitFacts, now: float, host_now: float | None) -> LoopMemory:
        """With another look at `now`; `host_now` is the host's own clock then.

        A restart by hand sets the unit's count back: then what was before no longer counts.
        """
        count = unit.restarts
        if count is None:
            return self
        if self.restarts is None or count < self.restarts:
            return _first_look(unit, count, now, host_now)
        if count == self.restarts:
            return self
        rise = count - self.restarts
        if self.died_at is None:
            # Deaths before the first look count, but nothing is known of when they were.
            apart = CALM_S / 2 if count > 1 else None
        else:
            apart = (now - self.died_at) / rise
        return replace(self, restarts=count, died_at=now, apart_s=apart)

    def looping(self, now: float) -> bool:
        """Whether it must be expected to die again soon."""
        if self.died_at is None or self.apart_s is None or self.apart_s > MEMORY_S:
            return False
        return now - self.died_at < max(CALM_S, 2 * self.apart_s)


def _first_look(unit: UnitFacts, count: int, now: float, host_now: float | None) -> LoopMemory:
    if count > 1 and unit.since is not None and host_now is not None:
        up_s = max(0.0, host_now - unit.since)
        if up_s < YOUNG_S:
            return LoopMemory(count, now - up_s, CALM_S / 2)
    return LoopMemory(count)

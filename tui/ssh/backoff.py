"""When to try again: full jitter as a value, no clock and no sleep of its own."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Full jitter: a uniform draw below a window that doubles up to a cap. Seconds.

    The first window is twice the base, so a first try comes within a second and a fleet that
    lost its links together does not come back together.
    """

    base_s: float = 0.5
    cap_s: float = 30.0
    healthy_s: float = 60.0

    def window_s(self, attempt: int) -> float:
        """The longest wait before the `attempt`-th try in a row, counted from 1."""
        return min(self.cap_s, self.base_s * 2.0 ** min(attempt, 32))

    def wait_s(self, attempt: int, chance: random.Random) -> float:
        """The wait before the `attempt`-th try in a row."""
        return chance.uniform(0.0, self.window_s(attempt))

    def starts_over(self, lived_s: float) -> bool:
        """Whether a link that lived so long was healthy: the next loss counts from 1 again."""
        return lived_s >= self.healthy_s

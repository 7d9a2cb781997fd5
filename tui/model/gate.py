"""Leave to change: the grant that a plan carries, and the lock's state as a value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Grant:
    """Leave to change, bound to one plan's hash; given by the gate, checked in the transport."""

    plan_hash: str
    token: str


@dataclass(frozen=True, slots=True)
class LockState:
    """Whether an environment takes changes now; `until` is Unix seconds, None when not timed.

    A production environment is locked unless unlocked for a time; others are open.
    """

    production: bool
    until: float | None = None
    reason: str = ""

    def locked(self, now: float) -> bool:
        """Whether no new plan may start at `now`."""
        return self.production and (self.until is None or now >= self.until)

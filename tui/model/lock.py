"""The lock of an app on a host: who holds it, since when, for what, from where. Values only."""

from __future__ import annotations

from dataclasses import dataclass

from tui.model.plan import Step
from tui.model.words import duration, stamp

LOCK = "lock"
UNLOCK = "unlock"
"""The kinds of step that take the lock of their host and give it back."""

STALE_S = 600.0
"""Seconds before which a lock is never called stale."""


def locks_or_unlocks(step: Step) -> bool:
    """Whether a step only takes or gives back a lock."""
    return step.kind in (LOCK, UNLOCK)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock: an operation of an OS user on a client host, as an SSH user.

    `since` is Unix seconds by the locked host's clock; `why` is what is done under it, `reason`
    what the operator typed for it.
    """

    op: str
    user: str
    client_host: str
    ssh_user: str
    app: str
    unit: str
    since: float
    why: str
    reason: str = ""

    @property
    def sentence(self) -> str:
        """Who, from where, since when and for what, in one line."""
        reason = f", reason: {self.reason}" if self.reason else ""
        return (
            f"{self.user} on {self.client_host} (as {self.ssh_user}) since {stamp(self.since)} to "
            f"{self.why or 'do what it does not say'}{reason} (operation {self.op})"
        )


@dataclass(frozen=True, slots=True)
class LockSeen:
    """The lock of a host as one look shows it.

    `holder` None: nobody holds it, or `problem` says why that is not known; `barred`: because
    the SSH user may keep no lock there. `cramped` says why nobody could take it now (a full disk),
    where it is free. `age_s` is by the host's own clock. `live` are the
    detached steps of the holder's operation that are at work.
    """

    host: str
    holder: Holder | None = None
    problem: str = ""
    age_s: float = 0.0
    live: tuple[str, ...] = ()
    barred: bool = False
    cramped: str = ""

    @property
    def free(self) -> bool:
        """Whether it was read, and nobody holds it."""
        return self.holder is None and not self.problem

    @property
    def word(self) -> str:
        """The fact that a plan rests on: `free`, `held by OP`, `not known`."""
        if self.problem:
            return "not known"
        return "free" if self.holder is None else f"held by {self.holder.op}"

    @property
    def stale(self) -> bool:
        """Whether its operation shows no sign of life: old, and none of its units at work."""
        return self.holder is not None and not self.live and self.age_s >= STALE_S

    @property
    def sentence(self) -> str:
        """How it stands and, where it is held, what that means; empty where it is free."""
        if self.problem:
            return f"{self.host}: the lock cannot be read: {self.problem}"
        if self.holder is None:
            return ""
        held = f"{self.host} is locked by {self.holder.sentence}, {duration(self.age_s)} ago"
        if self.live:
            return f"{held}; its step is at work there now: {', '.join(self.live)}"
        if self.stale:
            return f"{held}; no step of it is at work there: its console may be gone"
        return f"{held}; no step of it is at work there just now"

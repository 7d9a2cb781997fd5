"""Which locks a run holds, by the steps that are done and verified."""

from __future__ import annotations

from tui.model.lock import LOCK, UNLOCK
from tui.model.plan import Step


class LocksHeld:
    """The hosts whose locks this run holds, in the order in which they were taken."""

    def __init__(self, hosts: tuple[str, ...] = ()) -> None:
        self._hosts = dict.fromkeys(hosts)

    @property
    def hosts(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(self._hosts)

    def note(self, step: Step) -> None:
        """A step is done and verified."""
        if step.kind == LOCK:
            self._hosts[step.host] = None
        elif step.kind == UNLOCK:
            self._hosts.pop(step.host, None)

"""The lock of an environment: who may change, until when. Checked by every transport itself."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from tui.errors import ChangeRefused
from tui.model.command import Command, Effect
from tui.model.gate import Grant, LockState
from tui.ssh.watchers import Watchers

UPLOAD = Command(("sftp",), effect=Effect.CHANGE)
"""What an upload is to the gate: a change like any other."""


class Gate:
    """Gives grants to plans while unlocked; the clock governs the start of a plan, not its end."""

    def __init__(self, production: bool, unlock_s: float, clock: Callable[[], float]) -> None:
        """`unlock_s` is how long an unlock of a production environment lasts; `clock` Unix s."""
        self._clock = clock
        self._unlock_s = unlock_s
        self._state = LockState(production)
        self._grants: set[Grant] = set()
        self._watchers: Watchers[LockState] = Watchers()

    @property
    def state(self) -> LockState:
        """The lock as a value; ask `locked(now)` of it, since it runs out by itself."""
        return self._state

    @property
    def grants(self) -> frozenset[Grant]:
        """The grants of plans under way; they outlive the lock's clock."""
        return frozenset(self._grants)

    def unlock(self, reason: str) -> None:
        """Open a production environment for the configured time; a reason is required."""
        if not reason.strip():
            raise ChangeRefused(
                "an unlock needs a reason", remedy="Say in a few words why you unlock."
            )
        if self._state.production:
            until = self._clock() + self._unlock_s
            self._set(LockState(True, until, reason.strip()))

    def lock(self) -> None:
        """Refuse new plans from now on; plans under way keep their grants until they end."""
        if self._state.production:
            self._set(LockState(True))

    def grant(self, plan_hash: str) -> Grant:
        """Leave to change for one plan; ChangeRefused while locked."""
        if not plan_hash:
            raise ChangeRefused("a grant needs the hash of a plan")
        if self._state.locked(self._clock()):
            raise ChangeRefused("the environment is locked: no plan may start")
        given = Grant(plan_hash, secrets.token_hex(16))
        self._grants.add(given)
        return given

    def revoke(self, grant: Grant) -> None:
        """End a grant; its plan can change nothing any more. Twice does no harm."""
        self._grants.discard(grant)

    def admits(self, command: Command, grant: Grant | None) -> bool:
        """Whether the command may be sent: a read always, a change only under a live grant."""
        return command.reading() or (grant is not None and grant in self._grants)

    def check(self, command: Command, grant: Grant | None) -> None:
        """ChangeRefused unless `admits`; called by a transport before it sends anything."""
        if not self.admits(command, grant):
            raise ChangeRefused(
                "a change without the grant of a plan under way; nothing was sent",
                remedy="Changes are made by plans: unlock, open the plan, confirm it.",
            )

    def check_console(self) -> None:
        """ChangeRefused unless a console may be opened now: what is typed there can change all.

        One that is open stays open when the time runs out, as a plan under way does.
        """
        if self._state.locked(self._clock()):
            raise ChangeRefused(
                "the environment is locked: no console is opened",
                remedy="Unlock it with u and a reason, then open the console.",
            )

    def watch(self, callback: Callable[[LockState], None]) -> Callable[[], None]:
        """Call back at each lock and unlock (not when the time runs out); the result ends it."""
        return self._watchers.add(callback)

    def _set(self, state: LockState) -> None:
        self._state = state
        self._watchers.tell(state)

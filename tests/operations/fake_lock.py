"""A scripted host's lock: it answers the commands of commands/lock.py as their shell text does."""

from __future__ import annotations

import json

from tui.commands.detached import STEP_VARIABLE
from tui.commands.lock import HELD, HOLDER_VARIABLE, lock_command, read_lock, unlock_command
from tui.model.command import Command, Ended, Outcome
from tui.model.fleet import App


class FakeLock:
    """The lock file; `body` None: nobody holds it."""

    def __init__(self, app: App) -> None:
        self.body: bytes | None = None
        self._app = app

    @property
    def op(self) -> str:
        return "" if self.body is None else str(json.loads(self.body)["op"])

    def held_by(self, op: str, since: int = 1_795_400_000) -> None:
        """Somebody else's."""
        members = {"op": op, "ssh_user": "devops", "since": since, "user": "bob"}
        more = {"client_host": "laptop", "reason": "pager 12", "app": "billing", "why": "deploy"}
        self.body = json.dumps({**members, **more}).encode()

    def answer(self, command: Command, now: float) -> Outcome | None:
        """None: the command is not about the lock."""
        if command == read_lock(self._app):
            held = b"no\n\n" if self.body is None else b"yes\n\n" + self.body + b"\n"
            return Outcome(Ended.EXITED, 0, b"now=%d\nheld=" % now + held)
        env = {name: str(value) for name, value in command.env}
        op = env.get(STEP_VARIABLE, "").rpartition("-")[0]
        if command.script == lock_command(self._app, "").script:
            assert op
            if self.body is not None:
                return Outcome(Ended.EXITED, HELD, self.body)
            head = f'{{"op":"{op}","ssh_user":"devops","since":{now:.0f},{env[HOLDER_VARIABLE]},'
            self.body = f"{head}{command.argv[3]}}}".encode()
            return Outcome(Ended.EXITED, 0)
        if command.script == unlock_command(self._app).script:
            if self.body is not None and self.op != (str(command.argv[3]) or op):
                return Outcome(Ended.EXITED, HELD)
            self.body = None
            return Outcome(Ended.EXITED, 0)
        return None

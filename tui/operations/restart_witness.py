"""What else speaks of a restart: the host's journal, and sudo about its own refusal.

Witnesses only explain: a verdict never rests on them alone, and none of them is `not seen`.
"""

from __future__ import annotations

from tui.commands.restart_evidence import (
    StartsSeen,
    StopSeen,
    parse_entries,
    read_newest,
    read_stop,
    starts_seen,
    stop_seen,
)
from tui.commands.sudo import (
    RestartRight,
    parse_restart_right,
    parse_systemctl_right,
    read_restart_right,
    read_systemctl_right,
)
from tui.errors import BeamdeckError
from tui.model.command import Command, Outcome
from tui.model.fleet import App
from tui.model.journal import Entry
from tui.model.redact import from_host
from tui.operations.ports import Session


class Witness:
    """Asks one host about one unit; reads only."""

    def __init__(self, session: Session, app: App, unit: str, verb: str = "restart") -> None:
        """`verb` is what systemctl was asked to do."""
        self._session = session
        self._app = app
        self._unit = unit
        self._verb = verb

    async def stop(self, invocation: str) -> StopSeen:
        """How the run `invocation` was stopped."""
        for sudo in (False, True):
            command = read_stop(self._unit, invocation, sudo=sudo)
            entries = await self._entries(command) if command else []
            if entries:
                return stop_seen(entries)
        return StopSeen()

    async def starts(self, since_us: int) -> StartsSeen:
        """What came since a time, microseconds by the host's own clock."""
        for sudo in (False, True):
            # Without the right to read, journalctl shows nothing and says so to nobody.
            entries = await self._entries(read_newest(self._unit, sudo=sudo))
            if entries:
                return starts_seen(entries, since_us)
        return StartsSeen()

    async def _entries(self, command: Command) -> list[Entry]:
        outcome = await self._run(command)
        # What came until an overflow or a lost link is as true as the rest would be.
        return parse_entries(self._session.host.name, outcome.stdout) if outcome else []

    async def sudo_refused(self, outcome: Outcome) -> str:
        """Why sudo refused a command that ended with 1, with the line it lacks; empty if it did
        not: systemctl ends with 1 as well."""
        said = from_host(outcome.stderr, limit=2000).strip()
        asked = await self._run(self._question())
        if asked is None or not asked.known:
            return f"sudo refused it ({said})" if said.startswith("sudo:") else ""
        try:
            right = self._right(asked.stdout)
        except ValueError:
            return f"sudo refused it ({said})" if said.startswith("sudo:") else ""
        # `sudo -l` lists what a password would allow too; only the run itself meets the prompt.
        if right.argv and not said.startswith("sudo:"):
            return ""
        told = said.split("\n")[0] or right.refused
        lacks = f". What visudo there would have to add: {right.sudoers_line}"
        return f"sudo refused it ({told}){lacks if right.sudoers_line else ''}"

    def _question(self) -> Command:
        if self._verb == "restart":
            return read_restart_right(self._app)
        return read_systemctl_right(self._app, self._verb)

    def _right(self, answer: bytes) -> RestartRight:
        if self._verb == "restart":
            return parse_restart_right(self._app, answer)
        return parse_systemctl_right(self._app, self._verb, answer)

    async def _run(self, command: Command) -> Outcome | None:
        try:
            return await self._session.run(command)
        except BeamdeckError:
            # No link: there is no witness. The verdict waits for the link where it needs it.
            return None

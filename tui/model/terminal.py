"""What a console is opened with, and how it ended. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

TERM = "xterm-256color"


class ConsoleKind(StrEnum):
    """What runs behind a console."""

    REMOTE = "remote"
    SHELL = "shell"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class TerminalCommand:
    """What a terminal runs: `line` for the login shell (None: the login shell itself).

    `name` is what the tab says, `shown` what it is in words people know, for frame and audit.
    """

    kind: ConsoleKind
    name: str
    line: str | None
    shown: str


@dataclass(frozen=True, slots=True)
class TerminalEnd:
    """How a terminal ended; `lost`: the link went, and nobody knows what became of it there."""

    lost: bool = False
    exit_status: int | None = None
    signal: str = ""
    detail: str = ""

    @property
    def words(self) -> str:
        """In a few words."""
        if self.lost:
            return f"link lost{': ' + self.detail if self.detail else ''}"
        if self.signal:
            return f"ended by {self.signal}"
        return "ended" if self.exit_status is None else f"ended, exit status {self.exit_status}"

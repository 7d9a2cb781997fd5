"""The exact commands that this console sent to change something, as they went out."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from screens.dialog import Dialog
from tui.model.words import clock


class CommandsRunScreen(Dialog[None]):
    """Time, host and command line of each; secrets are redacted already."""

    def __init__(self, environment: str, sent: Sequence[tuple[float, str, str]]) -> None:
        super().__init__(f"commands that changed {environment}")
        self._sent = sent

    def compose_body(self) -> ComposeResult:
        """A line each, or that there was none."""
        if not self._sent:
            yield Static(Content("Nothing was changed from this console."), classes="said")
        for at, host, text in self._sent:
            yield Static(Content.assemble((f"{clock(at)} {host}  ", "bold"), text), classes="said")
        yield Static(Content("Esc leaves. The audit keeps them: beamdeck audit verify."))

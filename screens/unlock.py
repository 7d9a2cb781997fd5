"""Unlock a production environment for a while, with a reason that goes into the audit."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static

from screens.dialog import Dialog


class UnlockScreen(Dialog[str]):
    """Asks for the environment's name and a reason; answers the reason."""

    def __init__(self, environment: str, minutes: float) -> None:
        super().__init__(f"unlock {environment}")
        self._environment = environment
        self._minutes = minutes

    def compose_body(self) -> ComposeResult:
        """What unlocking means, then the two questions."""
        said = (
            f"{self._environment} takes changes for {self._minutes:g} minutes after this. "
            "Each change is still shown, confirmed and verified."
        )
        yield Static(Content(said), classes="said")
        yield Input(placeholder=f"type {self._environment}", id="name")
        yield Input(placeholder="reason, for the audit", id="reason")
        yield Static(Content(""), classes="problem")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter moves on; it ends the dialog only when both answers are there."""
        name = self.query_one("#name", Input)
        reason = self.query_one("#reason", Input)
        if name.value.strip() != self._environment:
            self._say(f"the name is {self._environment}")
            name.focus()
        elif not reason.value.strip():
            self._say("a reason is needed")
            reason.focus()
        elif event.input is reason:
            self.dismiss(reason.value.strip())
        else:
            reason.focus()

    def _say(self, problem: str) -> None:
        self.query_one(".problem", Static).update(Content(problem))

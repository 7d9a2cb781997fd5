"""Leave out hosts that cannot be reached: each typed by name, so that none is forgotten."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static

from screens.dialog import Dialog
from tui.model.words import counted


class LeaveOutScreen(Dialog[tuple[str, ...]]):
    """Says why a plan is blocked and asks for the names to go on without; answers the names."""

    def __init__(self, reason: str, hosts: tuple[str, ...]) -> None:
        """`hosts` are all that block the plan; leaving out only some of them does not help."""
        super().__init__(f"{counted(len(hosts), 'host')} cannot be reached")
        self._reason = reason
        self._hosts = hosts

    def compose_body(self) -> ComposeResult:
        """What blocks, what leaving out means, the question."""
        yield Static(Content(self._reason), classes="said")
        meaning = (
            "A host left out is not changed and not verified: it keeps what it has, and the plan "
            f"says so. To go on without: type {' '.join(self._hosts)}"
        )
        yield Static(Content(meaning), classes="muted")
        yield Input(placeholder="the names, with blanks between", id="names")
        yield Static(Content(""), classes="problem")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter answers once every name stands there, and no other."""
        typed = event.value.replace(",", " ").split()
        odd = [name for name in typed if name not in self._hosts]
        missing = [name for name in self._hosts if name not in typed]
        if odd:
            self._say(f"{odd[0]} is not one of them")
        elif missing:
            self._say(f"missing: {' '.join(missing)}; Esc keeps the plan waiting for them")
        else:
            self.dismiss(self._hosts)

    def _say(self, problem: str) -> None:
        self.query_one(".problem", Static).update(Content(problem))

"""One line for the timeline."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static

from screens.dialog import Dialog


class NoteScreen(Dialog[str]):
    """Asks for a note; answers its text."""

    def __init__(self) -> None:
        super().__init__("a note for the timeline")

    def compose_body(self) -> ComposeResult:
        """What becomes of it, then the question."""
        said = "what was seen, decided or told to whom; kept with the time and your name"
        yield Static(Content(said), classes="said")
        yield Input(placeholder="the note", id="note")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter keeps it; nothing typed is nothing."""
        self.dismiss(" ".join(event.value.split()) or None)

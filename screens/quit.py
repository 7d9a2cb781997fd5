"""Leaving while a plan runs: what is to become of it."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from screens.dialog import Dialog


class QuitScreen(Dialog[str]):
    """Answers `stop` (before the next step), `leave` (the console), or None (stay)."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "answer('stop')", "stop", show=False),
        Binding("l", "answer('leave')", "leave", show=False),
    ]

    def __init__(self, running: str) -> None:
        super().__init__("a plan is being carried out")
        self._plan = running

    def compose_body(self) -> ComposeResult:
        """The plan, and the three ways on."""
        yield Static(Content.styled(self._plan, "bold"), classes="said")
        yield Static(
            Content(
                "\ns    stop before the next step; the present one runs to its end\n"
                "l    leave the console now; the present step goes on on its host, nothing\n"
                "     after it is begun; O in the next console goes on with the rest\n"
                "esc  stay"
            ),
            classes="said",
        )

    def action_answer(self, answer: str) -> None:
        """Close with the answer."""
        self.dismiss(answer)

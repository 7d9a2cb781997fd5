"""What stands on screen while the embedded fleet comes up."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static


class OpeningScreen(Screen[None]):
    """One line that says what is being waited for."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("q", "app.ask_quit", "quit", show=False)]
    DEFAULT_CSS = """
    OpeningScreen { align: center middle; }
    OpeningScreen Static { width: auto; }
    """
    place = "opening"

    def __init__(self, doing: str) -> None:
        super().__init__()
        self._doing = doing

    def compose(self) -> ComposeResult:
        """The line."""
        yield Static(Content(f"beamdeck   {self._doing} …"))

"""The base of dialogs: a box over the place, Esc always safe, a title in the border."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen

Answer = TypeVar("Answer")


class Dialog(ModalScreen[Answer | None]):
    """A question over the place; `None` means that it was left with Esc."""

    CSS_PATH = "dialog.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "leave", show=False)]

    def __init__(self, title: str) -> None:
        super().__init__()
        self._title = title

    def compose(self) -> ComposeResult:
        """The box with the subclass's body in it."""
        with VerticalScroll(classes="box") as box:
            box.border_title = Content(self._title)
            box.can_focus = False
            yield from self.compose_body()

    def compose_body(self) -> ComposeResult:
        """What stands in the box."""
        yield from ()

    def action_leave(self) -> None:
        """Esc: close without an answer."""
        self.dismiss(None)

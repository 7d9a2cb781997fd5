"""The base of every place: status bar, tab strip, body, key line, and keys from the one table."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from tui.model.keys import KEYS
from tui.operations.deck import Deck
from tui.widgets.frame import KeyLine, StatusBar, TabStrip


def bindings_of(place: str) -> list[BindingType]:
    """Textual bindings of a place, each with the id by which the config remaps it."""
    return [
        Binding(key.keys, key.action, key.label, show=False, id=key.id)
        for key in KEYS
        if key.place == place
    ]


class Place(Screen[None]):
    """A place an operator can navigate to; subclasses compose the body and answer the keys."""

    place: ClassVar[str] = ""

    def __init__(self, deck: Deck) -> None:
        super().__init__()
        self.deck = deck

    def compose(self) -> ComposeResult:
        """Status bar, tabs, the body of the subclass, key line."""
        yield StatusBar()
        yield TabStrip(self.place)
        yield from self.compose_body()
        yield KeyLine(self.place)

    def compose_body(self) -> ComposeResult:
        """What stands between the tabs and the key line."""
        yield from ()

    def action_back(self) -> None:
        """Esc: places have nothing to leave; dialogs and filters override it."""

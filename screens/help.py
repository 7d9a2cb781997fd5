"""Help: every key of the place it was asked from, in the order of the one table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from screens.dialog import Dialog
from tui.model.keys import Key, keys_of
from tui.widgets.frame import key_sign


def help_lines(place: str, remapped: Mapping[str, str]) -> list[tuple[str, str]]:
    """(keys, their name in the config and what they do) for a place; its own keys come first."""
    keys: list[Key] = sorted(keys_of(place, remapped), key=lambda k: k.place == "*")
    return [(" ".join(key_sign(n) for n in key.keys.split(",")), _named(key)) for key in keys]


def _named(key: Key) -> str:
    same = key.id.replace("_", " ") == key.label
    return key.id if same else f"{key.id}: {key.label}"


class HelpScreen(Dialog[None]):
    """The keys of a place; any of Esc, ? and q leaves."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,q,f1", "leave", "leave", show=False),
        Binding("j,down", "scroll(1)", "down", show=False),
        Binding("k,up", "scroll(-1)", "up", show=False),
    ]

    def __init__(self, place: str, remapped: Mapping[str, str]) -> None:
        super().__init__(f"keys: {place}" if place else "keys")
        self._lines = help_lines(place, remapped)

    def compose_body(self) -> ComposeResult:
        """Two columns of keys where they fit."""
        half = (len(self._lines) + 1) // 2
        rows: list[Content] = []
        for left, right in zip(
            self._lines[:half], [*self._lines[half:], ("", "")][:half], strict=True
        ):
            rows.append(
                Content.assemble(
                    (f"{left[0]:<8.8} ", "bold $primary"),
                    f"{left[1]:<28.28}",
                    (f"{right[0]:<8.8} ", "bold $primary"),
                    f"{right[1]:<27.27}",
                )
            )
        yield Static(Content("\n").join(rows), classes="said")
        yield Static(
            Content("\nRemap them by these names in the config, [keys]. Esc leaves."),
            classes="muted",
        )

    def action_scroll(self, lines: int) -> None:
        """Move the box where the terminal is small."""
        self.query_one(".box").scroll_relative(y=lines, animate=False)

"""The parts of a confirmation: fields, a safe button, one that acts, and a guard of time.

Input from before the dialog was painted, or right after, was meant for something else.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Button, Input, Label

PAUSE_S = 0.4
"""Seconds after the first paint in which input is dropped."""


class Threshold:
    """Tells input that came too early; what was typed before the paint always is."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` must be the one that events carry: the monotonic one."""
        self._clock = clock
        self._painted_at: float | None = None

    def painted(self) -> None:
        """What is to be read stands on the screen from now on."""
        self._painted_at = self._clock()

    def drops(self, message: Message) -> bool:
        """Whether it is input that came too early; Esc is always let through."""
        if not isinstance(message, events.InputEvent | events.Paste):
            return False
        if isinstance(message, events.Key) and message.key == "escape":
            return False
        return self._painted_at is None or message.time < self._painted_at + PAUSE_S


if TYPE_CHECKING:
    _Mixed = Widget
else:
    # At run time no widget: Textual takes a widget's styles from its first base that is one.
    _Mixed = object


class Guarded(_Mixed):
    """Mixed into a widget: it never gets to see input from before its threshold."""

    threshold: Threshold | None = None

    def check_message_enabled(self, message: Message) -> bool:
        """Refuse input that came too early where it is delivered."""
        if self.threshold is not None and self.threshold.drops(message):
            return False
        return super().check_message_enabled(message)


class GuardedInput(Guarded, Input):
    """One line to type in."""


class SafeButton(Guarded, Button):
    """The button that changes nothing; Enter presses it."""


class ActButton(Guarded, Button):
    """The button that says what will be done. Enter and clicks never press it: a key does."""

    class Refused(Message):
        """Somebody tried Enter or a click."""

    def press(self) -> ActButton:
        """A click or Enter, which both come here: refused."""
        self.post_message(self.Refused())
        return self


class Field(Horizontal):
    """A labelled line to type in."""

    DEFAULT_CSS = """
    Field { height: 1; }
    Field > Label { width: 14; color: $text-muted; }
    Field > Input { border: none; height: 1; padding: 0 1; width: 1fr; margin: 0; }
    """

    def __init__(self, label: str, name: str, threshold: Threshold) -> None:
        super().__init__()
        self._label = label
        self.input = GuardedInput(id=name)
        self.input.threshold = threshold

    def compose(self) -> ComposeResult:
        """Label and input."""
        yield Label(Content(f"{self._label} ›"))
        yield self.input

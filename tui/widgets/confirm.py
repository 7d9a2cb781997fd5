"""The parts of a confirmation: fields, ticks, a safe button, one that acts, a guard of time.

Input from before the dialog was painted, or right after, was meant for something else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Button, Input, Label, Static

from tui.model.plan import Loss
from tui.widgets.plan_view import hanging

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
        """Whether it is input that came too early; Esc and Ctrl-C (which only asks) never are."""
        if not isinstance(message, events.InputEvent | events.Paste):
            return False
        if isinstance(message, events.Key) and message.key in ("escape", "ctrl+c"):
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
    Field > Label { width: 19; color: $text-muted; }
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


class LossRow(Guarded, Static):
    """Something that goes, to be ticked by itself: Space, while it has the focus.

    A click brings the focus only: what a host's text looks like must not be what is consented to.
    """

    DEFAULT_CSS = """
    LossRow { height: auto; }
    LossRow:focus { background: $primary-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("space", "tick", "tick", show=False)]
    can_focus = True

    class Ticked(Message):
        """The row was ticked, or its tick was taken back."""

    def __init__(self, loss: Loss) -> None:
        super().__init__(markup=False)
        self.loss = loss
        self.ticked = False

    def on_resize(self) -> None:
        """Wrap to the width there is."""
        self._draw()

    def action_tick(self) -> None:
        """Tick it, or take the tick back."""
        self.ticked = not self.ticked
        self._draw()
        self.post_message(self.Ticked())

    def _draw(self) -> None:
        sign = "[x]" if self.ticked else "[ ]"
        style = "$foreground-muted" if self.ticked else "bold $text-warning"
        width = max(20, self.size.width)
        self.update(hanging(f" {sign} {self.loss.key}  ", self.loss.what, width, style))


class LossList(VerticalScroll):
    """Everything that goes, a row each; scrolls with the row that has the focus."""

    DEFAULT_CSS = """
    LossList { height: auto; max-height: 5; scrollbar-size-vertical: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "step(1)", "next", show=False),
        Binding("k,up", "step(-1)", "previous", show=False),
    ]
    can_focus = False

    def __init__(self, losses: Iterable[Loss], threshold: Threshold) -> None:
        super().__init__()
        self._rows = [LossRow(loss) for loss in losses]
        for row in self._rows:
            row.threshold = threshold

    def compose(self) -> ComposeResult:
        """The rows."""
        yield from self._rows

    @property
    def ticked(self) -> frozenset[str]:
        """The keys of the losses that are ticked."""
        return frozenset(row.loss.key for row in self._rows if row.ticked)

    def action_step(self, by: int) -> None:
        """Move the focus to the row before or after; it stays at either end."""
        focused = next((index for index, row in enumerate(self._rows) if row.has_focus), None)
        if focused is not None:
            self._rows[max(0, min(focused + by, len(self._rows) - 1))].focus()

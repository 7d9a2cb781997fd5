"""The modes that a remote program sets in its terminal. What they mean to keys and the mouse."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Mouse(IntEnum):
    """Which movements of the mouse the remote asked for, each with those before it."""

    OFF = 0
    PRESS = 9
    CLICKS = 1000
    DRAGS = 1002
    ALL = 1003


class CursorShape(IntEnum):
    """How the cursor is to look."""

    BLOCK = 0
    UNDERLINE = 1
    BAR = 2


@dataclass(slots=True)
class Modes:
    """What was asked of the terminal as a whole; what is of one screen stands in its grid."""

    application_cursor: bool = False
    application_keypad: bool = False
    bracketed_paste: bool = False
    reverse_screen: bool = False
    cursor_visible: bool = True
    cursor_shape: CursorShape = CursorShape.BLOCK
    mouse: Mouse = Mouse.OFF
    mouse_sgr: bool = False
    new_line: bool = False

    def soft_reset(self) -> None:
        """DECSTR."""
        self.application_cursor = self.application_keypad = False
        self.cursor_visible = True

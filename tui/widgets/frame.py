"""The frame of a place: status bar, tab strip, key line. One line each, words before colour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.content import Content
from textual.widgets import Static

from tui.model.frame import FrameState
from tui.model.keys import Key, keys_of

TABS = (
    ("0", "environments", "fleets"),
    ("1", "hosts", "hosts"),
    ("2", "releases", "releases"),
    ("3", "journal", "journal"),
    ("4", "migrations", "migrations"),
    ("5", "console", "console"),
)

_SIGNS = {
    "enter": "⏎",
    "slash": "/",
    "colon": ":",
    "question_mark": "?",
    "asterisk": "*",
    "equals_sign": "=",
    "at": "@",
    "escape": "esc",
    "ctrl+right_square_bracket": "^]",
    "right_square_bracket": "]",
    "left_square_bracket": "[",
    "pagedown": "PgDn",
    "pageup": "PgUp",
    "space": "space",
}


def key_sign(keys: str) -> str:
    """The first of a key's names, as it stands on a keyboard: `slash,f3` gives `/`."""
    first = keys.split(",")[0].strip()
    return _SIGNS.get(first, first.replace("ctrl+", "^"))


class StatusBar(Static):
    """Environment, app, counts of hosts in trouble, the lock and the clock."""

    DEFAULT_CSS = """
    StatusBar { height: 1; background: $panel; color: $text; text-wrap: nowrap; }
    StatusBar.-production { background: $error-muted; color: $text; text-style: bold; }
    """

    def __init__(self) -> None:
        super().__init__(markup=False)
        self._state: FrameState | None = None

    def show(self, state: FrameState) -> None:
        """Draw the frame's state; nothing is painted if it is what stands there."""
        if state == self._state:
            return
        self._state = state
        self.set_class(state.production, "-production")
        self._draw()

    def on_resize(self) -> None:
        """The right side keeps to the right edge."""
        self._draw()

    def _draw(self) -> None:
        state = self._state
        if state is None or not self.size.width:
            return
        left = Content.assemble(" ", (state.title, "bold"))
        for style, text in state.counts:
            left = Content.assemble(left, "  ", (text, _STYLES[style]))
        right = Content.assemble(
            (state.lock, "bold" if state.locked else "bold $text-warning"), "   ", state.clock, " "
        )
        room = self.size.width - right.cell_length
        self.update(Content.assemble(left.truncate(max(0, room), ellipsis=True, pad=True), right))


_STYLES = {"plain": "", "warning": "$text-warning", "error": "bold $text-error"}


class TabStrip(Static):
    """The places by number, the present one marked, with counts of errors."""

    DEFAULT_CSS = """
    TabStrip { height: 1; background: $surface; color: $text-muted; text-wrap: nowrap; }
    """

    def __init__(self, place: str) -> None:
        super().__init__(markup=False)
        self._place = place
        self._marks: Mapping[str, str] = {}

    def on_mount(self) -> None:
        """Draw once; `show` draws again when a count changes."""
        self._draw()

    def show(self, marks: tuple[tuple[str, str], ...]) -> None:
        """Put counts behind the places' names."""
        if dict(marks) != self._marks:
            self._marks = dict(marks)
            self._draw()

    def _draw(self) -> None:
        marks = [self._marks.get(place, "") for _, place, _ in TABS]
        # `[N label mark] ` each; the last blank may go.
        width = sum(len(label) + 5 for _, _, label in TABS) + sum(len(m) + 1 for m in marks if m)
        between = Content(" " if width <= self.size.width else "")
        parts: list[Content] = [Content(" ")]
        for number, place, label in TABS:
            mark = self._marks.get(place, "")
            text = f"{number} {label}" + (f" {mark}" if mark else "")
            here = place == self._place
            # The brackets say it without colour.
            shown = f"[{text}]" if here else f" {text} "
            style = "bold $text" if here else ("bold $text-error" if mark else "")
            parts.append(Content.styled(shown, style) if style else Content(shown))
            parts.append(between)
        self.update(Content.assemble(*parts))

    def on_resize(self) -> None:
        """What does not fit stands closer."""
        self._draw()


class KeyLine(Static):
    """The keys that matter most here; `?` shows them all."""

    DEFAULT_CSS = """
    KeyLine { height: 1; dock: bottom; background: $panel; color: $text-muted; text-wrap: nowrap; }
    """

    SIGN_STYLE: ClassVar[str] = "bold $text"

    def __init__(self, place: str) -> None:
        super().__init__(markup=False)
        self._place = place
        self._remapped: Mapping[str, str] = {}
        self._shut: frozenset[str] = frozenset()
        self._idle: frozenset[str] = frozenset()

    def shut(self, ids: frozenset[str]) -> None:
        """Grey the keys of these ids: pressed they only say why they can do nothing now."""
        if ids != self._shut:
            self._shut = ids
            self._draw()

    def leave_out(self, ids: frozenset[str]) -> None:
        """Do not show the keys of these ids: pressed they do nothing now, and say nothing."""
        if ids != self._idle:
            self._idle = ids
            self._draw()

    def show(self, remapped: Mapping[str, str]) -> None:
        """Draw the keys of the place with the config's own keys put in."""
        self._remapped = remapped
        self._draw()

    def on_resize(self) -> None:
        """Other keys may fit now."""
        self._draw()

    def _draw(self) -> None:
        keys = [
            key
            for key in keys_of(self._place, self._remapped)
            if key.shown and key.id not in self._idle and self._works(key)
        ]
        # The place's own keys first: they are what the eye looks for. Help always fits.
        keys.sort(key=lambda k: (k.place == "*", k.id != "help"))
        line, room = Content(" "), max(self.size.width - 1, 0)
        for key in keys:
            sign = (key_sign(key.keys), self.SIGN_STYLE)
            item = Content.assemble(sign, f" {key.label}  ")
            if key.id in self._shut:
                item = Content.styled(item.plain, "dim strike")
            if line.cell_length + item.cell_length <= room:
                line = Content.assemble(line, item)
        self.update(line)

    def _works(self, key: Key) -> bool:
        # A key of every place that this one has no answer to is not worth its room.
        return key.action.startswith("app.") or hasattr(self.screen, f"action_{key.action}")

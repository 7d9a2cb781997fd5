"""A terminal in a pane: paints a screen's changed lines at a fixed rate, takes keys and mouse.

Knows nothing of hosts: what is typed goes out as messages. The frame is another widget, which
nothing that a remote sends can paint.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.style import Style as Look
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from tui.model.screen import Screen
from tui.model.screen_modes import CursorShape
from tui.model.screen_rows import Row
from tui.model.terminal_keys import key_bytes, mouse_bytes
from tui.model.terminal_lines import Lines, Point
from tui.widgets.terminal_paint import Span, strip_of, with_spans

FRAME_S = 1 / 30
FLOOD_FRAME_S = 1 / 8
FLOOD_BYTES = 256 * 1024
_MARKED = Look(reverse=True)
_HIT = Look(bold=True, underline=True, reverse=True)


class TerminalView(Widget, can_focus=True):
    """Shows one Screen. With the focus every key is the remote's, but the escape key."""

    DEFAULT_CSS = """
    TerminalView { height: 1fr; width: 1fr; background: $background; color: $foreground; }
    """
    ALLOW_SELECT: ClassVar[bool] = False

    class Typed(Message):
        """Bytes for the remote; `entered`: it was Enter."""

        def __init__(self, data: bytes, *, entered: bool = False) -> None:
            super().__init__()
            self.data = data
            self.entered = entered

    class Pasted(Message):
        """A text that was pasted."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Left(Message):
        """The escape key was pressed."""

    class Sized(Message):
        """The pane has another size."""

        def __init__(self, columns: int, lines: int) -> None:
            super().__init__()
            self.columns = columns
            self.lines = lines

    def __init__(self, escape_key: str, clock: Callable[[], float]) -> None:
        """`clock` is monotonic seconds."""
        super().__init__(classes="-terminal")
        self._escape_key = escape_key
        self._clock = clock
        self.screen_shown: Screen | None = None
        self.lines = Lines(None)
        self._shown: list[Row | None] = []
        self._cursor_line = -1
        self._timer: Timer | None = None
        self._painted_at = 0.0
        self._bytes = 0
        self._dragging = False
        self.frames = 0

    # -- what is shown -------------------------------------------------------------------

    def show(self, screen: Screen | None) -> None:
        """Another screen, from its end on."""
        self.screen_shown = screen
        self.lines = Lines(screen)
        self._shown = []
        self.refresh()
        self.announce()

    def changed(self, more_bytes: int = 0) -> None:
        """The screen may have changed: paint at the next frame, at once if the last is old."""
        self._bytes += more_bytes
        if self._timer is not None:
            return
        frame = FLOOD_FRAME_S if self._bytes > FLOOD_BYTES else FRAME_S
        wait = self._painted_at + frame - self._clock()
        if wait <= 0:
            self._paint()
        else:
            self._timer = self.set_timer(wait, self._paint)

    def _paint(self) -> None:
        self._timer, self._bytes = None, 0
        screen = self.screen_shown
        if screen is None or not self.is_attached:
            return
        self._painted_at = self._clock()
        if self.lines.top is not None:
            return  # looking at the past: it stays where it is
        self.frames += 1
        rows = screen.rows
        shown: list[Row | None] = list(rows[: self.size.height])
        old, width = self._shown, self.size.width
        cursor = screen.cursor[0]
        touched = {cursor, self._cursor_line}
        for y, row in enumerate(shown):
            if row is not None and (row.painted is None or y >= len(old) or old[y] is not row):
                touched.add(y)
        self._shown, self._cursor_line = shown, cursor
        regions = [Region(0, y, width, 1) for y in touched if 0 <= y < self.size.height]
        if len(regions) >= self.size.height:
            self.refresh()
        elif regions:
            self.refresh(*regions)

    def render_line(self, y: int) -> Strip:
        """One line of the pane."""
        width, base = self.size.width, self.rich_style
        row = self.lines.row(y)
        if row is None:
            return Strip.blank(width, base)
        kept = row.painted
        if isinstance(kept, tuple) and kept[:2] == (width, base):
            strip: Strip = kept[2]
        else:
            strip = strip_of(row, width, base)
            row.painted = (width, base, strip)
        spans = self._spans(y)
        return with_spans(strip, spans) if spans else strip

    def _spans(self, y: int) -> list[Span]:
        spans: list[Span] = [(a, b, _HIT) for a, b in self.lines.hits_on(y)]
        spans += [(a, b, _MARKED) for a, b in self.lines.marked_on(y)]
        screen = self.screen_shown
        if screen is not None and self.lines.top is None:
            line, x = screen.cursor
            if y == line and screen.modes.cursor_visible:
                spans.append((x, x + 1, self._cursor_look(screen)))
        if screen is not None and screen.modes.reverse_screen:
            spans.insert(0, (0, self.size.width, _MARKED))
        return spans

    def _cursor_look(self, screen: Screen) -> Look:
        if not self.has_focus:
            return Look(underline=True)
        shapes = {
            CursorShape.BLOCK: Look(reverse=True),
            CursorShape.UNDERLINE: Look(underline=True, bold=True),
            CursorShape.BAR: Look(underline=True, reverse=True),
        }
        return shapes[screen.modes.cursor_shape]

    # -- size and focus ------------------------------------------------------------------

    def announce(self) -> None:
        """Say the pane's size, once it has one."""
        if self.size.width > 1 and self.size.height > 1:
            self.post_message(self.Sized(self.size.width, self.size.height))

    def on_resize(self) -> None:
        """The remote is told."""
        self._shown = []
        self.announce()

    def on_focus(self) -> None:
        """Back at the end, where what is typed appears."""
        self.to_end()

    def on_blur(self) -> None:
        """The cursor says it."""
        self.refresh()

    def to_end(self) -> None:
        """Leave the past and what was marked."""
        self.lines.to_end()
        self._shown = []
        self.refresh()

    def scroll_lines(self, count: int) -> None:
        """Into the past (below 0) or back."""
        if self.lines.scroll(count, self.size.height):
            self._shown = []
            self.refresh()

    # -- keys ----------------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        """Every key is the remote's but one; none goes on to the console around it."""
        event.stop()
        event.prevent_default()
        if event.key == self._escape_key:
            self.post_message(self.Left())
            return
        if self.screen_shown is None:
            return
        data = key_bytes(event.key, event.character, self.screen_shown.modes)
        if data:
            self.post_message(self.Typed(data, entered=data in (b"\r", b"\n")))

    def on_paste(self, event: events.Paste) -> None:
        """Asked about where it holds a newline; see the screen."""
        event.stop()
        self.post_message(self.Pasted(event.text))

    # -- mouse ---------------------------------------------------------------------------

    def _to_remote(self, action: str, event: events.MouseEvent) -> bool:
        """Give a mouse event to a remote that asks for them; shift keeps it here."""
        screen = self.screen_shown
        if screen is None or event.shift or not self.has_focus:
            return False
        held = (False, event.meta, event.ctrl)
        x, y = max(0, event.x), max(0, event.y)
        data = mouse_bytes(action, event.button, x, y, screen.modes, held=held)
        if data:
            self.post_message(self.Typed(data))
        return bool(screen.modes.mouse)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """To the remote, or the beginning of a selection."""
        if self._to_remote("press", event):
            return
        self._dragging = True
        self.lines.mark_from(Point(self.lines.number(event.y), event.x))
        self.capture_mouse()
        self.refresh()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """A selection grows."""
        if self._dragging:
            self.lines.mark_to(Point(self.lines.number(event.y), event.x))
            self.refresh()
        else:
            self._to_remote("drag" if event.button else "move", event)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """The selection stays until it is copied, by a key, or left."""
        if self._dragging:
            self._dragging = False
            self.release_mouse()
        else:
            self._to_remote("release", event)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The past, or the remote's."""
        event.stop()
        if not self._to_remote("up", event):
            self.scroll_lines(-3)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Back towards the end, or the remote's."""
        event.stop()
        if not self._to_remote("down", event):
            self.scroll_lines(3)

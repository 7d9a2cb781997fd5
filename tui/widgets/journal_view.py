"""The journal on screen: only what is visible is laid out and styled, once a frame.

Line API without a virtual size: one would make every new line a layout of the screen, and the
rows of everything held would have to be counted. The last column is the scroll bar.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import ClassVar

from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tui.model.journal import Entry
from tui.widgets.cells import short_names
from tui.widgets.journal_list import Seek, Shows
from tui.widgets.journal_paint import ROLES, Gallery, Paint
from tui.widgets.journal_reader import JournalReader, Summary
from tui.widgets.journal_rows import Hits, Layout, Marks, Row
from tui.widgets.journal_source import JournalSource
from tui.widgets.journal_window import Window

SLICE_S = 0.005
"""Longest stretch of a scan or search before keys have their turn."""
REST_S = 0.002
"""Pause between two slices: what waits on the event loop runs in it."""
FRAME_S = 1 / 30
"""Least time between two drawings while a scan goes on."""
WHEEL_ROWS = 3


class JournalView(Widget, can_focus=True):
    """Entries of a source, followed, filtered, searched; the screen calls `sync` when it grew."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"journal-view--{role}" for role in ROLES}
    DEFAULT_CSS = """
    JournalView {
        height: 1fr;
        background: $background;
        color: $foreground;
        & > .journal-view--time { color: $text-muted; }
        & > .journal-view--error { color: $text-error; text-style: bold; }
        & > .journal-view--warning { color: $text-warning; text-style: bold; }
        & > .journal-view--info { color: $text-muted; }
        & > .journal-view--debug { color: $text-muted; text-style: dim; }
        & > .journal-view--unit { color: $text-secondary; text-style: bold; }
        & > .journal-view--message-error { color: $text-error; }
        & > .journal-view--message-debug { color: $text-muted; }
        & > .journal-view--message-unit { color: $text-secondary; }
        & > .journal-view--fold { color: $text-muted; }
        & > .journal-view--more { color: $text-muted; text-style: italic; }
        & > .journal-view--gap { color: $text-warning; text-style: bold; }
        & > .journal-view--day { color: $text-muted; }
        & > .journal-view--hit { color: $background; background: $warning; text-style: bold; }
        & > .journal-view--highlighted { color: $primary; background: $panel; }
        & > .journal-view--track { color: $panel; }
        & > .journal-view--thumb { color: $primary; }
        & > .journal-view--host-0 { color: $text-primary; }
        & > .journal-view--host-1 { color: $text-success; }
        & > .journal-view--host-2 { color: $text-accent; }
        & > .journal-view--host-3 { color: $text-primary; text-style: italic; }
        & > .journal-view--host-4 { color: $text-success; text-style: italic; }
        & > .journal-view--host-5 { color: $text-accent; text-style: italic; }
    }
    """

    class Changed(Message):
        """Counts or states changed; sent at most once a frame."""

        def __init__(self, summary: Summary) -> None:
            super().__init__()
            self.summary = summary

    class Sought(Message):
        """A search ended: on an entry, beyond an end (`went_round`), or nowhere."""

        def __init__(self, seek: Seek) -> None:
            super().__init__()
            self.found = seek.entry is not None
            self.went_round = seek.went_round
            self.forward = seek.forward

    def __init__(self, source: JournalSource, hosts: Sequence[str] = ()) -> None:
        super().__init__()
        self.reader = JournalReader(source, self._rows)
        self._hosts = tuple(hosts)
        self._layout = Layout(80)
        self._gallery: Gallery | None = None
        self._strips: list[Strip] = []
        self._nothing: tuple[str, ...] = ()
        self._summary = Summary()
        self._scanning = False
        self._seeking: Seek | None = None

    # -- drawing -------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """A line of the window as it was drawn last."""
        if y < len(self._strips):
            return self._strips[y]
        return Strip.blank(self.size.width, self.rich_style)

    def on_resize(self) -> None:
        """Lay out for the new size."""
        width = max(2, self.size.width - 1)
        names = short_names(self._hosts, max(4, width // 6))
        colours = {host: number for number, host in enumerate(self._hosts)}
        self._relayout(replace(self._layout, width=width, names=names, colours=colours))
        self.reader.resize(self.size.height)
        self.draw()

    def notify_style_update(self) -> None:
        """Another theme: other colours for everything that is kept."""
        super().notify_style_update()
        if self.is_attached and self.size.width:
            self._relayout(self._layout)
            self.draw()

    def _relayout(self, layout: Layout) -> None:
        self._layout = layout
        self._gallery = Gallery(layout, Paint(self._style_of))

    def _style_of(self, role: str) -> Style:
        return self.get_visual_style(f"journal-view--{role}").rich_style

    def _rows(self, index: int, entry: Entry, marks: Marks) -> Sequence[Row]:
        if self._gallery is None:
            return self._layout.rows(entry, marks)
        return self._gallery.rows(index, entry, marks)

    def draw(self) -> None:
        """Draw the window anew; what is the same as before is not painted again."""
        gallery = self._gallery
        if gallery is None or not self.size.height:
            return
        begin, end = self.reader.bar(self.size.height)
        strips: list[Strip] = []
        for number, line in enumerate(self.reader.visible()):
            row = gallery.rows(line.index, line.entry, line.marks)[line.row]
            bar = "thumb" if begin <= number < end else "track" if end else "plain"
            strips.append(gallery.strip(line.index, line.row, row, line.highlighted, bar))
        if not strips:
            strips = [strip for text in self._nothing for strip in gallery.words(text)]
        if len(strips) != len(self._strips) or any(map(_differ, strips, self._strips)):
            self._strips = strips
            self.refresh()
        self._tell()

    def _tell(self) -> None:
        summary = self.reader.summary()
        if summary != self._summary:
            self._summary = summary
            self.post_message(self.Changed(summary))

    # -- what the screen asks for --------------------------------------------------------

    @property
    def summary(self) -> Summary:
        """Counts as drawn last."""
        return self._summary

    def sync(self, now: float | None = None) -> None:
        """Take over what the source got, lost or changed; `now` is the time in Unix seconds."""
        self.reader.now = self.reader.now if now is None else now
        self.reader.catch_up(time.perf_counter() + SLICE_S)
        self.draw()
        self._scan_on()

    def say_instead(self, lines: Sequence[str]) -> None:
        """What stands there while nothing is listed."""
        if tuple(lines) != self._nothing:
            self._nothing = tuple(lines)
            self.draw()

    @property
    def highlighted(self) -> Entry | None:
        """The entry on which the highlighting stands."""
        self.reader.catch_up()
        return self.reader.highlighted

    def listed(self) -> list[Entry]:
        """Every listed entry, oldest first."""
        self.reader.catch_up(math.inf)
        return self.reader.listed()

    def move(self, how: Callable[[Window], None]) -> None:
        """Move window or highlighting; what was being searched for is given up."""
        self._seeking = None
        self.reader.move(how)
        self.draw()

    def filter_by(self, shows: Shows | None, hits: Hits | None) -> None:
        """List only what `shows` lets through, and mark what `hits` says."""
        self._seeking = None
        self.reader.filter_by(shows)
        self._relayout(replace(self._layout, hits=hits))
        self.sync()

    def wrap(self) -> None:
        """Fold long lines instead of cutting them, or cut them again."""
        self._relayout(replace(self._layout, wrap=not self._layout.wrap))
        self.reader.move(Window.hold)
        self.draw()

    def unfold(self) -> None:
        """Show all of the highlighted entry, or fold it again."""
        self.reader.unfold()
        self.draw()

    def pause(self) -> None:
        """Stand still, or go on where it stands."""
        if self.reader.paused:
            self.reader.resume()
        else:
            self.reader.pause()
        self.sync()

    def seek(self, wanted: Shows, forward: bool) -> None:
        """Go to the next entry that `wanted` accepts; answers with Sought."""
        seek = self._seeking = self.reader.seek(wanted, forward)
        if not self._step(seek):
            self.run_worker(self._seek_on(seek), group="seek", exclusive=True)

    # -- slices --------------------------------------------------------------------------

    def _scan_on(self) -> None:
        if not self._scanning and not self.reader.scanned:
            self._scanning = True
            self.run_worker(self._scan(), group="scan")

    async def _scan(self) -> None:
        try:
            drawn = time.perf_counter()
            while not self.reader.scanned:
                await asyncio.sleep(REST_S)
                now = time.perf_counter()
                self.reader.catch_up(now + SLICE_S)
                if now - drawn >= FRAME_S or self.reader.scanned:
                    self.draw()
                    drawn = now
        finally:
            self._scanning = False

    async def _seek_on(self, seek: Seek) -> None:
        while self._seeking is seek:
            await asyncio.sleep(REST_S)
            if self._seeking is seek and self._step(seek):
                return

    def _step(self, seek: Seek) -> bool:
        if not seek.step(time.perf_counter() + SLICE_S):
            return False
        self._seeking = None
        self.reader.arrive(seek)
        self.draw()
        self.post_message(self.Sought(seek))
        return True

    # -- the mouse: it moves and highlights, nothing else ----------------------------------

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel moves the window."""
        event.stop()
        self.move(lambda window: window.scroll(WHEEL_ROWS))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel moves the window."""
        event.stop()
        self.move(lambda window: window.scroll(-WHEEL_ROWS))

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Highlight what is pointed at; on the scroll bar, go there."""
        if event.x >= self.size.width - 1:
            self.capture_mouse()
            self._drag(event.y)
        else:
            self.move(lambda window: window.click(event.y))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Drag the scroll bar."""
        if self.app.mouse_captured is self:
            self._drag(event.y)

    def on_mouse_up(self) -> None:
        """Let go of the scroll bar."""
        self.release_mouse()

    def _drag(self, y: int) -> None:
        part = min(1.0, max(0.0, y / max(1, self.size.height - 1)))
        self.move(lambda window: window.go_to(part))


def _differ(one: Strip, other: Strip) -> bool:
    return one is not other

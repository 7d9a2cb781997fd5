"""The journal on screen: moved, filtered and searched in slices that leave the keys alone."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from textual import events
from textual.message import Message

from tui.model.journal import Entry
from tui.widgets.journal_canvas import JournalCanvas
from tui.widgets.journal_list import Seek
from tui.widgets.journal_reader import Summary
from tui.widgets.journal_rows import Hits
from tui.widgets.journal_select import Shows
from tui.widgets.journal_source import JournalSource
from tui.widgets.journal_window import Window

SLICE_S = 0.005
"""Longest stretch of a scan or search before keys have their turn."""
REST_S = 0.002
"""Pause between two slices: what waits on the event loop runs in it."""
FRAME_S = 1 / 30
"""Least time between two drawings while a scan goes on."""
WHEEL_ROWS = 3


class JournalView(JournalCanvas, can_focus=True):
    """Entries of a source, followed, filtered, searched; the screen calls `sync` when it grew."""

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
        super().__init__(source, hosts)
        self._summary = Summary()
        self._scanning = False
        self._seeking: Seek | None = None

    def draw(self) -> None:
        """Draw, and tell the screen what changed."""
        super().draw()
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

    @property
    def highlighted(self) -> Entry | None:
        """The entry on which the highlighting stands."""
        self.reader.catch_up()
        return self.reader.highlighted

    def listed(self) -> Sequence[Entry]:
        """Every listed entry, oldest first; it stands still from now on."""
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
        self.relayout(replace(self.layout_of_rows, hits=hits))
        self.sync()

    def wrap(self) -> None:
        """Fold long lines instead of cutting them, or cut them again."""
        rows = self.layout_of_rows
        self.relayout(replace(rows, wrap=not rows.wrap))
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

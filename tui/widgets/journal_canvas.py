"""What is visible of a journal, drawn: rows as strips, once a frame, in the theme's colours.

Line API without a virtual size: one would make every new line a layout of the screen, and the
rows of everything held would have to be counted. The last column is the scroll bar.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from tui.model.journal import Entry
from tui.widgets.cells import short_names
from tui.widgets.journal_paint import ROLES, Gallery, Paint
from tui.widgets.journal_reader import JournalReader
from tui.widgets.journal_rows import Layout, Marks, Row
from tui.widgets.journal_source import JournalSource


class JournalCanvas(Widget):
    """Draws a reader's window; what it looks like, not what moves it."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"journal-view--{role}" for role in ROLES}
    DEFAULT_CSS = """
    JournalCanvas {
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
        & > .journal-view--card { color: $text-accent; text-style: bold; }
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

    def __init__(self, source: JournalSource, hosts: Sequence[str] = ()) -> None:
        super().__init__()
        self.reader = JournalReader(source, self._rows)
        self._hosts = tuple(hosts)
        self.layout_of_rows = Layout(80)
        self._gallery: Gallery | None = None
        self._strips: list[Strip] = []
        self._nothing: tuple[str, ...] = ()

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
        self.relayout(replace(self.layout_of_rows, width=width, names=names, colours=colours))
        self.reader.resize(self.size.height)
        self.draw()

    def notify_style_update(self) -> None:
        """Another theme: other colours for everything that is kept."""
        super().notify_style_update()
        if self.is_attached and self.size.width:
            self.relayout(self.layout_of_rows)
            self.reader.catch_up()
            self.draw()

    def relayout(self, layout: Layout) -> None:
        """Lay out differently from now on; nothing that is kept fits any more."""
        self.layout_of_rows = layout
        self._gallery = Gallery(layout, Paint(self._style_of))

    def _style_of(self, role: str) -> Style:
        return self.get_visual_style(f"journal-view--{role}").rich_style

    def _rows(self, index: int, entry: Entry, marks: Marks) -> Sequence[Row]:
        if self._gallery is None:
            return self.layout_of_rows.rows(entry, marks)
        return self._gallery.rows(index, entry, marks)

    def draw(self) -> None:
        """Draw the window as the reader arranged it; what is the same is not painted again."""
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

    def say_instead(self, lines: Sequence[str]) -> None:
        """What stands there while nothing is listed."""
        if tuple(lines) != self._nothing:
            self._nothing = tuple(lines)
            self.reader.catch_up()
            self.draw()


def _differ(one: Strip, other: Strip) -> bool:
    return one is not other

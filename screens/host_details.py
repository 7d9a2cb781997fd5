"""Every fact of one host with its age, kept fresh while it is looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from screens.place import Place
from tui.model.host_facts import fact_sections

if TYPE_CHECKING:
    from tui.operations.deck import Deck


class HostDetailsScreen(Place):
    """Reached by Enter from the hosts; Esc goes back."""

    place = "host"
    DEFAULT_CSS = """
    HostDetailsScreen VerticalScroll { height: 1fr; padding: 0 1; }
    HostDetailsScreen #facts { height: auto; }
    """

    def __init__(self, deck: Deck, host: str) -> None:
        super().__init__(deck)
        self._host = host
        self._stop: Callable[[], None] | None = None

    def compose_body(self) -> ComposeResult:
        """One text that scrolls."""
        with VerticalScroll():
            yield Static(Content(""), id="facts")

    def on_mount(self) -> None:
        """Follow the board; ages move once a second."""
        self._stop = self.deck.board.watch(self._draw)
        self.set_interval(1.0, self._draw)
        self.query_one(VerticalScroll).focus()
        self._draw()

    def on_unmount(self) -> None:
        """Stop following."""
        if self._stop is not None:
            self._stop()

    def _draw(self) -> None:
        view = next((v for v in self.deck.board.views if v.host == self._host), None)
        if view is None or not self.is_current:
            return
        lines = [Content.styled(view.host, "bold")]
        for heading, facts in fact_sections(view, self.deck.clock()):
            lines += [Content(""), Content.styled(heading, "bold $primary")]
            lines += [Content.assemble((f"  {k:<14}", "$text-muted"), text) for k, text in facts]
        self.query_one("#facts", Static).update(Content("\n").join(lines))

    def _scroll(self, lines: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_down(self) -> None:
        """A line down."""
        self._scroll(1)

    def action_up(self) -> None:
        """A line up."""
        self._scroll(-1)

    def action_page_down(self) -> None:
        """A screenful down."""
        self._scroll(self.size.height - 4)

    def action_page_up(self) -> None:
        """A screenful up."""
        self._scroll(4 - self.size.height)

    def action_top(self) -> None:
        """To the first line."""
        self.query_one(VerticalScroll).scroll_home(animate=False)

    def action_bottom(self) -> None:
        """To the last line."""
        self.query_one(VerticalScroll).scroll_end(animate=False)

    def action_back(self) -> None:
        """Esc: back to the hosts."""
        self.app.pop_screen()

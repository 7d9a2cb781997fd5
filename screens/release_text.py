"""A text about releases that scrolls: the base of a version's details and of a comparison."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from screens.place import Place, bindings_of
from tui.widgets.cells import wrap_words

Line = tuple[str, str]
"""(text, style: plain, head, good, warning, bad or muted)."""

_STYLES = {
    "head": "bold $primary",
    "good": "$text-success",
    "warning": "$text-warning",
    "bad": "bold $text-error",
    "muted": "$foreground-muted",
}


class ReleaseText(Place):
    """A title and lines; Esc goes back to the matrix."""

    place = "release"
    CSS_PATH = "release_text.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("release")

    def compose_body(self) -> ComposeResult:
        """The title, then one text that scrolls."""
        yield Static(Content(f" {self.heading()}"), classes="title")
        with VerticalScroll():
            yield Static(Content(""), id="lines", markup=False)

    def heading(self) -> str:
        """What the text is about, in one line."""
        raise NotImplementedError

    def lines(self) -> Sequence[Line]:
        """The text as it stands now."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Draw; the keys scroll."""
        self.query_one(VerticalScroll).focus()
        self.refresh_lines()

    def on_resize(self) -> None:
        """Lines are folded anew."""
        self.refresh_lines()

    def refresh_lines(self) -> None:
        """Draw the lines, folded between words where that is possible."""
        room = max(10, self.size.width - 4)
        shown = []
        for text, style in self.lines():
            indent = text[: len(text) - len(text.lstrip())]
            for index, piece in enumerate(wrap_words(text, room)):
                line = piece if index == 0 else f"{indent}  {piece}"
                look = _STYLES.get(style, "")
                shown.append(Content.styled(line, look) if look else Content(line))
        self.query_one("#lines", Static).update(Content("\n").join(shown))

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
        self._scroll(self.query_one(VerticalScroll).size.height - 1)

    def action_page_up(self) -> None:
        """A screenful up."""
        self._scroll(1 - self.query_one(VerticalScroll).size.height)

    def action_top(self) -> None:
        """To the first line."""
        self.query_one(VerticalScroll).scroll_home(animate=False)

    def action_bottom(self) -> None:
        """To the last line."""
        self.query_one(VerticalScroll).scroll_end(animate=False)

    def action_copy(self) -> None:
        """The text to the clipboard."""
        self.app.copy_to_clipboard("\n".join([self.heading(), *(t for t, _ in self.lines())]))
        self.notify("copied", timeout=2, markup=False)

    def action_back(self) -> None:
        """Esc: back to the matrix."""
        self.app.pop_screen()

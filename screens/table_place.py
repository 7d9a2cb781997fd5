"""The base of a place that is one table with lines below it: moving, copying, folding, leaving."""

from __future__ import annotations

from collections.abc import Iterable

from textual.content import Content

from screens.table_moves import TableMoves
from tui.widgets.cells import wrap_words
from tui.widgets.host_table import HostTable

_STYLES = {
    "head": "bold $primary",
    "off": "bold dim strike",
    "good": "$text-success",
    "warning": "$text-warning",
    "bad": "bold $text-error",
    "muted": "$foreground-muted",
}


class TablePlace(TableMoves):
    """A place pushed over another one; Esc gives that back."""

    def draw(self) -> None:
        """Draw everything as it was read last."""
        raise NotImplementedError

    def highlighted(self) -> str:
        """The name of the line under the cursor; empty without one."""
        return self.query_one(HostTable).highlighted

    def folded(self, lines: Iterable[tuple[str, str]]) -> Content:
        """(text, style) lines, folded between words to the width there is."""
        room = max(10, self.size.width - 4)
        shown = []
        for text, style in lines:
            look = _STYLES.get(style, "")
            for piece in wrap_words(text, room) or [""]:
                shown.append(Content.styled(piece, look) if look else Content(piece))
        return Content("\n").join(shown)

    def on_screen_resume(self) -> None:
        """Other things may have moved meanwhile."""
        self.draw()

    def on_resize(self) -> None:
        """Other columns may fit now."""
        self.draw()

    def on_host_table_highlighted(self) -> None:
        """What is said below follows the highlight."""
        self.draw()

    def action_copy(self) -> None:
        """The name of the highlighted line to the clipboard."""
        if self.highlighted():
            self.app.copy_to_clipboard(self.highlighted())
            self.notify("copied", timeout=2, markup=False)

    def action_back(self) -> None:
        """Esc: leave."""
        self.app.pop_screen()

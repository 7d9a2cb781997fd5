"""A console's text without the remote's say: scroll, mark, copy, search what is held."""

from __future__ import annotations

from textual.widgets import Input

from screens.place import Place
from tui.operations.console import ConsoleRun
from tui.widgets.terminal_view import TerminalView


class ConsoleMoves(Place):
    """A place with one terminal; these keys are this console's own."""

    @property
    def run(self) -> ConsoleRun | None:
        """The console in view."""
        raise NotImplementedError

    @property
    def view(self) -> TerminalView:
        """The terminal."""
        return self.query_one(TerminalView)

    def action_down(self) -> None:
        """A line towards the end."""
        self.view.scroll_lines(1)

    def action_up(self) -> None:
        """A line into the past."""
        self.view.scroll_lines(-1)

    def action_page_down(self) -> None:
        """A page towards the end."""
        self.view.scroll_lines(self.view.size.height - 1)

    def action_page_up(self) -> None:
        """A page into the past."""
        self.view.scroll_lines(1 - self.view.size.height)

    def action_top(self) -> None:
        """The oldest line that is held."""
        self.view.scroll_lines(-(10**9))

    def action_bottom(self) -> None:
        """The end."""
        self.view.to_end()

    def action_mark(self) -> None:
        """Mark the topmost line in view, or up to it."""
        self.view.lines.mark_lines(0, self.view.size.height)
        self.view.refresh()

    def action_copy(self) -> None:
        """What is marked to the clipboard (OSC 52); only ever by this key."""
        text = self.view.lines.marked_text()
        if not text:
            self.notify("nothing is marked: drag with the mouse, or space", markup=False)
            return
        clean = "".join(c for c in text if c == "\n" or c.isprintable())
        self.app.copy_to_clipboard(clean)
        self.notify(f"copied {len(clean)} characters", timeout=2, markup=False)

    # -- searching -----------------------------------------------------------------------

    def action_filter(self) -> None:
        """Search what is held."""
        field = self.query_one("#search", Input)
        field.display = True
        field.focus()

    def _end_search(self) -> None:
        self.query_one("#search", Input).display = False
        self.set_focus(None)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """From the newest hit on backwards."""
        count = self.view.lines.search(event.value)
        self._end_search()
        self.notify(f"{count} hits" if count else "nothing found", timeout=2, markup=False)
        self._hit(-1)

    def action_next_hit(self) -> None:
        """A newer hit."""
        self._hit(1)

    def action_previous_hit(self) -> None:
        """An older hit."""
        self._hit(-1)

    def _hit(self, step: int) -> None:
        self.view.lines.next_hit(step, self.view.size.height)
        self.view.refresh()

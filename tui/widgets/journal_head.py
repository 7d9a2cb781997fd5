"""The lines above and below the entries: errors a minute, what is asked, hosts in trouble."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.widgets import Static

from tui.widgets.journal_words import errors_words

_STYLES = {"plain": "", "warning": "bold $text-warning", "good": "$text-success"}
_TROUBLES = 3
"""Hosts in trouble that are named, a line each."""


class JournalHead(Static):
    """One line: the sparkline at the left, what was asked and the state at the right."""

    DEFAULT_CSS = """
    JournalHead { height: 1; color: $text-muted; text-wrap: nowrap; }
    """

    def __init__(self) -> None:
        super().__init__(markup=False)
        self._errors: Sequence[int] = ()
        self._now = 0.0
        self._words: tuple[str, tuple[str, str]] = ("", ("plain", ""))

    def show_errors(self, errors: Sequence[int], now: float) -> None:
        """Errors of each minute, the last one that of `now` (Unix seconds)."""
        if (errors, now // 60) != (self._errors, self._now // 60):
            self._errors, self._now = errors, now
            self.draw()

    def show(self, query: str, state: tuple[str, str]) -> None:
        """What was asked of the hosts, and the view's (style, words)."""
        if (query, state) != self._words:
            self._words = (query, state)
            self.draw()

    def on_resize(self) -> None:
        """The right side keeps to the right edge."""
        self.draw()

    def draw(self) -> None:
        """Put the words where they belong now."""
        query, (style, state) = self._words
        right = Content.assemble("  ", query, "  ", (state, _STYLES[style]), " ")
        room = max(0, self.size.width - right.cell_length)
        words = errors_words(self._errors, self._now, min(room - 1, 64)) if self._errors else ""
        left = Content(f" {words}").truncate(room, ellipsis=True, pad=True)
        self.update(Content.assemble(left, right), layout=False)


class JournalTroubles(Static):
    """A line for each host whose journal is not to be had; none, and it takes no room."""

    DEFAULT_CSS = """
    JournalTroubles {
        height: auto;
        background: $surface;
        color: $text-warning;
        text-wrap: nowrap;
        text-overflow: ellipsis;
        display: none;
    }
    """

    def __init__(self) -> None:
        super().__init__(markup=False)
        self._sentences: tuple[str, ...] = ()

    def show(self, sentences: Sequence[str]) -> None:
        """Say the first few; the rest as a count."""
        if tuple(sentences) == self._sentences:
            return
        self._sentences = tuple(sentences)
        shown = [f" {sentence}" for sentence in sentences[:_TROUBLES]]
        if len(sentences) > _TROUBLES:
            shown[-1] = f" and {len(sentences) - _TROUBLES + 1} hosts more: h names them"
        self.display = bool(shown)
        self.update(Content("\n".join(shown)))

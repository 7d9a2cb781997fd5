"""Details of a journal entry: every field of it, and the whole message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from screens.cards import card_content
from screens.dialog import Dialog
from tui.model.diagnosis_card import Card
from tui.model.journal import Entry
from tui.model.journal_text import level_word, stamp_of
from tui.model.text import scrub

_CLIPBOARD = 1 << 20
"""Characters that are copied at most."""


def facts_of(entry: Entry) -> list[tuple[str, str]]:
    """(name, value) of everything that is known of an entry but its message."""
    facts = [
        ("host", entry.host),
        ("time", f"{stamp_of(entry.at_us)} by the host's clock"),
        ("level", f"{entry.level.name.lower()} ({level_word(entry)})"),
        ("said by", entry.kind.value),
        ("unit", entry.unit),
        ("identifier", entry.identifier),
        ("pid", "" if entry.pid is None else str(entry.pid)),
        ("boot", entry.boot_id),
        ("run", entry.invocation_id),
        ("stream", entry.stream_id),
        ("message id", entry.message_id),
        ("line break", entry.line_break),
        ("cursor", entry.cursor),
        *entry.fields,
    ]
    return [(name, value) for name, value in facts if value]


def clip_of(text: str) -> str:
    """What may go to the clipboard: no control character but the newline."""
    return scrub(text, limit=_CLIPBOARD)


class EntryScreen(Dialog[None]):
    """One entry in full; the message first, wrapped, then the facts."""

    # Textual takes a list too, but Dialog's plain text is what mypy goes by.
    CSS_PATH = ["dialog.tcss", "entry.tcss"]  # type: ignore[assignment]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,q", "leave", "leave", show=False),
        Binding("j,down", "scroll(1)", "down", show=False),
        Binding("k,up", "scroll(-1)", "up", show=False),
        Binding("pagedown,ctrl+d,space", "page(1)", "page down", show=False),
        Binding("pageup,ctrl+u", "page(-1)", "page up", show=False),
        Binding("g,home", "end(False)", "top", show=False),
        Binding("G,end", "end(True)", "bottom", show=False),
        Binding("y", "copy", "copy", show=False),
    ]

    def __init__(self, entry: Entry, cards: Sequence[Card] = ()) -> None:
        super().__init__(f"{entry.host} {stamp_of(entry.at_us)}")
        self._entry = entry
        self._cards = cards

    def compose_body(self) -> ComposeResult:
        """What it means where that is known, message, facts, keys."""
        for card in self._cards:
            yield Static(card_content(card, with_line=False), classes="card")
        yield Static(Content(self._entry.message), classes="message")
        lines = [
            Content.assemble((f"{name:<12} ", "$foreground-muted"), value)
            for name, value in facts_of(self._entry)
        ]
        yield Static(Content("\n").join(lines), classes="facts")
        yield Static(Content("j k scroll   y copy the message   Esc leaves"), classes="muted")

    def action_scroll(self, rows: int) -> None:
        """Move by rows."""
        self.query_one(".box").scroll_relative(y=rows, animate=False)

    def action_page(self, pages: int) -> None:
        """Move by pages."""
        box = self.query_one(".box")
        box.scroll_relative(y=pages * max(1, box.size.height - 1), animate=False)

    def action_end(self, last: bool) -> None:
        """Go to an end."""
        box = self.query_one(".box")
        if last:
            box.scroll_end(animate=False)
        else:
            box.scroll_home(animate=False)

    def action_copy(self) -> None:
        """Copy the message, by this key only."""
        self.app.copy_to_clipboard(clip_of(self._entry.message))
        self.notify("message copied", markup=False)

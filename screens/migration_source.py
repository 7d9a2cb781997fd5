"""One migration: its source, and what is judged of it with the lines that this rests on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from screens.dialog import Dialog
from tui.model.migration import Direction
from tui.model.migration_source import Judgement, Reason
from tui.model.migration_views import MigrationRow
from tui.model.text import scrub
from tui.widgets.source_text import source_lines


class MigrationSourceScreen(Dialog[None]):
    """Reached by Enter from the migrations; reads, never changes."""

    # Textual takes a list too, but Dialog's plain text is what mypy goes by.
    CSS_PATH = ["dialog.tcss", "migration_source.tcss"]  # type: ignore[assignment]  # noqa: RUF012
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

    def __init__(self, row: MigrationRow, seen_by: str = "") -> None:
        """`seen_by` is whose code told of it, where only one was asked."""
        super().__init__(f"{row.seen.version} {row.name}".rstrip())
        self._row = row
        self._seen_by = seen_by

    def compose_body(self) -> ComposeResult:
        """Facts, judgements, source, keys."""
        row = self._row
        lines = [
            Content.assemble((f"{label:<10} ", "$foreground-muted"), text)
            for label, text in facts_of(row, self._seen_by)
        ]
        yield Static(Content("\n").join(lines), classes="facts")
        yield Static(self._source(), classes="source")
        yield Static(Content("j k scroll   y copy the source   Esc leaves"), classes="muted")

    def _source(self) -> Content:
        if self._row.text is None:
            return Content.styled("there is no text of it on this host", "$foreground-muted")
        marked = {reason.line for reason in _reasons(self._row.judgement)}
        return Content("\n").join(source_lines(self._row.text, marked))

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
        """Copy the source, by this key only."""
        if self._row.text is not None:
            self.app.copy_to_clipboard(scrub(self._row.text))
            self.notify("source copied", markup=False)


def facts_of(row: MigrationRow, seen_by: str = "") -> list[tuple[str, str]]:
    """(label, text) of everything that is known of a migration but its source."""
    judgement = row.judgement
    views = [
        ("node", row.running.state.value if row.running is not None else "does not know it"),
        ("disk", row.on_disk.state.value if row.on_disk is not None else "does not know it"),
    ]
    facts = [
        ("repo", row.repo),
        *([("state", f"{row.seen.state}, by the code of {seen_by}")] if seen_by else views),
        ("since", row.since or "no release on this host has its file"),
        ("undone", judgement.undo.value),
        *(("", reason.words) for reason in judgement.undo_reasons),
    ]
    for direction, label in ((Direction.UP, "up loses"), (Direction.DOWN, "down loses")):
        losses = judgement.losses(direction)
        facts.append((label, losses.words))
        facts += [("", reason.words) for reason in losses.reasons]
    if judgement.no_transaction:
        facts.append(("caution", "it runs without a transaction: a failure leaves it half done"))
    if row.differs_in:
        facts.append(("caution", f"its text is another in {', '.join(row.differs_in)}"))
    return facts


def _reasons(judgement: Judgement) -> Iterable[Reason]:
    return (*judgement.undo_reasons, *judgement.up.reasons, *judgement.down.reasons)

"""The cards: known failures that were seen, what each means, what is safe to do. Never acts."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from screens.dialog import Dialog
from tui.model.diagnosis_card import Card
from tui.model.words import counted
from tui.widgets.option_moves import move_option

if TYPE_CHECKING:
    from tui.operations.diagnosis import Diagnosis

_STYLES = {"failing": "bold $text-error", "trouble": "bold $text-warning", "hint": "bold"}


def card_content(card: Card, *, with_line: bool = True) -> Content:
    """A card in full: when, the evidence, the line, what it means, what to do next."""
    rows = [("seen", card.times), *(("shows", line) for line in card.evidence)]
    rows += [("line", card.line)] if with_line else []
    rows += [("means", card.rule.means), ("next", card.rule.next)]
    head = Content.styled(f"{card.host}  {card.title}", _STYLES[card.rule.weight.value])
    lines = [Content.assemble((f"{name:<6} ", "$foreground-muted"), text) for name, text in rows]
    return Content("\n").join([head, *lines])


class CardsScreen(Dialog[Card]):
    """A list of cards, worst first, and the highlighted one in full; answers with a card whose
    line is asked for."""

    # Textual takes a list too, but Dialog's plain text is what mypy goes by.
    CSS_PATH = ["dialog.tcss", "cards.tcss"]  # type: ignore[assignment]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor(1)", "down", show=False),
        Binding("k", "cursor(-1)", "up", show=False),
        Binding("d", "dismiss_card", "dismiss", show=False),
        Binding("D", "bring_back", "bring back", show=False),
        Binding("K,q", "leave", "leave", show=False),
    ]

    def __init__(self, diagnosis: Diagnosis, first: Card | None = None) -> None:
        super().__init__("Known failures")
        self._diagnosis = diagnosis
        self._first = first
        self._cards: list[Card] = []
        self._revision = -1

    def compose_body(self) -> ComposeResult:
        """The list, the highlighted card, the keys."""
        yield OptionList(markup=False)
        yield Static(Content(""), classes="card", markup=False)
        yield Static(Content(""), classes="muted", markup=False)

    def on_mount(self) -> None:
        """The list has the focus; what is seen meanwhile comes in once a second."""
        self._list(self._first)
        self.query_one(OptionList).focus()
        self.set_interval(1.0, self._follow)

    def _follow(self) -> None:
        if self._diagnosis.revision != self._revision:
            self._list(self._highlighted)

    @property
    def _highlighted(self) -> Card | None:
        at = self.query_one(OptionList).highlighted
        return self._cards[at] if at is not None and at < len(self._cards) else None

    def _list(self, wanted: Card | None) -> None:
        """Show the cards as they are now, with the same one highlighted."""
        self._revision = self._diagnosis.revision
        self._cards = self._diagnosis.cards
        keys = [card.key for card in self._cards]
        if wanted is not None and wanted is self._first and wanted.key not in keys:
            # A dismissed one whose line is looked at.
            self._cards = [wanted, *self._cards]
            keys = [wanted.key, *keys]
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([Option(self._row(card)) for card in self._cards])
        if self._cards:
            at = keys.index(wanted.key) if wanted is not None and wanted.key in keys else 0
            options.highlighted = at
        options.display = bool(self._cards)
        self._show()

    def _row(self, card: Card) -> Content:
        often = f" ×{card.count}" if card.count > 1 else ""
        return Content.assemble(
            (f"{card.host}  ", _STYLES[card.rule.weight.value]), f"{card.title}{often}"
        )

    def _show(self) -> None:
        card = self._highlighted
        said = card_content(card) if card is not None else Content("no known failure is shown")
        self.query_one(".card", Static).update(said)
        away = self._diagnosis.dismissed
        back = f"   D brings back {counted(away, 'card')}" if away else ""
        keys = f"⏎ its line   d dismiss{back}   Esc leaves" if card else f"Esc leaves{back}"
        self.query_one(".muted", Static).update(Content(keys))

    def on_option_list_option_highlighted(self) -> None:
        """Another card in full."""
        self._show()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Answer the card whose line is asked for."""
        self.dismiss(self._cards[event.option_index])

    def action_cursor(self, by: int) -> None:
        """j and k beside the arrows."""
        move_option(self.query_one(OptionList), by)

    def action_dismiss_card(self) -> None:
        """Take the highlighted card away until its failure was quiet and comes again."""
        card = self._highlighted
        if card is not None:
            self._first = None
            self._diagnosis.dismiss(card)
            self._list(None)

    def action_bring_back(self) -> None:
        """Show what was dismissed."""
        self._diagnosis.bring_back()
        self._list(self._highlighted)

"""The base of every place: status bar, tab strip, body, key line, and keys from the one table."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.css.query import NoMatches
from textual.screen import Screen

from tui.messages import LineAsked
from tui.model.frame import frame_state
from tui.model.keys import KEYS
from tui.widgets.frame import KeyLine, StatusBar, TabStrip

if TYPE_CHECKING:
    from tui.model.diagnosis_card import Card
    from tui.operations.deck import Deck


def bindings_of(place: str) -> list[BindingType]:
    """Textual bindings of a place, each with the id by which the config remaps it."""
    return [
        Binding(key.keys, key.action, key.label, show=False, id=key.id)
        for key in KEYS
        if key.works_at(place)
    ]


class Place(Screen[None]):
    """A place an operator can navigate to; subclasses compose the body and answer the keys."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("*")

    place: ClassVar[str] = ""

    def __init__(self, deck: Deck) -> None:
        super().__init__()
        self.deck = deck
        self._frame_watch: Callable[[], None] | None = None

    def compose(self) -> ComposeResult:
        """Status bar, tabs, the body of the subclass, key line."""
        yield StatusBar()
        yield TabStrip(self.place)
        yield from self.compose_body()
        yield KeyLine(self.place)

    def compose_body(self) -> ComposeResult:
        """What stands between the tabs and the key line."""
        yield from ()

    def on_mount(self) -> None:
        """The frame follows the board, and the clock once a second."""
        self.query_one(KeyLine).show(self.deck.config.keys)
        self._frame_watch = self.deck.board.watch(self.refresh_frame)
        self.set_interval(1.0, self.refresh_frame)
        self.refresh_frame()

    def on_unmount(self) -> None:
        """Stop watching."""
        if self._frame_watch is not None:
            self._frame_watch()
            self._frame_watch = None

    def refresh_frame(self) -> None:
        """Draw status bar and tabs as things stand; costs nothing if nothing changed."""
        if not self.is_current:
            return
        deck = self.deck
        views = deck.board.views
        state = frame_state(
            (deck.environment.name, deck.app.name),
            deck.environment.production,
            views,
            deck.gate.state,
            deck.clock(),
            sum(deck.store.errors(view.host) for view in views),
            migrations=deck.migrations.mark if deck.migrations is not None else "",
            cards=len(deck.diagnosis.cards),
        )
        try:
            self.query_one(StatusBar).show(state)
            self.query_one(TabStrip).show(state.marks)
        except NoMatches:
            # Zoomed or on its way out: there is no frame to draw.
            return

    def action_back(self) -> None:
        """Esc: places have nothing to leave; dialogs and filters override it."""

    def action_cards(self) -> None:
        """What known failures were seen, what they mean, and where their lines are."""
        self.show_cards(None)

    def show_cards(self, first: Card | None) -> None:
        """The cards, with one of them in front."""
        from screens.cards import CardsScreen

        def answered(card: Card | None) -> None:
            if card is not None:
                self.post_message(LineAsked(self.deck.key, card.entry))

        self.app.push_screen(CardsScreen(self.deck.diagnosis, first), answered)

    def action_timeline(self) -> None:
        """What was done and noted, over this place."""
        from screens.timeline import TimelineScreen

        if not isinstance(self, TimelineScreen):
            self.app.push_screen(TimelineScreen(self.deck))

    def action_zoom(self) -> None:
        """Give the body the whole screen, or give it back."""
        for kind in (StatusBar, TabStrip, KeyLine):
            bar = self.query_one(kind)
            bar.display = not bar.display

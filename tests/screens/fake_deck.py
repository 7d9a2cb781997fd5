"""A deck without a fleet: views, counts and a clock as a test wants them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, cast

from tests.values import NOW
from tui.model.fleet import App, Config, Environment
from tui.model.gate import LockState
from tui.model.host import HostView
from tui.model.notice import notices
from tui.operations.deck import Deck
from tui.operations.diagnosis import Diagnosis


def fake_deck(views: Sequence[HostView], *, production: bool = False, errors: int = 0) -> Deck:
    """What HostsScreen asks of a deck, with a clock that stands still."""

    def watch(_callback: Callable[[], None]) -> Callable[[], None]:
        return lambda: None

    counts = [0, 0, 0, 0, errors // 3, errors, errors // 2, errors]
    deck: Any = SimpleNamespace(
        config=Config(),
        environment=Environment("production" if production else "staging", production),
        app=App("billing"),
        board=SimpleNamespace(views=tuple(views), watch=watch),
        gate=SimpleNamespace(state=LockState(production)),
        store=SimpleNamespace(
            errors=lambda host: errors if host == "web2" else 0,
            per_minute=lambda host, minutes: counts[-minutes:] if host == "web2" else [0] * minutes,
        ),
        clock=lambda: NOW,
        migrations=None,
        diagnosis=Diagnosis(lambda: NOW),
        key=f"{'production' if production else 'staging'}/billing",
        notices=lambda: notices(views, NOW),
    )
    return cast(Deck, deck)

"""Pictures of the hosts screen at three sizes, the clock standing still (screens.md's sketch)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.app import App

from screens.hosts import HostsScreen
from tests.screens.fake_deck import fake_deck
from tests.values import NOW, view
from tui.model.host import HostView, Link, LinkState
from tui.theme import THEMES

INCIDENT = [
    view("web1", runs="0.3.0+41", boots="0.3.0+41"),
    view("web2", runs=None, boots="0.3.0+41", active="failed", restarts=4, exec_code=1,
         exec_status=1),
    view("web3", runs="0.2.0+38", boots="0.3.0+41"),
    replace(
        view("web4", runs="0.3.0+41", boots="0.3.0+41", taken_at=NOW - 14),
        link=Link(LinkState.LOST, NOW - 14, heard_at=NOW - 14, attempt=2, retry_at=NOW + 8),
    ),
]  # fmt: skip
STRANGERS = [
    HostView("web1", Link(LinkState.UNKNOWN_KEY, NOW, fingerprint="SHA256:abc")),
    HostView("web2", Link(LinkState.CHANGED_KEY, NOW, detail="the key differs")),
    HostView("web3", Link(LinkState.LOCKED_IDENTITY, NOW, identity="~/.ssh/id_ed25519")),
    HostView("web4", Link(LinkState.CONNECTING, NOW)),
]


class Shown(App[None]):
    """Only the hosts screen, on a deck of values."""

    def __init__(self, views: list[HostView], *, production: bool) -> None:
        super().__init__()
        self._views, self._production = views, production
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = THEMES[0].name

    def on_mount(self) -> None:
        deck = fake_deck(self._views, production=self._production, errors=6)
        self.push_screen(HostsScreen(deck))


@pytest.mark.parametrize(
    "size", [(80, 24), (120, 40), (200, 60)], ids=["80x24", "120x40", "200x60"]
)
def test_an_incident(snap_compare, size: tuple[int, int]) -> None:  # type: ignore[no-untyped-def]
    assert snap_compare(Shown(INCIDENT, production=True), terminal_size=size)


def test_hosts_that_are_shut_out(snap_compare) -> None:  # type: ignore[no-untyped-def]
    assert snap_compare(Shown(STRANGERS, production=False), terminal_size=(80, 24))

"""The hosts screen by its keys, on a deck of values that can change: rows, filter, marks, acts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from textual.app import App
from textual.pilot import Pilot

from screens.actions import ActionsScreen
from screens.host_details import HostDetailsScreen
from screens.hosts import HostsScreen
from tests.screens.fake_deck import fake_deck
from tests.values import NOW, view
from tests.waiting import until
from tui.messages import PlanAsked, TrustRequested
from tui.model.fleet import Config
from tui.model.host import HostView, Link, LinkState, NodeSaid
from tui.operations.planners import hosts_of
from tui.theme import THEMES
from tui.widgets.host_table import HostTable
from tui.widgets.notice_panel import NoticePanel


class Live:
    """A deck whose views a test changes; what it was asked for is kept."""

    def __init__(self, views: Sequence[HostView], **options: Any) -> None:
        self.views = tuple(views)
        self.retried: list[str] = []
        self.asked: list[str] = []
        self.problem = ""
        self._watchers: list[Callable[[], None]] = []
        self.deck: Any = fake_deck(views, **options)
        self.deck.board = self
        self.deck.sessions = {}
        self.deck.fleet = SimpleNamespace(retry=self.retried.append)
        self.deck.notices = lambda: notices(self.views)

    def watch(self, callback: Callable[[], None]) -> Callable[[], None]:
        self._watchers.append(callback)
        return lambda: self._watchers.remove(callback)

    @property
    def watched(self) -> int:
        return len(self._watchers)

    async def refresh(self, host: str) -> None:
        self.asked.append(host)

    async def read_running(self, host: str) -> str:
        self.asked.append(f"rpc {host}")
        said = NodeSaid(NOW, "started", True, self.problem)
        self.views = tuple(
            replace(v, snapshot=replace(v.snapshot, node=said))
            if v.host == host and v.snapshot
            else v
            for v in self.views
        )
        return self.problem

    def change(self, *views: HostView) -> None:
        self.views = views
        for callback in tuple(self._watchers):
            callback()


def notices(views: Sequence[HostView]) -> Any:
    from tui.model.notice import notices as noticed

    return noticed(views, NOW)


class Shown(App[None]):
    """Only the hosts screen; what it asks of the app is kept."""

    def __init__(self, live: Live) -> None:
        super().__init__()
        self._live = live
        self.said: list[str] = []
        self.plans: list[tuple[str, str, tuple[str, ...]]] = []
        self.trusted: list[str] = []
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = THEMES[0].name

    def on_mount(self) -> None:
        self.push_screen(HostsScreen(self._live.deck))

    def notify(self, message: str, **options: Any) -> None:
        assert options.get("markup") is False
        self.said.append(message)

    def on_plan_asked(self, message: PlanAsked) -> None:
        self.plans.append((message.deck, message.kind, hosts_of(message.params)))

    def on_trust_requested(self, message: TrustRequested) -> None:
        self.trusted.append(message.host)


@asynccontextmanager
async def opened(
    live: Live, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[Shown, Pilot[None], HostsScreen]]:
    app = Shown(live)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, HostsScreen)
        yield app, pilot, screen


def text(app: App[Any]) -> str:
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(s.text for s in strip) for strip in strips)


def three() -> Live:
    return Live([view("web1"), view("web2"), view("web3")])


async def test_a_calm_fleet_has_no_word_below_its_table() -> None:
    live = three()
    async with opened(live) as (app, _pilot, screen):
        assert text(app).count("running") == 3
        panel = screen.query_one(NoticePanel)
        top = panel.region.y
        assert not "".join(text(app).split("\n")[top : top + panel.size.height]).strip()


async def test_rows_change_in_place_and_the_cursor_stays_on_its_host() -> None:
    live = three()
    async with opened(live) as (app, pilot, screen):
        await pilot.press("j", "j")
        failed = view("web2", active="failed", exec_code=1, exec_status=1)
        live.change(view("web1"), failed, view("web3"))
        await pilot.pause()
        assert screen.highlighted() == "web3"
        assert "FAILED" in text(app)
        assert "web2  failed, 2h 1m ago: exit status 1" in text(app)


async def test_a_host_that_hangs_is_stale_with_its_age_and_the_reason() -> None:
    hung = replace(view("web2", taken_at=NOW - 95), trouble="the probe did not end")
    async with opened(Live([view("web1"), hung])) as (app, _pilot, _screen):
        # The link came up a minute ago; it has been silent since then.
        assert "stale 1m" in text(app)
        assert "is connected but has answered no probe" in text(app)
        assert "the probe did not end" in text(app)


async def test_the_filter_narrows_counts_and_says_when_nothing_fits() -> None:
    live = Live([view("web1"), view("web2", runs="0.3.1"), view("db1", active="inactive")])
    async with opened(live) as (app, pilot, screen):
        table = screen.query_one(HostTable)
        await pilot.press("slash", *"0.3.1")
        await until(lambda: table.hosts == ("web2",))
        await pilot.press("enter")
        await pilot.pause()
        assert "filter 0.3.1" in text(app)
        assert "2 hosts hidden" in text(app)
        await pilot.press("slash", *"stopped", "enter")
        await until(lambda: table.hosts == ("db1",))
        await pilot.press("slash", *"nothing such")
        await until(lambda: table.hosts == ())
        assert "no host matches nothing such" in text(app)
        await pilot.press("escape")
        await until(lambda: len(table.hosts) == 3)
        await pilot.pause()
        assert "filter" not in text(app).split("\n")[-2]


async def test_marks_choose_and_hidden_marks_do_not() -> None:
    live = three()
    async with opened(live) as (_app, pilot, screen):
        await pilot.press("space", "space")
        assert screen.chosen() == ("web1", "web2")
        assert screen.highlighted() == "web3"
        await pilot.press("slash", *"web2", "enter")
        await until(lambda: screen.chosen() == ("web2",))
        await pilot.press("escape", "asterisk")
        assert screen.chosen() == ("web1", "web2", "web3")
        await pilot.press("asterisk")
        assert screen.chosen() == (screen.highlighted(),)
        await pilot.press("space", "escape")
        assert screen.chosen() == (screen.highlighted(),)


async def test_a_restart_is_asked_for_with_the_chosen_hosts() -> None:
    async with opened(three()) as (app, pilot, _screen):
        await pilot.press("asterisk", "R")
        await until(lambda: app.plans)
        assert app.plans == [("staging/billing", "restart", ("web1", "web2", "web3"))]


async def test_trust_reconnect_and_what_keeps_a_host_out() -> None:
    strangers = [
        HostView("web1", Link(LinkState.UNKNOWN_KEY, NOW)),
        HostView("web2", Link(LinkState.CHANGED_KEY, NOW, detail="the key differs")),
    ]
    live = Live(strangers)
    async with opened(live) as (app, pilot, _screen):
        assert "unknown key" in text(app)
        assert "KEY CHANGED" in text(app)
        assert "t look at its fingerprint" in text(app)
        await pilot.press("t")
        await until(lambda: app.trusted == ["web1"])
        await pilot.press("asterisk", "c")
        assert live.retried == ["web1", "web2"]


async def test_the_actions_name_the_keys_as_they_are_remapped() -> None:
    live = three()
    live.deck.config = Config(keys={"restart": "ctrl+r"})
    async with opened(live) as (app, pilot, _screen):
        await pilot.press("a")
        await until(lambda: isinstance(app.screen, ActionsScreen))
        assert "^r" in text(app)
        assert "nothing keeps it out" in text(app)


async def test_details_of_a_host_work_on_it_and_stop_watching_when_left() -> None:
    live = Live([view("web1"), view("web2", boots="0.3.0")])
    async with opened(live, (80, 40)) as (app, pilot, _screen):
        watched = live.watched
        await pilot.press("j", "enter")
        await until(lambda: isinstance(app.screen, HostDetailsScreen))
        await pilot.pause()
        assert "runs 0.2.0 but would boot 0.3.0" in text(app)
        assert "boots next     0.3.0" in text(app)
        keys = text(app).split("\n")[-1]
        assert "v ping its node" in keys
        assert "details" not in keys
        await pilot.press("v")
        await until(lambda: live.asked == ["rpc web2"])
        await until(lambda: any("web2 runs 0.2.0" in said for said in app.said))
        live.problem = "the node did not answer: :nodedown"
        await pilot.press("v")
        await until(lambda: live.problem in app.said)
        await pilot.press("c", "t", "G", "g", "pagedown", "y", "escape")
        await until(lambda: isinstance(app.screen, HostsScreen))
        assert live.retried == ["web2"]
        assert app.trusted == ["web2"]
        assert live.watched == watched


@pytest.mark.parametrize("width", [20, 40, 80, 100, 120, 160, 250])
async def test_no_width_breaks_a_line(width: int) -> None:
    long = [
        view(f"web{n}.eu-west-1.example.net", runs="0.3.0+20180604-master-41aa07c")
        for n in range(3)
    ]
    async with opened(Live(long), (width, 24)) as (app, pilot, _screen):
        await pilot.press("enter")
        await pilot.pause()
        assert all(len(line) == width for line in text(app).split("\n"))

"""Cards in the console: on the line, on the hosts screen, in the tab strip, dismissed, linked."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from textual.app import App
from textual.widgets import OptionList

from screens.cards import CardsScreen
from screens.entry import EntryScreen
from screens.hosts import HostsScreen
from screens.journal import JournalScreen
from tests.journal_fakes import NOW, FakeStore, entry, fake_deck, ordinary_night
from tests.screens.fake_deck import fake_deck as hosts_deck
from tests.values import NOW as HOSTS_NOW
from tests.values import view
from tui.diagnosis_rules import own_rules
from tui.messages import LineAsked
from tui.model.card_notice import card_notices, rule_notices
from tui.model.diagnosis_card import Card
from tui.model.journal import Entry, EntryKind, Level
from tui.model.notice import HERE, Severity
from tui.operations.diagnosis import QUIET_US, Diagnosis
from tui.widgets.frame import TabStrip
from tui.widgets.notice_panel import NoticePanel


def shown(widget: Any) -> str:
    """The text that a widget draws."""
    return "\n".join(
        "".join(segment.text for segment in widget.render_line(y))
        for y in range(widget.size.height)
    )


def a_night() -> SimpleNamespace:
    """A deck whose journal has a failure that is known."""
    night = ordinary_night()
    deck = fake_deck(FakeStore(night))
    deck.diagnosis.use(own_rules())
    deck.key = "staging/billing"
    for said in night:
        deck.diagnosis.take(said.host, [said])
    return deck


class Shell(App[None]):
    """Shows one place and keeps what it asks for."""

    def __init__(self, place: Any) -> None:
        super().__init__()
        self.place = place
        self.asked: list[LineAsked] = []

    async def on_mount(self) -> None:
        await self.push_screen(self.place)

    def on_line_asked(self, message: LineAsked) -> None:
        self.asked.append(message)


async def test_the_line_has_a_mark_and_the_card_is_one_key_away() -> None:
    deck = a_night()
    async with Shell(JournalScreen(deck)).run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        screen = pilot.app.screen
        assert isinstance(screen, JournalScreen)
        marked = [line for line in shown(screen.view).split("\n") if "◆" in line]
        assert len(marked) == 1
        assert "ERROR◆Application telemetry" in marked[0]
        await pilot.press("e", "K")
        assert isinstance(pilot.app.screen, CardsScreen)
        await pilot.pause()
        said = shown(pilot.app.screen.query_one(".card"))
        assert "module :telemetry_app is not available" in said
        assert "next" in said
        await pilot.press("enter")
        await pilot.pause()
        asked = pilot.app.asked  # type: ignore[attr-defined]
        assert [message.entry.host for message in asked] == ["web2"]
        await pilot.press("enter")
        assert isinstance(pilot.app.screen, EntryScreen)
        await pilot.pause()
        assert "means" in shown(pilot.app.screen.query_one(".card"))


async def test_a_line_is_gone_to_even_if_the_filter_hides_it() -> None:
    deck = a_night()
    async with Shell(JournalScreen(deck)).run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        screen = pilot.app.screen
        assert isinstance(screen, JournalScreen)
        screen.show_only(frozenset({"web1"}))
        card = deck.diagnosis.cards[0]
        screen.show_line(card.entry)
        await pilot.pause()
        assert screen.view.highlighted is card.entry


async def test_dismissed_and_brought_back() -> None:
    deck = a_night()
    async with Shell(JournalScreen(deck)).run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press("K", "d")
        await pilot.pause()
        cards = pilot.app.screen
        assert isinstance(cards, CardsScreen)
        assert deck.diagnosis.cards == []
        assert "no known failure" in shown(cards.query_one(".card"))
        await pilot.press("escape")
        await pilot.pause()
        journal = pilot.app.screen
        assert isinstance(journal, JournalScreen)
        journal.view.sync()
        await pilot.pause()
        assert "◆" not in shown(journal.view)
        await pilot.press("K", "D")
        await pilot.pause()
        assert cards is not pilot.app.screen
        assert pilot.app.screen.query_one(OptionList).option_count == 1
        assert len(deck.diagnosis.cards) == 1


async def test_the_hosts_screen_and_the_tab_strip() -> None:
    deck: Any = hosts_deck([view("web1"), view("web2")])
    deck.diagnosis.use(own_rules())
    at = HOSTS_NOW - 11
    said = entry("x.service: Start request repeated too quickly.", "web2", at, Level.WARNING,
                 EntryKind.UNIT)  # fmt: skip
    deck.diagnosis.take("web2", [said])
    deck.notices = lambda: card_notices(deck.diagnosis.cards, (), HOSTS_NOW)
    async with Shell(HostsScreen(deck)).run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        screen = pilot.app.screen
        panel = shown(screen.query_one(NoticePanel))
        assert "web2  start limit hit: systemd gave up" in panel
        assert "11s ago" in panel
        assert "K what it means" in panel
        assert "1 hosts 1◆" in shown(screen.query_one(TabStrip))


async def test_at_80_columns_the_strip_holds_every_tab_with_all_its_counts() -> None:
    deck: Any = hosts_deck([view("web1")], errors=212)
    async with Shell(HostsScreen(deck)).run_test(size=(80, 24)) as pilot:
        strip = pilot.app.screen.query_one(TabStrip)
        strip.show((("hosts", "2◆"), ("journal", "212!"), ("migrations", "2?")))
        await pilot.pause()
        assert "5 console" in shown(strip)


# -- the collection of cards ---------------------------------------------------------------


def sign(at: float, host: str = "web1", pid: int = 1) -> Entry:
    text = "[error] {:error, :eaddrinuse}"
    return entry(text, host, NOW + at, Level.ERROR)._replace(pid=pid)


def diagnosis() -> Diagnosis:
    made = Diagnosis(lambda: NOW)
    made.use(own_rules())
    return made


def counts(made: Diagnosis) -> dict[tuple[str, str], int]:
    return {card.key: card.count for card in made.cards}


def test_cards_are_counted_by_host_and_rule() -> None:
    made = diagnosis()
    made.take("web1", [sign(0), sign(5)])
    made.take("web2", [sign(2, "web2")])
    assert counts(made) == {("web1", "port-in-use"): 2, ("web2", "port-in-use"): 1}
    card = next(card for card in made.cards if card.host == "web1")
    assert card.last_us - card.first_us == 5_000_000
    assert made.of(sign(0))
    assert not made.of(sign(1))


def test_an_entry_that_grows_counts_once_and_may_show_more() -> None:
    made = diagnosis()
    first = sign(0)
    made.take("web1", [first])
    grown = first._replace(message=first.message + "\n    (app 1.0) lib/a.ex:1: A.b/0", cursor="x")
    made.amend("web1", grown)
    assert counts(made) == {("web1", "port-in-use"): 1}
    more = grown._replace(message=grown.message + "\n** cannot: {:error, :enospc}")
    made.amend("web1", more)
    assert set(counts(made)) == {("web1", "port-in-use"), ("web1", "disk-full")}


def test_a_dismissed_card_comes_back_after_a_silence_only() -> None:
    made = diagnosis()
    made.take("web1", [sign(0)])
    made.dismiss(made.cards[0])
    made.take("web1", [sign(60), sign(500)])
    assert made.cards == []
    assert not made.marks(sign(60))
    made.take("web1", [sign(500 + QUIET_US / 1e6 + 1)])
    assert counts(made) == {("web1", "port-in-use"): 4}
    assert made.marks(sign(60))


def test_reading_anew_forgets_what_was_found_and_not_what_was_dismissed() -> None:
    made = diagnosis()
    made.take("web1", [sign(0)])
    made.dismiss(made.cards[0])
    made.clear()
    made.take("web1", [sign(0)])
    assert made.cards == []
    assert made.bring_back() == 1
    assert counts(made) == {("web1", "port-in-use"): 1}


def test_time_that_passes_tells_what_did_not_come() -> None:
    now = [NOW]
    made = Diagnosis(lambda: now[0])
    made.use(own_rules())
    text = "x.service: Scheduled restart job, restart counter is at 7."
    made.take("web1", [entry(text, "web1", NOW - 600, Level.WARNING, EntryKind.UNIT)])
    made.tick()
    assert made.cards == []
    now[0] += 11
    made.tick()
    assert [card.rule.id for card in made.cards] == ["looping"]


def test_hints_about_the_log_are_no_notices_and_rules_that_fail_are() -> None:
    made = diagnosis()
    made.take("web1", [entry('[error] got "aaa" <> ...', "web1", level=Level.ERROR)])
    assert [card.rule.id for card in made.cards] == ["cut-by-inspect"]
    assert card_notices(made.cards, (), NOW) == ()
    found = rule_notices(("rules/x.toml:3: rules[0].id: is missing",))
    assert [(n.severity, n.host) for n in found] == [(Severity.HINT, HERE)]


def test_a_failure_before_the_present_start_is_told_as_past() -> None:
    made = diagnosis()
    running = view("web1")
    snapshot = running.snapshot
    assert snapshot is not None
    lasted = snapshot.lasted_s(HOSTS_NOW)
    assert lasted is not None

    def severity(ago_s: float) -> tuple[Severity, str]:
        said = entry("[error] {:error, :eaddrinuse}", "web1", HOSTS_NOW - ago_s, Level.ERROR)
        made.clear()
        made.take("web1", [said])
        (notice,) = card_notices(made.cards, (running,), HOSTS_NOW)
        return notice.severity, notice.lines[0]

    assert severity(lasted - 10)[0] is Severity.FAILING
    assert severity(lasted + 60) == (
        Severity.HINT,
        severity(lasted + 60)[1],
    )
    assert "before it was started last" in severity(lasted + 60)[1]
    assert isinstance(made.cards[0], Card)

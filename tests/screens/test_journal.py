"""The journal's screen by its keys: follow, filter, search, details, copy, export."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from textual.app import App
from textual.events import MouseDown, MouseScrollDown, MouseScrollUp, MouseUp
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input

from screens.entry import EntryScreen
from screens.journal import JournalScreen
from screens.journal_choices import ExportScreen, HostsChoice, QueryScreen
from tests.journal_fakes import NOW, FakeStore, entry, fake_deck, hidden_in, ordinary_night
from tui.model.journal import Entry, EntryKind, FeedState, FeedWord, JournalQuery, Level
from tui.theme import THEMES
from tui.widgets.filter_line import FilterLine
from tui.widgets.frame import KeyLine, StatusBar, TabStrip
from tui.widgets.journal_list import Seek
from tui.widgets.journal_view import JournalView

HOSTS = ("web1", "web2", "web4")


class JournalApp(App[None]):
    """Nothing but the journal; counts what must never happen by itself."""

    def __init__(self, deck: Any) -> None:
        super().__init__()
        self.deck = deck
        self.booms = 0
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = "beamdeck-dark"

    def on_mount(self) -> None:
        self.add_mode("journal", lambda: JournalScreen(self.deck))
        self.add_mode("elsewhere", Screen)
        self.switch_mode("journal")

    def action_boom(self) -> None:
        """What hostile text tries to run."""
        self.booms += 1


class Journal:
    """A running screen, its store and what is on it."""

    def __init__(self, app: JournalApp, pilot: Pilot[None], store: FakeStore) -> None:
        self.app = app
        self.pilot = pilot
        self.store = store

    @property
    def screen(self) -> JournalScreen:
        screen = self.app._screen_stacks["journal"][0]
        assert isinstance(screen, JournalScreen)
        return screen

    def shows(self, kind: type[Screen[Any]]) -> bool:
        """Whether such a screen is on top."""
        return isinstance(self.app.screen, kind)

    @property
    def view(self) -> JournalView:
        return self.screen.view

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.settle()

    async def settle(self) -> None:
        """Until scans and searches are over and everything is drawn."""
        await self.pilot.pause()
        await self.app.workers.wait_for_complete()
        await self.pilot.pause()

    async def come(self, *entries: Entry) -> None:
        self.store.append(*entries)
        self.app.deck.feed.changed()
        await self.settle()

    def lines(self) -> list[str]:
        """What is painted, line by line."""
        strips = self.app.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip).rstrip() for strip in strips]

    def entries(self) -> list[str]:
        """The lines of the entries without the scroll bar."""
        rows = self.view.size.height
        return [self.view.render_line(y).text[:-1].rstrip() for y in range(rows)]

    @property
    def painted(self) -> str:
        return "\n".join(self.lines())

    async def click_everything(self, within: str = "") -> None:
        """Press and release the button on every cell, as a terminal reports it.

        With a text only on its own cells, wherever it stands.
        """
        for y, line in enumerate(self.lines()):
            found = line.find(within)
            begin, end = (found, found + len(within)) if within else (0, self.app.size.width)
            for x in range(begin, end) if found >= 0 else ():
                for kind in (MouseDown, MouseUp):
                    self.app.post_message(
                        kind(None, x, y, 0, 0, 1, False, False, False, screen_x=x, screen_y=y)
                    )
            await self.pilot.pause()

    @property
    def said(self) -> str:
        """What is painted as one line, without frames and folds."""
        return " ".join(self.painted.replace("│", " ").split())

    @property
    def highlighted(self) -> str:
        found = self.view.highlighted
        assert found is not None
        return found.message

    @property
    def clipboard(self) -> str:
        return self.app.clipboard


@asynccontextmanager
async def opened(
    entries: list[Entry],
    size: tuple[int, int] = (80, 24),
    hosts: tuple[str, ...] = HOSTS,
    deck: SimpleNamespace | None = None,
) -> AsyncIterator[Journal]:
    """The screen with these entries held, drawn."""
    store = FakeStore(entries)
    app = JournalApp(deck or fake_deck(store, hosts))
    async with app.run_test(size=size) as pilot:
        journal = Journal(app, pilot, app.deck.store)
        await journal.settle()
        yield journal


def numbered(count: int, start: int = 0) -> list[Entry]:
    """Entries, every tenth an error, every 25th a warning."""
    made = []
    for n in range(start, start + count):
        level = Level.ERROR if n % 10 == 5 else Level.WARNING if n % 25 == 0 else Level.INFO
        made.append(entry(f"GET /items/{n}", HOSTS[n % 3], NOW - 60 + n / 100, level))
    return made


class TestWhatIsShown:
    async def test_80x24_as_sketched(self) -> None:
        async with opened(ordinary_night()) as journal:
            lines = journal.lines()
            assert len(lines) == 24
            assert lines[2].startswith(" ▁")
            assert "errors/min, most 7" in lines[2]
            assert lines[2].endswith("since 15m  follow ▶")
            assert lines[3:8] == [
                " 03:07:41.180 web1 info  request_id=72 GET /v1/users/4 Sent 200 in 54ms",
                "         .204 web2 ERROR Application telemetry exited: exited in: :telemetry_a+",
                " ┃            web2           ** (EXIT) an exception was raised:",
                " ┃            web2       (3 more lines)                                       ⏎",
                "         .310 web2 unit  billing.service: Main process exited, code=exited, st+",
            ]
            assert lines[9].startswith(" ── web4: link lost 03:07:43 ─")
            assert lines[9].endswith("─ resuming, 17s ──")
            assert lines[12] == "▌03:07:48.500 web1 debug QUERY OK db=0.4ms"
            assert (
                lines[22]
                == " / filter   all levels   all hosts                                    8 entries"
            )
            assert max(map(len, lines)) <= 80

    async def test_200x60_has_room_for_whole_lines(self) -> None:
        async with opened(ordinary_night(), size=(200, 60)) as journal:
            assert "exited in: :telemetry_app.start(:normal, [])" in journal.painted
            assert len(journal.lines()) == 60
            assert "restart counter is at 4." in journal.painted

    @pytest.mark.parametrize("size", [(20, 6), (39, 8), (1, 1), (59, 10)])
    async def test_a_small_terminal_is_survived(self, size: tuple[int, int]) -> None:
        async with opened(ordinary_night(), size=size) as journal:
            await journal.press("k", "G", "slash", "x", "escape", "e")
            assert max(map(len, journal.lines())) <= size[0]

    async def test_a_resize_lays_out_anew_and_keeps_the_place(self) -> None:
        async with opened(numbered(500)) as journal:
            await journal.press("g", "e", "e", "e")
            assert journal.highlighted == "GET /items/25"
            await journal.pilot.resize_terminal(120, 40)
            await journal.settle()
            assert journal.highlighted == "GET /items/25"
            assert any(line.startswith("▌") and "items/25" in line for line in journal.lines())

    async def test_another_theme_recolours_what_is_kept(self) -> None:
        async with opened(ordinary_night()) as journal:
            before = journal.view.render_line(0)
            journal.app.theme = "beamdeck-light"
            await journal.settle()
            after = journal.view.render_line(0)
            assert after.text == before.text
            assert [s.style for s in after] != [s.style for s in before]

    async def test_a_journal_that_may_not_be_read_is_said_among_others(self) -> None:
        async with opened(ordinary_night()) as journal:
            journal.app.deck.feed.states["web2"] = FeedState(
                FeedWord.NO_RIGHT, "only its own", hint="add devops to systemd-journal"
            )
            journal.app.deck.feed.changed()
            await journal.settle()
            assert journal.lines()[21] == (" web2: no right: add devops to systemd-journal")

    async def test_nothing_is_explained_host_by_host(self) -> None:
        deck = fake_deck(FakeStore(), HOSTS)
        deck.feed.states = {
            "web1": FeedState(FeedWord.READING),
            "web2": FeedState(FeedWord.NO_RIGHT, "nothing may be read"),
            "web4": FeedState(FeedWord.LIVE),
        }
        async with opened([], deck=deck) as journal:
            assert journal.lines()[3:6] == [
                " web1: reading…",
                " web2: no right: nothing may be read",
                " web4: no entries since 15m",
            ]
            journal.app.deck.feed.states = dict.fromkeys(HOSTS, FeedState(FeedWord.LIVE))
            journal.app.deck.feed.changed()
            await journal.settle()
            assert journal.lines()[3] == " no entries since 15m"
            await journal.come(entry("the first"))
            assert "no entries" not in journal.painted
            assert "the first" in journal.painted


class TestFollowing:
    async def test_what_comes_is_on_screen_at_the_end(self) -> None:
        async with opened(numbered(100)) as journal:
            await journal.come(entry("the newest"))
            assert "the newest" in journal.lines()[21]

    async def test_up_stops_it_and_f_goes_on(self) -> None:
        async with opened(numbered(100)) as journal:
            await journal.press("k", "k")
            before = journal.entries()
            await journal.come(*numbered(50, 100))
            assert journal.entries() == before
            assert "50 below ↓" in journal.lines()[2]
            await journal.press("f")
            assert journal.highlighted == "GET /items/149"
            assert "follow ▶" in journal.lines()[2]
            await journal.press("f")
            assert "f follows" in journal.lines()[2]

    async def test_pause_stands_still_and_counts(self) -> None:
        async with opened(numbered(100)) as journal:
            await journal.press("equals_sign")
            before = journal.entries()
            await journal.come(*numbered(312, 100))
            assert journal.entries() == before
            assert "PAUSED, 312 new" in journal.lines()[2]
            await journal.press("equals_sign")
            assert "312 below ↓" in journal.lines()[2]
            await journal.press("equals_sign", "f")
            assert "follow ▶" in journal.lines()[2]
            assert journal.highlighted == "GET /items/411"

    async def test_moving_keys(self) -> None:
        async with opened(numbered(200)) as journal:
            await journal.press("g")
            assert journal.highlighted == "GET /items/0"
            await journal.press("j", "down", "j", "k", "up")
            assert journal.highlighted == "GET /items/1"
            await journal.press("pagedown")
            assert journal.highlighted == "GET /items/19"
            await journal.press("ctrl+u")
            assert journal.highlighted == "GET /items/1"
            await journal.press("G")
            assert journal.highlighted == "GET /items/199"
            await journal.press("pageup", "ctrl+d")
            assert journal.highlighted == "GET /items/199"

    async def test_the_wheel_and_the_scroll_bar(self) -> None:
        async with opened(numbered(200)) as journal:
            view = journal.view
            # Without the second, which the first line bears and those below need not.
            first = journal.entries()[0][9:]
            await journal.pilot._post_mouse_events([MouseScrollUp], view, (5, 5))
            await journal.settle()
            assert journal.entries()[3][9:] == first
            await journal.pilot._post_mouse_events([MouseScrollDown], view, (5, 5))
            await journal.settle()
            assert journal.entries()[0][9:] == first
            await journal.pilot.mouse_down(view, (79, 0))
            await journal.pilot.hover(view, (79, 0))
            await journal.pilot.mouse_up(view, (79, 0))
            await journal.settle()
            assert journal.highlighted == "GET /items/0"

    async def test_it_stops_watching_and_does_nothing_while_another_place_is_in_view(self) -> None:
        async with opened(numbered(10)) as journal:
            feed, board = journal.app.deck.feed, journal.app.deck.board
            assert feed.watchers == 1
            assert board.watchers == 1
            view, drawn = journal.view, journal.entries()
            await journal.app.switch_mode("elsewhere")
            journal.store.append(entry("behind another place"))
            feed.changed()
            await journal.pilot.pause()
            assert [view.render_line(y).text[:-1].rstrip() for y in range(19)] == drawn
            await journal.app.switch_mode("journal")
            await journal.settle()
            assert "behind another place" in journal.painted
        assert feed.watchers == 0
        assert board.watchers == 0

    async def test_what_stands_there_is_drawn_anew_when_it_grows_or_moves(self) -> None:
        async with opened(numbered(100)) as journal:
            last = journal.store.entries[-1]
            journal.store.replace(99, last._replace(message=last.message + "\n  and more"))
            journal.app.deck.feed.changed()
            await journal.settle()
            assert journal.entries()[-1].endswith("  and more")
            journal.store.insert(97, entry("a straggler", "web2", NOW - 59.035))
            journal.app.deck.feed.changed()
            await journal.settle()
            said = [line[25:] for line in journal.entries()[-6:]]
            assert said == [
                "GET /items/96",
                "a straggler",
                "GET /items/97",
                "GET /items/98",
                "GET /items/99",
                "  and more",
            ]

    async def test_it_goes_on_behind_a_dialog(self) -> None:
        async with opened(numbered(100)) as journal:
            await journal.press("s")
            await journal.come(entry("behind the dialog"))
            assert "behind the dialog" in journal.painted


class TestFiltering:
    async def test_it_filters_as_it_is_typed_and_enter_keeps_it(self) -> None:
        async with opened(numbered(200)) as journal:
            await journal.press("slash", *"items", "slash", "7")
            assert "11 of 200" in journal.lines()[22]
            assert "18 errors hidden" not in journal.lines()[22]
            await journal.press("7", "enter")
            assert journal.lines()[22].startswith(" filter › items/77")
            assert "1 of 200   20 errors hidden" in journal.lines()[22]
            assert next(line for line in journal.lines() if "GET" in line).endswith("items/77")
            assert not journal.screen.query_one(FilterLine).is_open
            # The keys are the list's again.
            await journal.press("escape")
            assert "200 entries" in journal.lines()[22]

    async def test_a_query_line_says_what_is_wrong_in_it(self) -> None:
        async with opened(numbered(200)) as journal:
            await journal.press("slash", *"items level:error -host:web2")
            counted = sum(
                e.level is Level.ERROR and e.host != "web2" and "items" in e.message
                for e in numbered(200)
            )
            assert f"{counted} of 200" in journal.lines()[22]
            await journal.press(*" level:lou")
            assert "'lou' is no level" in journal.lines()[22]
            assert journal.view.summary.listed == counted, "the rest holds"

    async def test_up_recalls_and_the_right_arrow_completes(self) -> None:
        async with opened(numbered(200)) as journal:
            for typed in ("items/77", "items/5"):
                await journal.press("slash", *typed, "enter", "escape")
            await journal.press("slash", *"x", "up")
            value = journal.screen.query_one(Input)
            assert value.value == "items/5"
            assert "11 of 200" in journal.lines()[22], "it filters as well"
            await journal.press("up", "up")
            assert value.value == "items/77"
            await journal.press("down", "down")
            assert value.value == "x", "what was being typed"
            await journal.press("escape", "slash", *"lev", "right", *"err", "right")
            assert value.value == "level>=error"
            await journal.press("enter", "slash", "end", *" hos", "right", *"web1", "down")
            assert not journal.screen.query_one(FilterLine).is_open
            assert journal.lines()[22].startswith(" filter › level>=error host:web1")

    async def test_a_saved_query_by_its_name(self) -> None:
        deck = fake_deck(FakeStore(numbered(200)), HOSTS)
        deck.config = replace(deck.config, queries={"sevens": "items/77"})
        async with opened(numbered(200), deck=deck) as journal:
            await journal.press("slash", *"@se", "right", "enter")
            assert "1 of 200" in journal.lines()[22]

    async def test_everything_around_a_hit_and_the_filter_again(self) -> None:
        async with opened(numbered(200)) as journal:
            await journal.press("slash", *"items/77", "enter", "a")
            assert "200 entries" in journal.lines()[22]
            assert journal.highlighted == "GET /items/77"
            assert "items/76" in journal.painted
            assert "items/78" in journal.painted
            await journal.press("a")
            assert "1 of 200" in journal.lines()[22]
            assert journal.lines()[22].startswith(" filter › items/77")
            await journal.press("escape", "a")
            assert "everything is listed" in journal.lines()[22]

    async def test_what_belongs_to_the_same_request(self) -> None:
        lines = [
            entry(f"request_id=F00{n % 4} step {n}", HOSTS[n % 3], NOW - 60 + n) for n in range(12)
        ]
        async with opened([*lines, entry("bare")]) as journal:
            await journal.press("r")
            assert "it names no request and no process" in journal.lines()[22]
            await journal.press("k", "r")
            assert "3 of 13" in journal.lines()[22]
            assert journal.highlighted == "request_id=F003 step 11"
            assert journal.lines()[22].startswith(" filter › F003")

    async def test_lines_and_errors_a_minute_are_shown_and_hidden(self) -> None:
        async with opened(numbered(200)) as journal:
            before = journal.lines()
            await journal.press("H")
            shown = journal.lines()[3:7]
            assert [line.split()[0] for line in shown[:3]] == ["160", "lines/min", "errors"]
            assert "█" in shown[0]
            assert shown[3].endswith("03:08")
            assert journal.entries()[-1] == before[21][:-1].rstrip(), "the newest stays in view"
            await journal.press("H")
            assert journal.lines() == before

    async def test_escape_while_typing_clears_it(self) -> None:
        async with opened(numbered(200)) as journal:
            await journal.press("slash", *"nothing")
            assert "the filter hides all of 200 entries, 20 errors among them" in journal.painted
            await journal.press("escape")
            assert "200 entries" in journal.lines()[22]
            assert "items/199" in journal.painted

    async def test_a_pattern_and_one_that_is_none(self) -> None:
        async with opened(numbered(200)) as journal:
            await journal.press("slash", *"re:/1[0-4]9$")
            assert "5 of 200" in journal.lines()[22]
            await journal.press("slash", "left_parenthesis")
            assert "not a regular expression" in journal.lines()[22]
            await journal.press("enter")
            assert "not a regular expression" in journal.lines()[22]
            await journal.press("slash")
            assert journal.screen.query_one(Input).value == "re:/1[0-4]9$/("

    async def test_a_pattern_that_takes_too_long_is_given_up_and_hides_nothing(self) -> None:
        trap = entry("a" * 40 + "!", "web1", NOW - 30)
        async with opened([*numbered(50), trap]) as journal:
            await journal.press("slash", *"re:(a+)+$")
            assert "takes too long" in journal.lines()[22]
            assert journal.view.summary.listed == 51
            assert "items/49" in journal.painted

    async def test_minus_hides(self) -> None:
        async with opened([*numbered(50), entry("POST /items")]) as journal:
            await journal.press("slash", *"-get", "enter")
            assert "1 of 51" in journal.lines()[22]
            assert "POST /items" in journal.painted

    async def test_new_lines_are_filtered_too(self) -> None:
        async with opened(numbered(50)) as journal:
            await journal.press("slash", *"POST", "enter")
            await journal.come(entry("POST /new"), entry("GET /new"))
            assert "POST /new" in journal.painted
            assert "GET /new" not in journal.painted
            assert "1 of 52" in journal.lines()[22]

    async def test_marking_shows_all_lines_with_the_hits_in_them(self) -> None:
        async with opened(numbered(200)) as journal:
            await journal.press("slash", *"items/50", "tab", "enter")
            assert journal.lines()[22].startswith(" mark › items/50")
            assert "200 entries" in journal.lines()[22]
            await journal.press("n")
            assert journal.highlighted == "GET /items/50"
            row = next(n for n in range(19) if "items/50" in journal.view.render_line(n).text)
            hits = [s for s in journal.view.render_line(row) if s.text == "items/50"]
            assert hits
            await journal.press("o")
            assert "1 of 200" in journal.lines()[22]
            assert journal.highlighted == "GET /items/50"

    async def test_levels_go_round(self) -> None:
        night = [*numbered(50), entry("unit speaks", kind=EntryKind.UNIT)]
        async with opened(night) as journal:
            seen = []
            for _ in range(4):
                await journal.press("L")
                seen.append(journal.lines()[22].split("   ")[0].strip())
            assert seen == ["info or worse", "warning or worse", "error or worse", "/ filter"]
            await journal.press("L", "L", "L")
            # The unit's own lines are the context: they stay.
            assert "6 of 51" in journal.lines()[22]

    async def test_hosts_are_chosen_by_their_words(self) -> None:
        async with opened(numbered(60)) as journal:
            await journal.press("h")
            assert journal.shows(HostsChoice)
            assert "[x] web1  live" in journal.painted
            await journal.press("space", "j", "space", "enter")
            assert "only web4" in journal.lines()[22]
            assert "20 of 60" in journal.lines()[22]
            await journal.press("h", "asterisk", "enter")
            assert "60 entries" in journal.lines()[22]
            await journal.press("h", "j", "o")
            assert "only web2" in journal.lines()[22]
            await journal.press("h", "escape")
            assert "only web2" in journal.lines()[22]

    async def test_many_hosts_are_chosen_from_in_view(self) -> None:
        hosts = tuple(f"web{n}" for n in range(60))
        deck = fake_deck(FakeStore([entry("x", hosts[45])]), hosts)
        deck.feed.states["web45"] = FeedState(FeedWord.FAILED, "a long reason " * 20)
        async with opened([], deck=deck) as journal:
            await journal.press("h")
            dialog = journal.app.screen
            assert isinstance(dialog, HostsChoice)
            dialog.action_move(45)
            await journal.settle()
            assert any("▌[x] web45  failed" in line for line in journal.lines())
            dialog.action_move(-44)
            await journal.settle()
            assert any("▌[x] web1  " in line for line in journal.lines())

    async def test_a_large_journal_is_filtered_in_slices_and_keys_have_their_turn(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with opened(numbered(60_000)) as journal:
            reader = journal.view.reader
            catch_up, slices = reader.catch_up, []

            def watched(until: float = 0.0) -> None:
                catch_up(until)
                slices.append((reader.scanned, len(journal.view.reader.window.lines)))
                if len(slices) == 2:
                    # A key in the middle of it: its handler runs before the scan is over.
                    journal.screen.call_later(journal.screen.action_up)

            monkeypatch.setattr(reader, "catch_up", watched)
            await journal.press("slash", *"GET", "enter")
            assert journal.view.reader.scanned
            unfinished = [lines for scanned, lines in slices if not scanned]
            assert len(unfinished) > 3
            # What is near is there from the first slice on.
            assert set(unfinished) == {19}
            assert not journal.view.summary.following
            assert "60,000 entries" in journal.lines()[22]


class TestSearching:
    async def test_errors_and_warnings_forward_and_back(self) -> None:
        async with opened(numbered(200)) as journal:
            await journal.press("e")
            assert journal.highlighted == "GET /items/5"
            assert "from the top" in journal.lines()[22]
            await journal.press("e")
            assert journal.highlighted == "GET /items/15"
            assert "from the top" not in journal.lines()[22]
            await journal.press("E")
            assert journal.highlighted == "GET /items/5"
            await journal.press("w")
            assert journal.highlighted == "GET /items/50"
            await journal.press("W", "W")
            assert journal.highlighted == "GET /items/150"
            assert "from the end" in journal.lines()[22]

    async def test_none_is_said(self) -> None:
        async with opened([entry("well")]) as journal:
            await journal.press("e")
            assert "none" in journal.lines()[22]
            await journal.press("n")
            assert "no text to find" in journal.lines()[22]
            await journal.press("j")
            assert "no text to find" not in journal.lines()[22]

    async def test_hits_are_gone_through_without_gaps(self) -> None:
        async with opened([*numbered(100), ordinary_night()[4]]) as journal:
            await journal.press("slash", *"items/3", "enter", "g", "n")
            assert journal.highlighted == "GET /items/30"
            await journal.press("n", "N", "N")
            assert journal.highlighted == "GET /items/3"
            await journal.press("N")
            assert journal.highlighted == "GET /items/39"

    async def test_a_long_search_is_made_in_slices_and_given_up_by_a_movement(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        quiet = [entry(f"line {n}", at=NOW + n / 1000, cursor="c") for n in range(80_000)]
        quiet[10] = quiet[10]._replace(level=Level.ERROR)
        steps: list[bool] = []
        step = Seek.step

        def watched(seek: Seek, until: float) -> bool:
            steps.append(step(seek, until))
            return steps[-1]

        monkeypatch.setattr(Seek, "step", watched)
        async with opened(quiet) as journal:
            await journal.press("E")
            assert journal.highlighted == "line 10"
            assert len(steps) > 1
            await journal.press("G")
            steps.clear()
            journal.screen.action_previous_error()
            journal.screen.action_up()
            await journal.settle()
            assert steps == [False]
            assert journal.highlighted == "line 79998"


class TestDetailsAndText:
    async def test_details_show_everything_of_an_entry(self) -> None:
        rich = replace_entry(
            entry("line one\n  line two"),
            pid=4711,
            boot_id="3b1255657c4049058a80eab253b6764f",
            fields=(("EXIT_CODE", "exited"), ("EXIT_STATUS", "1")),
        )
        async with opened([rich]) as journal:
            await journal.press("enter")
            assert journal.shows(EntryScreen)
            for said in ("line one", "line two", "4711", "3b1255657c40", "EXIT_STATUS", "web1"):
                assert said in journal.painted
            await journal.press("y")
            assert journal.clipboard == "line one\n  line two"
            await journal.press("q")
            assert journal.shows(JournalScreen)

    async def test_a_long_message_is_scrolled_in_its_details(self) -> None:
        long = entry("\n".join(f"frame {n}" for n in range(200)), cursor="s=1;i=2")
        async with opened([long]) as journal:
            await journal.press("enter")
            assert "frame 199" not in journal.painted
            await journal.press("G")
            assert "s=1;i=2" in journal.painted
            await journal.press("g", "j", "pagedown", "k", "pageup")
            assert "frame 1" in journal.painted

    async def test_copy_is_the_entry_as_text(self) -> None:
        async with opened(ordinary_night()) as journal:
            await journal.press("e", "y")
            assert journal.clipboard.startswith(
                "2018-06-04T03:07:41.204Z web2 ERROR Application telemetry exited"
            )
            assert "copied" in journal.lines()[22]
            assert hidden_in(journal.clipboard) == {"\n"}

    async def test_even_an_entry_that_was_not_scrubbed_is_copied_harmless(self) -> None:
        async with opened([entry("a\x1b]52;c;eA==\x07b\rc", cursor="c")]) as journal:
            await journal.press("y")
            assert hidden_in(journal.clipboard) == set()
            assert journal.clipboard.endswith("b␍c")

    async def test_space_unfolds_and_l_wraps(self) -> None:
        async with opened(ordinary_night()) as journal:
            await journal.press("e", "space")
            assert "start_it_old/4" in journal.painted.replace("\n", "")
            await journal.press("space")
            assert "(3 more lines)" in journal.painted
            await journal.press("l")
            assert "x" * 20 in journal.painted.replace("+", "")
            assert "Billing.Invoices.list/1+" not in journal.painted
            await journal.press("l")
            assert "Billing.Invoices.list/1+" in journal.painted

    async def test_zoom_gives_the_frames_lines_to_the_entries(self) -> None:
        async with opened(numbered(100)) as journal:
            await journal.press("z")
            assert journal.view.size.height == 22
            for bar in (StatusBar, TabStrip, KeyLine):
                assert not journal.screen.query_one(bar).display
            await journal.press("z")
            assert journal.view.size.height == 19


class TestAskingAnew:
    async def test_since_until_and_boot_are_asked_and_checked(self) -> None:
        async with opened(numbered(30)) as journal:
            feed = journal.app.deck.feed
            await journal.press("k", "s")
            assert journal.shows(QueryScreen)
            screen = journal.app.screen
            screen.query_one("#since", Input).value = "soonish"
            await journal.press("enter")
            assert "'soonish' is not a time" in journal.said
            screen.query_one("#since", Input).value = "03:00"
            screen.query_one("#until", Input).value = "02:00"
            await journal.press("enter")
            assert "until lies before since" in journal.said
            screen.query_one("#until", Input).value = ""
            screen.query_one("#boot", Input).value = "one"
            await journal.press("enter")
            assert "neither a boot ID" in journal.said
            screen.query_one("#boot", Input).value = "-1"
            await journal.press("enter")
            assert feed.asked == [JournalQuery("03:00", None, "-1")]
            assert journal.shows(JournalScreen)
            assert "since 03:00 boot -1  follow ▶" in journal.lines()[2]
            assert "no entries since 03:00" in journal.painted

    async def test_escape_asks_nothing(self) -> None:
        async with opened(numbered(30)) as journal:
            await journal.press("s", "escape")
            assert journal.app.deck.feed.asked == []
            assert "items/29" in journal.painted

    async def test_a_paused_view_goes_on_when_another_time_is_asked(self) -> None:
        async with opened(numbered(30)) as journal:
            await journal.press("equals_sign", "s", "enter")
            assert journal.app.deck.feed.asked == [JournalQuery()]
            assert "PAUSED" not in journal.painted


class TestExport:
    async def export(self, journal: Journal, name: str) -> None:
        await journal.press("x")
        assert journal.shows(ExportScreen)
        journal.app.screen.query_one(Input).value = name
        await journal.pilot.pause()
        await journal.press("enter")

    async def test_what_is_listed_is_written_for_oneself_alone(self, tmp_path: Path) -> None:
        async with opened(numbered(200)) as journal:
            await journal.press("slash", *"items/19", "enter")
            target = tmp_path / "out.txt"
            await self.export(journal, str(target))
            lines = target.read_text().splitlines()
            assert len(lines) == 11
            assert lines[0] == "2018-06-04T03:07:00.190Z web2 info  GET /items/19"
            assert target.stat().st_mode & 0o777 == 0o600

    async def test_a_file_that_exists_is_replaced_only_when_that_is_said_again(
        self, tmp_path: Path
    ) -> None:
        target = tmp_path / "out.txt"
        target.write_text("mine")
        async with opened(numbered(5)) as journal:
            await self.export(journal, str(target))
            assert journal.shows(ExportScreen)
            assert "Enter again replaces it" in journal.said
            assert target.read_text() == "mine"
            await journal.press("escape")
            assert target.read_text() == "mine"
            await self.export(journal, str(target))
            await journal.press("enter")
            assert len(target.read_text().splitlines()) == 5

    async def test_a_folder_that_is_not_there_is_said_in_the_dialog(self, tmp_path: Path) -> None:
        async with opened(numbered(5)) as journal:
            await self.export(journal, str(tmp_path / "none" / "out.txt"))
            assert "there is no folder" in journal.said
            await journal.press("escape")
            await self.export(journal, str(tmp_path))
            assert "is a folder" in journal.said

    async def test_the_name_that_is_offered_says_app_and_time(self) -> None:
        async with opened(numbered(5)) as journal:
            await journal.press("x")
            value = journal.app.screen.query_one(Input).value
            assert value == "billing-journal-20180604-030800.txt"
            assert "export 5 entries" in journal.painted


HOSTILE = (
    "[@click=app.boom]x[/]",
    "[@click=app.boom()]click me[/] [bold]loud[/bold]",
    "[/] closes nothing",
    "[link='x",
    "[link=https://example.org]here[/link]",
    "[on red]   [/on red] [$primary] [b",
    "\\[escaped] [[double]]",
)


class TestTextIsNeverMarkup:
    async def test_it_is_drawn_to_the_letter_and_no_cell_of_it_does_anything(self) -> None:
        hosts = ("[@click=app.boom]h[/]", "[/]", "web1")
        entries = [
            entry(text, hosts[n % 3], NOW + n, cursor=f"c{n}") for n, text in enumerate(HOSTILE)
        ]
        gap = entry("link lost [@click=app.boom]x[/]", hosts[0], NOW + 90, kind=EntryKind.GAP)
        async with opened([*entries, gap], size=(100, 13), hosts=hosts) as journal:
            for text in HOSTILE:
                assert text in journal.painted
            screen = journal.app.screen
            await journal.click_everything()
            assert journal.app.booms == 0
            assert journal.app.screen is screen

    async def test_filter_details_dialogs_and_states_are_to_the_letter_too(self) -> None:
        evil = "[@click=app.boom]x[/] [/] [link='x"
        deck = fake_deck(FakeStore([entry(evil, "web1")]), ("web1", evil))
        deck.feed.states[evil] = FeedState(FeedWord.FAILED, evil, hint=evil)
        async with opened([], size=(130, 20), deck=deck) as journal:
            assert f"{evil}: failed: {evil}" in journal.painted
            await journal.press("slash", *evil[:21])
            assert f"filter › {evil[:21]}" in journal.painted.replace("   ", " ")
            await journal.press("enter")
            assert f"filter › {evil[:21]}" in journal.painted
            for key, screen in (("enter", EntryScreen), ("h", HostsChoice)):
                await journal.press(key)
                assert journal.shows(screen)
                assert journal.painted.count(evil) >= 1
                await journal.click_everything(evil)
                assert journal.shows(screen)
                await journal.press("escape")
            assert journal.app.booms == 0


def replace_entry(one: Entry, **changes: Any) -> Entry:
    """An entry with more known of it."""
    return one._replace(**changes)

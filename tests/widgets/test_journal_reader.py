"""Reading while the journal grows: the place, pauses, filters and searches."""

from __future__ import annotations

from tests.journal_fakes import NOW, FakeStore, entry, ordinary_night
from tui.model.journal import Entry, EntryKind, Level
from tui.model.query import ERRORS
from tui.operations.store import JournalStore
from tui.widgets.journal_reader import JournalReader
from tui.widgets.journal_rows import Layout, Marks

FOREVER = float("inf")


def lines(count: int, start: int = 0, host: str = "web1") -> list[Entry]:
    """Entries ten milliseconds apart; every tenth is an error."""
    return [
        entry(
            f"{host} line {n}",
            host,
            NOW + n / 100,
            Level.ERROR if n % 10 == 5 else Level.INFO,
        )
        for n in range(start, start + count)
    ]


def reader_of(store: FakeStore | JournalStore, height: int = 10) -> JournalReader:
    """A reader of 79 columns."""
    layout = Layout(79, names={"web1": "web1", "web2": "web2"})
    reader = JournalReader(store, lambda _index, one, marks: layout.rows(one, marks))
    reader.resize(height)
    return reader


def shown(reader: JournalReader) -> list[str]:
    """What each line of the window is about."""
    return [line.entry.message.split("\n")[0] for line in reader.visible()]


def read_at(reader: JournalReader, message: str) -> None:
    """Go to the entry that says so."""
    seek = reader.seek(lambda one: one.message == message, True)
    seek.step(FOREVER)
    assert seek.entry is not None
    reader.arrive(seek)


class TestKeepingThePlace:
    def test_following_keeps_to_the_end(self) -> None:
        store = FakeStore(lines(100))
        reader = reader_of(store)
        store.append(*lines(5, 100))
        reader.catch_up()
        assert shown(reader)[-1] == "web1 line 104"
        assert reader.highlighted == store.entries[-1]

    def test_new_lines_move_nothing_that_is_read(self) -> None:
        store = FakeStore(lines(100))
        reader = reader_of(store)
        read_at(reader, "web1 line 50")
        before = shown(reader)
        for start in range(100, 200, 10):
            store.append(*lines(10, start))
            reader.catch_up()
        assert shown(reader) == before

    def test_stragglers_above_move_nothing(self) -> None:
        store = FakeStore(lines(100))
        reader = reader_of(store)
        read_at(reader, "web1 line 50")
        before = shown(reader)
        store.insert(20, *lines(30, 200, "web2"))
        reader.catch_up()
        assert shown(reader) == before
        assert reader.highlighted is not None
        assert reader.highlighted.message == "web1 line 50"

    def test_a_straggler_among_the_visible_takes_its_place_and_no_other(self) -> None:
        store = FakeStore(lines(100))
        reader = reader_of(store)
        read_at(reader, "web1 line 50")
        above = shown(reader)[: shown(reader).index("web1 line 50") + 1]
        store.insert(52, entry("straggler", "web2", NOW + 0.515))
        reader.catch_up()
        assert shown(reader)[: len(above)] == above
        assert shown(reader)[len(above) : len(above) + 3] == [
            "web1 line 51",
            "straggler",
            "web1 line 52",
        ]

    def test_what_is_dropped_at_the_head_moves_nothing(self) -> None:
        store = FakeStore(lines(100))
        reader = reader_of(store)
        read_at(reader, "web1 line 50")
        before = shown(reader)
        store.drop(40)
        reader.catch_up()
        assert shown(reader) == before

    def test_when_the_entry_itself_is_dropped_the_oldest_held_is_read(self) -> None:
        store = FakeStore(lines(100))
        reader = reader_of(store)
        read_at(reader, "web1 line 50")
        store.drop(80)
        reader.catch_up()
        assert shown(reader)[0] == "web1 line 80"
        assert len(shown(reader)) == 10

    def test_an_entry_that_grows_is_still_the_highlighted_one(self) -> None:
        store = FakeStore(lines(100))
        reader = reader_of(store)
        reader.move(lambda window: window.hold())
        last = store.entries[-1]
        store.replace(99, last._replace(message=last.message + "\n  grown"))
        reader.catch_up()
        assert reader.highlighted == store.entries[-1]

    def test_a_store_that_is_emptied_is_read_on(self) -> None:
        store = FakeStore(lines(100))
        reader = reader_of(store)
        read_at(reader, "web1 line 50")
        store.clear()
        reader.catch_up()
        assert shown(reader) == []
        assert reader.highlighted is None
        store.append(*lines(3))
        reader.catch_up()
        assert len(shown(reader)) == 3

    def test_the_real_store_keeps_it_too(self) -> None:
        now = [NOW]
        store = JournalStore(150, lambda: now[0])
        store.add("web1", lines(100))
        reader = reader_of(store)
        read_at(reader, "web1 line 90")
        before = shown(reader)
        # A host whose past comes late, then a flood that drops the oldest.
        store.add("web2", lines(60, 0, "web2"), past=True)
        reader.catch_up()
        assert reader.highlighted is not None
        assert reader.highlighted.message == "web1 line 90"
        now[0] += 5
        store.add("web1", lines(60, 500))
        reader.catch_up()
        assert reader.highlighted.message == "web1 line 90"
        assert shown(reader).index("web1 line 90") == before.index("web1 line 90")


class TestPausing:
    def test_the_buffer_goes_on_and_the_view_stands(self) -> None:
        store = FakeStore(lines(100))
        reader = reader_of(store)
        reader.pause()
        before = shown(reader)
        store.append(*lines(312, 100))
        reader.catch_up()
        assert shown(reader) == before
        assert reader.summary().waiting == 312
        assert reader.summary().held == 100
        reader.resume()
        assert shown(reader) == before
        assert reader.summary().waiting == 0
        assert reader.summary().below == 312

    def test_it_stands_even_if_everything_seen_is_dropped_meanwhile(self) -> None:
        store = FakeStore(lines(100), limit=100)
        reader = reader_of(store)
        reader.pause()
        before = shown(reader)
        store.append(*lines(500, 100))
        reader.catch_up()
        assert shown(reader) == before
        reader.move(lambda window: window.top())
        assert shown(reader)[0] == "web1 line 0"
        reader.resume()
        assert shown(reader)[0] == "web1 line 500"

    def test_a_filter_goes_on_after_it(self) -> None:
        store = FakeStore(lines(100))
        reader = reader_of(store)
        reader.filter_by(ERRORS)
        reader.catch_up(FOREVER)
        reader.pause()
        store.append(*lines(20, 100))
        reader.catch_up(FOREVER)
        assert reader.summary().listed == 10
        reader.resume()
        reader.catch_up(FOREVER)
        assert reader.summary().listed == 12


class TestFiltering:
    def test_the_place_survives_the_filter_and_its_end(self) -> None:
        store = FakeStore(lines(100))
        reader = reader_of(store)
        read_at(reader, "web1 line 52")
        before = shown(reader)
        reader.filter_by(ERRORS)
        reader.catch_up(FOREVER)
        assert reader.highlighted is not None
        assert reader.highlighted.message == "web1 line 55"
        reader.filter_by(None)
        reader.catch_up()
        assert reader.highlighted.message == "web1 line 52"
        assert shown(reader) == before

    def test_the_counts_say_what_is_hidden(self) -> None:
        reader = reader_of(FakeStore(lines(100)))
        reader.filter_by(lambda one: one.message.endswith("2"))
        reader.catch_up(FOREVER)
        summary = reader.summary()
        assert (summary.listed, summary.held, summary.hidden_errors) == (10, 100, 10)

    def test_half_a_scan_shows_what_is_near(self) -> None:
        reader = reader_of(FakeStore(lines(50_000)))
        read_at(reader, "web1 line 25000")
        reader.filter_by(ERRORS)
        reader.catch_up(0.0)
        assert reader.summary().scanning
        assert len(shown(reader)) == 10
        assert reader.highlighted is not None
        assert reader.highlighted.message == "web1 line 25005"


class TestSearching:
    def test_a_search_goes_by_what_the_filter_lets_through(self) -> None:
        store = FakeStore(lines(100) + lines(100, 1_000, "web2"))
        reader = reader_of(store)
        reader.filter_by(lambda one: one.host == "web2")
        reader.catch_up(FOREVER)
        seek = reader.seek(ERRORS, True)
        assert seek.step(FOREVER)
        reader.arrive(seek)
        assert seek.went_round
        assert reader.highlighted is not None
        assert reader.highlighted.message == "web2 line 1005"

    def test_what_was_found_is_gone_to_where_it_stands_by_then(self) -> None:
        store = FakeStore(lines(100))
        reader = reader_of(store)
        seek = reader.seek(ERRORS, False)
        assert seek.step(FOREVER)
        store.insert(10, *lines(20, 500, "web2"))
        reader.arrive(seek)
        assert reader.highlighted is not None
        assert reader.highlighted.message == "web1 line 95"


class TestRows:
    def test_seconds_are_short_below_the_first_line_and_days_are_ruled(self) -> None:
        store = FakeStore([*lines(3), entry("tomorrow", at=NOW + 86_400)])
        reader = reader_of(store)
        marks = [line.marks for line in reader.visible()]
        assert [mark.short for mark in marks] == [False, True, True, False, False]
        assert [mark.day for mark in marks] == [False, False, False, True, True]

    def test_the_topmost_line_bears_its_second_wherever_it_stands(self) -> None:
        reader = reader_of(FakeStore(lines(90)))
        assert [line.marks.short for line in reader.visible()] == [False] + [True] * 9

    def test_the_first_entry_says_its_day_if_that_is_not_today(self) -> None:
        reader = reader_of(FakeStore(lines(1)))
        reader.now = NOW
        reader.catch_up()
        assert len(reader.window.lines) == 1
        reader.now = NOW + 86_400
        reader.catch_up()
        assert len(reader.window.lines) == 2

    def test_unfolding_is_for_one_entry_and_goes_back(self) -> None:
        trace = ordinary_night()[1]
        reader = reader_of(FakeStore(ordinary_night()), height=30)
        read_at(reader, trace.message)
        assert len(reader.window.lines) == 7 + 3
        reader.unfold()
        whole = Layout(79, names={"web1": "web1"}).rows(trace, Marks(unfolded=True))
        assert len(whole) > 5
        assert len(reader.window.lines) == 7 + len(whole)
        reader.unfold()
        assert len(reader.window.lines) == 7 + 3

    def test_an_open_gap_says_how_long_it_lasts(self) -> None:
        store = FakeStore(ordinary_night())
        reader = reader_of(store)
        reader.now = NOW

        def gap() -> str:
            return next(
                line.marks.lasts for line in reader.visible() if line.entry.kind is EntryKind.GAP
            )

        assert gap() == "17s"
        closed = "link lost 03:07:43, resumed after 17s, nothing lost"
        store.replace(4, store.entries[4]._replace(message=closed))
        reader.catch_up()
        assert gap() == ""

    def test_the_scroll_bar_shows_where_and_how_much(self) -> None:
        reader = reader_of(FakeStore(lines(100)))
        assert reader.bar(10) == (9, 10)
        reader.move(lambda window: window.top())
        assert reader.bar(10) == (0, 1)
        assert reader_of(FakeStore(lines(5))).bar(10) == (0, 0)
        reader = reader_of(FakeStore(lines(20)))
        assert reader.bar(10) == (5, 10)

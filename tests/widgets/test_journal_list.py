"""The filtered list: found in slices, kept up with a source that grows, shifts and drops."""

from __future__ import annotations

import time
from bisect import bisect_left
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.journal_fakes import NOW, FakeStore, entry
from tui.model.journal import Entry, Level
from tui.model.journal_filter import Filter
from tui.model.query import ERRORS, WARNINGS, Query
from tui.operations import journal_blocks
from tui.operations.store import JournalStore
from tui.widgets import journal_list
from tui.widgets.journal_list import Indices, Listing, Seek
from tui.widgets.journal_source import FrozenSource, end_of, find_again

FOREVER = float("inf")


def even(one: Entry) -> bool:
    """A filter: messages that end in an even digit."""
    return int(one.message[-1]) % 2 == 0


def numbered(count: int, start: int = 0) -> list[Entry]:
    """Entries a millisecond apart, every tenth an error."""
    return [
        entry(f"line {n}", at=NOW + n / 1000, level=Level.ERROR if n % 10 == 1 else Level.INFO)
        for n in range(start, start + count)
    ]


class TestIndices:
    @settings(deadline=None)
    @given(
        st.lists(st.integers(0, 200), unique=True),
        st.integers(0, 200),
        st.integers(0, 200),
        st.integers(0, 200),
    )
    def test_it_is_a_sorted_list_whatever_end_it_grows_at(
        self, values: list[int], pivot: int, low: int, high: int
    ) -> None:
        indices, wanted = Indices(), sorted(values)
        for value in reversed([v for v in wanted if v < pivot]):
            indices.add_older([value])
        for value in [v for v in wanted if v >= pivot]:
            indices.add_newer([value])
        indices.drop_below(low)
        indices.cut_from(high)
        wanted = [v for v in wanted if low <= v < high]
        assert [indices[p] for p in range(len(indices))] == wanted
        for value in range(0, 201, 7):
            assert indices.locate(value) == bisect_left(wanted, value)

    def test_what_is_dropped_at_the_head_is_forgotten_in_memory_too(self) -> None:
        indices = Indices()
        for value in range(100_000):
            indices.add_newer([value])
        indices.drop_below(90_000)
        assert len(indices) == 10_000
        assert indices[0] == 90_000
        assert len(indices._high) == 10_000


class ListingMachine(RuleBasedStateMachine):
    """Whatever a source does, and however a scan is sliced, the list ends up right."""

    def __init__(self) -> None:
        super().__init__()
        self.store = FakeStore(numbered(300))
        self.count = 300
        self.listing = Listing(self.store, even, 150)
        # What is far here is seen in a small store too.
        self.far = mock.patch.object(journal_list, "_FAR", 130)
        self.far.start()

    def teardown(self) -> None:
        self.far.stop()

    @rule(count=st.integers(1, 200))
    def lines_come(self, count: int) -> None:
        self.store.append(*numbered(count, self.count))
        self.count += count

    @rule(back=st.integers(0, 250), count=st.integers(1, 40))
    def stragglers_come(self, back: int, count: int) -> None:
        index = max(self.store.dropped, end_of(self.store) - back)
        self.store.insert(index, *numbered(count, self.count))
        self.count += count

    @precondition(lambda self: self.store.entries)
    @rule(number=st.integers(0, 9))
    def the_last_one_grows(self, number: int) -> None:
        last = self.store.entries[-1]
        self.store.replace(end_of(self.store) - 1, last._replace(message=f"grown {number}"))

    @rule(count=st.integers(1, 150))
    def the_oldest_go(self, count: int) -> None:
        self.store.drop(min(count, len(self.store.entries)))

    @rule()
    def everything_goes(self) -> None:
        self.store.clear()

    @rule(part=st.floats(0, 1), slices=st.integers(0, 3))
    def a_slice_is_scanned(self, part: float, slices: int) -> None:
        pivot = self.store.dropped + int(part * len(self.store.entries))
        self.listing.update(pivot)
        for _ in range(slices):
            self.listing.scan(0.0)

    @rule()
    def it_pauses_and_goes_on(self) -> None:
        self.listing.update(end_of(self.store))
        self.listing.read_from(FrozenSource(self.store))
        self.store.append(*numbered(70, self.count))
        self.count += 70
        self.listing.update(0)
        self.listing.scan(0.0)
        self.listing.read_from(self.store)

    @invariant()
    def what_is_listed_is_right_after_all_is_scanned(self) -> None:
        store = self.store
        # Now and then only, so that scans are still unfinished when the source changes.
        if end_of(store) % 3:
            return
        self.listing.update(store.dropped)
        assert self.listing.scan(FOREVER)
        wanted = [(i, e) for i, e in enumerate(store.entries, store.dropped) if even(e)]
        listing = self.listing
        shown = [(listing.index(p), listing.entry(p)) for p in range(len(listing))]
        assert shown == wanted
        hidden = [e for e in store.entries if not even(e) and ERRORS.matches(e)]
        assert listing.hidden_errors == len(hidden)


TestListing = ListingMachine.TestCase
TestListing.settings = settings(deadline=None, max_examples=60, stateful_step_count=25)


class TestScanning:
    def test_without_a_filter_everything_is_listed_at_no_cost(self) -> None:
        store = FakeStore(numbered(5))
        listing = Listing(store, None, 0)
        store.drop(2)
        assert listing.done
        assert [listing.index(p) for p in range(len(listing))] == [2, 3, 4]
        assert [listing.locate(i) for i in (0, 2, 4, 9)] == [0, 0, 2, 3]

    def test_it_begins_where_the_reader_is(self) -> None:
        listing = Listing(FakeStore(numbered(100_000)), even, 50_000)
        listing.scan(0.0)
        assert not listing.done
        near = [listing.index(p) for p in range(len(listing))]
        assert near[0] >= 49_900
        assert near[-1] <= 50_100
        assert near[0] < 50_000 < near[-1]

    def test_a_slice_keeps_to_its_time(self) -> None:
        listing = Listing(FakeStore(numbered(50_000)), even, 0)
        ends = time.perf_counter() + 0.005
        assert not listing.scan(ends)
        # Much more than one chunk of work after the end would show as whole milliseconds.
        assert time.perf_counter() - ends < 0.05

    @pytest.mark.parametrize("back", [300, 9_000])
    def test_the_readers_place_is_listed_at_once_after_a_straggler(self, back: int) -> None:
        store = FakeStore(numbered(20_000))
        listing = Listing(store, even, 10_000)
        listing.scan(FOREVER)
        store.insert(10_000 - back, *numbered(2, 30_000))
        listing.update(10_002)
        assert listing.index(listing.locate(10_002)) == 10_002

    def test_new_lines_extend_the_list_without_a_scan_of_the_old(self) -> None:
        asked: list[Entry] = []

        def shows(one: Entry) -> bool:
            asked.append(one)
            return even(one)

        store = FakeStore(numbered(1_000))
        listing = Listing(store, shows, end_of(store))
        listing.scan(FOREVER)
        asked.clear()
        new = numbered(30, 1_000)
        store.append(*new)
        listing.update(end_of(store))
        listing.scan(FOREVER)
        assert asked == new


class TestSeek:
    def store(self) -> FakeStore:
        return FakeStore(numbered(100))

    def run(self, seek: Seek) -> int | None:
        while not seek.step(0.0):
            pass
        return seek.found if seek.entry is not None else None

    def test_forward_and_back(self) -> None:
        assert self.run(Seek(self.store(), (ERRORS,), 21, True)) == 31
        assert self.run(Seek(self.store(), (ERRORS,), 21, False)) == 11

    def test_it_goes_round_once_and_says_so(self) -> None:
        seek = Seek(self.store(), (ERRORS,), 95, True)
        assert self.run(seek) == 1
        assert seek.went_round
        back = Seek(self.store(), (ERRORS,), 0, False)
        assert self.run(back) == 91
        assert back.went_round

    def test_the_only_one_is_found_again_where_the_reader_stands(self) -> None:
        seek = Seek(FakeStore(numbered(5)), (ERRORS,), 1, True)
        assert self.run(seek) == 1
        assert seek.went_round

    def test_none_is_none(self) -> None:
        assert self.run(Seek(self.store(), (WARNINGS,), 50, True)) is None
        assert self.run(Seek(FakeStore(), (ERRORS,), 0, True)) is None

    def test_what_is_dropped_meanwhile_is_passed_over(self) -> None:
        store = self.store()
        seek = Seek(store, (ERRORS,), 99, True)
        store.drop(50)
        assert self.run(seek) == 51


class TestFindAgain:
    def test_stragglers_push_it_a_little(self) -> None:
        store = FakeStore(numbered(100))
        kept = store.entries[60]
        store.insert(40, *numbered(7, 500))
        assert find_again(store, kept, 60) == 67

    def test_a_host_that_comes_late_pushes_it_far(self) -> None:
        store = FakeStore(numbered(10))
        kept = store.entries[5]
        past = [entry("past", "web2", at=NOW - 60 + n / 1000) for n in range(20_000)]
        store.insert(0, *past)
        assert find_again(store, kept, 5) == 20_005

    def test_an_entry_that_grew_is_still_the_same(self) -> None:
        store = FakeStore(numbered(10))
        kept = store.entries[9]
        store.replace(9, kept._replace(message="grown\nby a line"))
        store.insert(3, *numbered(2, 500))
        assert find_again(store, kept, 9) == 11

    def test_what_is_gone_is_followed_by_the_next_in_time(self) -> None:
        store = FakeStore(numbered(10))
        kept = store.entries[2]
        store.drop(5)
        assert find_again(store, kept, 2) == 5

    def test_a_host_whose_clock_is_wrong_is_found_where_it_stands(self) -> None:
        # The list is in the order of our clock, not of the times that its entries bear.
        store = JournalStore(100_000, lambda: NOW)
        store.set_skew("web2", 600.0)
        ours = [entry(f"ours {n}", "web1", NOW - 900 + n / 100) for n in range(20_000)]
        ahead = [entry(f"ahead {n}", "web2", NOW - 300 + n / 100) for n in range(20_000)]
        store.add("web1", ours, past=True)
        store.add("web2", ahead, past=True)
        was_at = 3_001
        kept = store.entries[was_at]
        assert kept.host == "web2"
        store.add(
            "web3", [entry("x", "web3", NOW - 950 + n / 1000) for n in range(20_000)], past=True
        )
        assert find_again(store, kept, was_at) == 23_001
        assert store.entries[23_001] is kept

    def test_one_that_is_gone_is_looked_for_without_reading_all_around(self) -> None:
        store = JournalStore(30_000, lambda: NOW)
        store.add("web1", numbered(30_000))
        kept = store.entries[5]
        store.add("web1", numbered(30_000, 30_000))
        read = mock.Mock(wraps=store.entries.entry)
        with mock.patch.object(store.entries, "entry", read):
            assert find_again(store, kept, 5) == 30_000
        assert read.call_count < 10


class TestSearchingTheRealStore:
    def test_a_query_lists_the_same_in_blocks_as_one_by_one(self) -> None:
        with mock.patch.multiple(journal_blocks, BLOCK_ROWS=256, OPEN_BLOCKS=2):
            store = JournalStore(100_000, lambda: NOW)
            for number in range(40):
                store.add("web1", numbered(100, number * 100))
            query = Query((Filter("7"),))
            listing = Listing(store, query, 1_900)
            listing.scan(0.0)
            listing.scan(FOREVER)
            wanted = [n for n, one in enumerate(store.entries) if query.matches(one)]
            assert [listing.index(n) for n in range(len(listing))] == wanted
            errors = sum("7" not in str(n) for n in range(1, 4_000, 10))
            assert listing.hidden_errors == errors
            # What comes is looked at, and nothing else.
            store.add("web1", numbered(100, 4_000))
            listing.update(0)
            assert listing._scanned == (0, 4_000)
            listing.scan(FOREVER)
            assert listing.index(len(listing) - 1) == 4_097
            seven = Query((Filter("7"),))
            for start, forward, found in (
                (0, True, 71),
                (71, True, 171),
                (171, False, 71),
                (71, False, 4_071),
                (4_099, True, 71),
            ):
                seek = Seek(store, (ERRORS, seven), start, forward)
                assert seek.step(FOREVER)
                assert seek.found == found
            none = Seek(store, (ERRORS, Query((Filter("1", negate=True),))), 5, True)
            assert none.step(FOREVER)
            assert none.entry is None

"""The words around the journal."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.journal_fakes import NOW
from tui.model.journal import FeedState, FeedWord, JournalQuery, Level
from tui.model.query import Query
from tui.widgets.journal_reader import Summary
from tui.widgets.journal_words import (
    count_words,
    errors_words,
    filter_words,
    nothing_because,
    query_words,
    spark,
    state_words,
    store_trouble,
    troubles,
)

LIVE = FeedState(FeedWord.LIVE)


class TestSpark:
    def test_the_most_is_the_tallest_and_any_is_more_than_none(self) -> None:
        assert spark([0, 1, 100, 50], 10) == "▁▂█▅"

    def test_none_at_all_is_flat(self) -> None:
        assert spark([0, 0, 0], 10) == "▁▁▁"
        assert spark([], 10) == ""
        assert spark([1], 0) == ""

    @settings(deadline=None)
    @given(st.lists(st.integers(0, 10**6), max_size=300), st.integers(1, 60))
    def test_it_fits_and_no_error_is_smoothed_away(self, values: list[int], width: int) -> None:
        bars = spark(values, width)
        assert len(bars) <= width
        if any(values):
            assert "█" in bars
        if values and values[-1]:
            assert bars[-1] != "▁"

    def test_its_range_and_most_are_said(self) -> None:
        words = errors_words([0] * 13 + [3, 1], NOW, 60)
        assert words == "▁▁▁▁▁▁▁▁▁▁▁▁▁█▄ 02:53–03:08 errors/min, most 3"
        assert errors_words([0], NOW, 60).endswith("errors/min: none")


class TestCounts:
    def test_all_of_it(self) -> None:
        assert count_words(Summary(41_220, 41_220)) == "41,220 entries"
        assert count_words(Summary(1, 1)) == "1 entry"

    def test_a_part_of_it_and_what_must_not_be_overlooked(self) -> None:
        assert count_words(Summary(37, 41_220, 3)) == "37 of 41,220   3 errors hidden"
        assert count_words(Summary(37, 41_220, scanning=True)) == "37 of 41,220 …"
        assert count_words(Summary(5, 5, gone=1_200)) == "5 entries   1,200 older gone"
        assert count_words(Summary(3, 5, gone=1_200)) == "3 of 5   1,200 older gone"

    def test_a_disk_that_refuses(self) -> None:
        assert store_trouble("", 5) == []
        assert store_trouble("/x: No space left on device", 5_000) == [
            "the journal is held in memory, 5,000 entries for now: /x: No space left on device"
        ]

    def test_the_state(self) -> None:
        assert state_words(Summary()) == ("good", "follow ▶")
        assert state_words(Summary(paused=True, waiting=312)) == ("warning", "PAUSED, 312 new")
        assert state_words(Summary(following=False, below=5)) == ("plain", "5 below ↓")
        assert state_words(Summary(following=False)) == ("plain", "f follows")


class TestFilterWords:
    def test_in_words(self) -> None:
        assert filter_words(Query(), "", True) == "/ filter   all levels   all hosts"
        full = Query(worse=Level.WARNING, hosts=frozenset({"web2", "web1"}))
        assert filter_words(full, "GET", True) == (
            "filter › GET   warning or worse   only web1, web2"
        )
        assert filter_words(Query(), "GET", False) == "mark › GET"
        many = Query(hosts=frozenset(f"web{n}" for n in range(12)))
        assert filter_words(many, "", True) == "only 12 hosts"


class TestWhyNothing:
    def test_what_was_asked(self) -> None:
        assert query_words(JournalQuery()) == "since 15m"
        assert query_words(JournalQuery("yesterday", "03:00", "-1")) == (
            "since yesterday until 03:00 boot -1"
        )

    def test_each_host_says_its_own(self) -> None:
        states = {
            "web1": FeedState(FeedWord.READING),
            "web2": FeedState(
                FeedWord.NO_RIGHT, "only its own messages", hint="add devops to systemd-journal"
            ),
            "web3": LIVE,
            "web4": FeedState(FeedWord.WAITING, "connecting"),
        }
        assert nothing_because(states, JournalQuery(), Summary()) == [
            "web1: reading…",
            "web2: no right: only its own messages: add devops to systemd-journal",
            "web3: no entries since 15m",
            "web4: waiting: connecting",
        ]

    def test_all_well_and_nothing_said(self) -> None:
        ended = FeedState(FeedWord.ENDED)
        said = nothing_because({"web1": LIVE, "web2": ended}, JournalQuery("2h"), Summary())
        assert said[0] == "no entries since 2h"

    def test_a_filter_that_hides_all_says_so_and_warns_of_errors(self) -> None:
        said = nothing_because({"web1": LIVE}, JournalQuery(), Summary(0, 41_220, 3))
        assert said[0] == "the filter hides all of 41,220 entries, 3 errors among them"
        scanning = Summary(0, 41_220, scanning=True)
        said = nothing_because({"web1": LIVE}, JournalQuery(), scanning)
        assert said == ["looking through 41,220 entries…"]

    def test_no_host_at_all(self) -> None:
        assert nothing_because({}, JournalQuery(), Summary()) == ["no host is followed yet"]

    def test_troubles_are_of_those_that_are_not_well(self) -> None:
        states = {
            "web1": LIVE,
            "web2": FeedState(FeedWord.RESUMING, "link lost"),
            "web3": FeedState(FeedWord.READING),
            "web4": FeedState(FeedWord.FAILED, "journalctl:\nnot found"),
        }
        assert troubles(states) == [
            "web2: resuming: link lost",
            "web4: failed: journalctl: not found",
        ]

    def test_the_same_trouble_is_said_once_and_first_what_helps(self) -> None:
        shut = FeedState(FeedWord.NO_RIGHT, "a long hint of journalctl", hint="Add the user.")
        assert troubles({"web1": shut, "web2": LIVE, "web3": shut}) == [
            "web1, web3: no right: Add the user."
        ]

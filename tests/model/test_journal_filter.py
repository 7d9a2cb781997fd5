"""Which entries pass, and that no pattern holds up the screen."""

from __future__ import annotations

import signal
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.model.journal import Entry, EntryKind, Level
from tui.model.journal_filter import SEARCHED, TOO_SLOW, Filter
from tui.model.patient_search import PATIENCE_S


def entry(
    message: str,
    level: Level = Level.INFO,
    kind: EntryKind = EntryKind.APP,
    host: str = "web1",
) -> Entry:
    return Entry(host, 0, level, kind, message)


@pytest.mark.parametrize(
    ("given_", "message", "passes"),
    [
        (Filter(), "anything", True),
        (Filter("timed out"), "[error] Timed Out", True),
        (Filter("timed out", ignore_case=False), "[error] Timed Out", False),
        (Filter("Timed", ignore_case=False), "[error] Timed Out", True),
        (Filter("a.c"), "abc", False),
        (Filter("a.c", regex=True), "xABCx", True),
        (Filter("a.c", regex=True, ignore_case=False), "xABCx", False),
        (Filter("-GET"), "GET /v1", False),
        (Filter("-GET"), "POST /v1", True),
        (Filter("!get"), "GET /v1", False),
        (Filter("!G.T", regex=True), "GET /v1", False),
        (Filter("-G", regex=True), "a-g", True),
        (Filter("-"), "a-b", True),
        (Filter("!"), "no such sign", False),
        (Filter("boom"), "first\nsecond boom", True),
    ],
)
def test_text(given_: Filter, message: str, passes: bool) -> None:
    assert given_.matches(entry(message)) is passes
    assert given_.problem == ""


def test_level_is_that_or_worse_and_the_context_stays() -> None:
    worse = Filter(level=Level.WARNING)
    assert worse.matches(entry("x", Level.WARNING))
    assert worse.matches(entry("x", Level.EMERGENCY))
    assert not worse.matches(entry("x", Level.NOTICE))
    assert worse.matches(entry("Started", Level.INFO, EntryKind.UNIT))
    assert Filter(level=Level.ERROR).matches(entry("link lost", Level.WARNING, EntryKind.GAP))
    dropped = entry("Suppressed 250 messages", Level.WARNING, EntryKind.JOURNALD)
    assert Filter(level=Level.ERROR).matches(dropped)
    assert not Filter("other").matches(entry("Started", kind=EntryKind.UNIT))
    assert Filter("other").matches(entry("link lost", kind=EntryKind.GAP))


def test_hosts() -> None:
    some = Filter(hosts=frozenset({"web2"}))
    assert not some.matches(entry("x"))
    assert some.matches(entry("x", host="web2"))
    assert not some.matches(entry("link lost", kind=EntryKind.GAP))
    assert not some.empty
    assert Filter().empty


def test_spans_say_where_the_text_stands() -> None:
    assert Filter("ab").spans("xAbxab") == [(1, 3), (4, 6)]
    assert Filter("a+", regex=True).spans("aa b a") == [(0, 2), (5, 6)]
    assert Filter("x*", regex=True).spans("ab") == []
    assert Filter("-ab").spans("ab") == []
    assert Filter().spans("ab") == []
    assert len(Filter("a").spans("a" * 500)) == 100


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("(a", "not a regular expression at character 1: missing ), unterminated subpattern"),
        ("a**", "not a regular expression at character 3: multiple repeat"),
        ("[", "not a regular expression at character 1: unterminated character set"),
        ("!(?P<x", "not a regular expression at character 6: missing >, unterminated name"),
    ],
)
def test_invalid_pattern_is_explained_and_lets_all_pass(pattern: str, problem: str) -> None:
    invalid = Filter(pattern, regex=True, level=Level.ERROR)
    assert invalid.problem == problem
    assert invalid.matches(entry("x", Level.ERROR))
    assert not invalid.matches(entry("x"))
    assert invalid.spans("x") == []


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*$", "a*a*a*a*a*a*a*a*b", "(?:a{1,})+{0,}b"])
def test_catastrophic_pattern_is_given_up(pattern: str) -> None:
    slow = Filter(pattern, regex=True)
    if slow.problem:
        return  # Python refuses this one itself.
    line = entry("a" * 4000 + "!")
    began = time.monotonic()
    assert slow.matches(line)
    assert slow.problem == TOO_SLOW
    assert slow.matches(entry("x")), "given up, it lets all pass"
    assert slow.spans(line.message) == []
    assert time.monotonic() - began < PATIENCE_S * 8
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_catastrophe_in_spans_is_given_up_too() -> None:
    slow = Filter("(a+)+$", regex=True)
    assert slow.spans("a" * 40 + "!") == []
    assert slow.problem == TOO_SLOW


def test_harmless_patterns_with_repeats_are_kept() -> None:
    usual = Filter(r"request_id=\d+ .* Sent (4|5)\d\d in .*ms", regex=True)
    message = "[info] request_id=72 GET /v1/users/4 Sent 500 in 54ms " + "x" * 5000
    for _ in range(50):
        assert usual.matches(entry(message))
    assert usual.problem == ""


def test_regex_looks_at_a_bounded_part_of_a_message() -> None:
    assert Filter("end$", regex=True).matches(entry("end"))
    assert not Filter("needle", regex=True).matches(entry("x" * SEARCHED + "needle"))
    assert Filter("needle").matches(entry("x" * SEARCHED + "needle"))


def test_matching_in_another_thread_works_without_the_alarm() -> None:
    found: list[bool] = []
    guarded = Filter("(a|b)+c", regex=True)
    thread = threading.Thread(target=lambda: found.append(guarded.matches(entry("abc"))))
    thread.start()
    thread.join()
    assert found == [True]


def test_filters_compare_by_what_was_asked() -> None:
    assert Filter("a") == Filter("a")
    assert Filter("a", regex=True) != Filter("a")


@settings(max_examples=200)
@given(st.text(max_size=12), st.booleans(), st.booleans(), st.text(max_size=30))
def test_whatever_is_typed_nothing_raises(
    text: str, regex: bool, ignore_case: bool, message: str
) -> None:
    given_ = Filter(text, regex=regex, ignore_case=ignore_case)
    given_.matches(entry(message))
    for start, stop in given_.spans(message):
        assert 0 <= start < stop


def test_hits_stand_where_they_are_when_lower_case_is_longer() -> None:
    # `İ` is two characters in lower case.
    message = "İİİ Timeout in İ, timeout"
    hits = Filter("timeout").spans(message)
    assert [message[start:stop] for start, stop in hits] == ["Timeout", "timeout"]
    assert Filter("İ, T").spans(message) == [(15, 19)]
    assert Filter("İ").spans("xİİ") == [(1, 2), (2, 3)]
    assert Filter("İ").spans("i\u0307") == [(0, 2)], "what is equal in lower case, all of it"


def test_brackets_that_mean_more_elsewhere_are_no_warning() -> None:
    assert Filter("[[a]", regex=True).matches(entry("x[y"))

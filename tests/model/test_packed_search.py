"""A search in packed bytes finds what asking each entry finds."""

from __future__ import annotations

import re
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.model.journal import Entry, EntryKind, Level
from tui.model.journal_filter import Filter
from tui.model.needles import is_plain, needles_of
from tui.model.packed import Piece, pack
from tui.model.packed_search import rows_of
from tui.model.query import ERRORS, WARNINGS, Query, Want

# Letters whose cases are of different lengths or alphabets, and what patterns are made of.
_LETTERS = "aAbkKsS \u212a\u0130\u0131\u017fßé\n.1|"
_MESSAGE = st.text(_LETTERS, max_size=12)
_PLAIN = st.text("aAbkKsS .\n1", max_size=12)
_TERM = st.builds(
    Filter,
    st.one_of(
        st.text(_LETTERS, min_size=1, max_size=3),
        st.sampled_from(("ab|ks", "a.b", "k+s", "[^a]b", "^a", "b$", "(a|k)s", r"a\sb")),
    ),
    regex=st.booleans(),
    ignore_case=st.booleans(),
    negate=st.booleans(),
)
_QUERIES = st.builds(
    Query,
    terms=st.lists(_TERM, max_size=3).map(tuple),
    wants=st.sampled_from(
        ((), (Want("host", ("web*",)),), (Want("host", ("web1",), True),), (Want("pid", ("7",)),))
    ),
    worse=st.sampled_from((None, Level.ERROR, Level.INFO)),
    levels=st.sampled_from((frozenset(Level), frozenset({Level.WARNING}))),
    hosts=st.sampled_from((frozenset(), frozenset({"web1", "db1"}))),
    since_us=st.sampled_from((None, 3)),
    until_us=st.sampled_from((None, 6)),
    strict=st.booleans(),
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(("web1", "web2", "db1")),
            st.integers(0, 9),
            st.sampled_from((Level.ERROR, Level.WARNING, Level.INFO)),
            st.sampled_from((EntryKind.APP, EntryKind.APP, EntryKind.UNIT, EntryKind.GAP)),
            st.sampled_from((None, 7)),
        ),
        min_size=1,
        max_size=12,
    ),
    st.lists(_MESSAGE, min_size=12, max_size=12) | st.lists(_PLAIN, min_size=12, max_size=12),
    _QUERIES | st.sampled_from((ERRORS, WARNINGS, Query())),
)
def test_the_same_as_asking_each(
    heads: list[tuple[str, int, Level, EntryKind, int | None]], messages: list[str], query: Query
) -> None:
    entries = [
        Entry(host, at_us, level, kind, message, pid=pid)
        for (host, at_us, level, kind, pid), message in zip(heads, messages, strict=False)
    ]
    shape, packed = pack(entries, range(len(entries)))
    piece = Piece(shape, lambda start, stop: packed[start:stop])
    wanted = [row for row, entry in enumerate(entries) if query.matches(entry)]
    assert list(rows_of(piece, query)) == wanted
    assert not query.empty or wanted == list(range(len(entries)))


@pytest.mark.parametrize("regex", [False, True])
@pytest.mark.parametrize("plain", [False, True])
def test_letters_with_strange_cases(regex: bool, plain: bool) -> None:
    letters = [letter for letter in _LETTERS if letter not in ".|" and letter.isascii() >= plain]
    entries = [Entry("web1", 1, Level.INFO, EntryKind.APP, f"x{letter}y") for letter in letters]
    shape, packed = pack(entries, range(len(entries)))
    assert shape.plain is plain
    piece = Piece(shape, lambda start, stop: packed[start:stop])
    for letter in _LETTERS.replace(".", "").replace("|", ""):
        for wanted in (letter, f"x{letter}", f"{letter}y"):
            query = Query((Filter(wanted, regex=regex),))
            found = [row for row, entry in enumerate(entries) if query.matches(entry)]
            assert list(rows_of(piece, query)) == found


@pytest.mark.parametrize("step", [1, 2, 9])
def test_many_hits_are_as_right_as_few(step: int) -> None:
    entries = [
        Entry("web1", n, Level.INFO, EntryKind.APP, f"{'Hit' if n % step == 0 else 'not'} {n}")
        for n in range(1000)
    ]
    shape, packed = pack(entries, range(1000))
    piece = Piece(shape, lambda start, stop: packed[start:stop])
    assert list(rows_of(piece, Query((Filter("hit"),)))) == list(range(0, 1000, step))


@pytest.mark.parametrize(
    ("pattern", "needles"),
    [
        ("timed out", (("timed out",),)),
        ("timeout|refused", (("timeout",), ("refused",))),
        (r"status=5\d\d in", (("status=5", " in"),)),
        (r"user \d+ logged", ((" logged", "user "),)),
        ("(a|b)cde", (("cde",),)),
        ("a[xyz]bc", (("bc",),)),
        ("[]x|y]ab", (("ab",),)),
        ("abc?", (("ab",),)),
        ("abc*d{2}ef", (("ab", "ef"),)),
        ("ab+cd", (("ab", "cd"),)),
        (r"a\.b", (("a.b",),)),
        (r"x\x41bcd", ()),
        ("(?i)abc", ()),
        (r"\d+|abc", ()),
        (r"(abc)\1", ()),
        ("a", ()),
        ("", ()),
    ],
)
def test_needles(pattern: str, needles: tuple[tuple[str, ...], ...]) -> None:
    assert needles_of(pattern) == needles


@settings(max_examples=300, deadline=None)
@given(st.text("ab.*+?|()[]{}\\d^$1", max_size=8), st.text("ab1.", max_size=10))
def test_whatever_matches_holds_a_needle(pattern: str, message: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        try:
            found = re.search(pattern, message)
        except re.error:
            return
    needles = needles_of(pattern)
    if found is not None and needles:
        assert any(all(needle in message for needle in branch) for branch in needles)
    if is_plain(pattern) and needles:
        assert (found is not None) == any(branch[0] in message for branch in needles)

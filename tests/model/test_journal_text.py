"""Entries as lines of text and of JSON."""

from __future__ import annotations

import json

import pytest

from tui.model.journal import Entry, EntryKind, Level
from tui.model.journal_text import clock_of, format_line, json_line, level_word

ENTRY = Entry(
    "web1",
    1795394008325649,
    Level.ERROR,
    EntryKind.APP,
    "[error] boom\n    (app 1.0) lib/a.ex:1: A.b/0",
    cursor="s=1;i=2",
    pid=7,
    fields=(("_HOSTNAME", "web1"),),
)


def test_line_with_date_host_level_and_further_lines_indented() -> None:
    assert format_line(ENTRY, host_width=6) == (
        "2026-11-23T00:33:28.325Z web1   ERROR [error] boom\n        (app 1.0) lib/a.ex:1: A.b/0"
    )


def test_line_with_the_time_of_day() -> None:
    assert format_line(ENTRY._replace(message="x"), dated=False) == "00:33:28.325 web1 ERROR x"
    assert clock_of(ENTRY.at_us) == "00:33:28.325"


@pytest.mark.parametrize(
    ("kind", "level", "word"),
    [
        (EntryKind.APP, Level.WARNING, "warn"),
        (EntryKind.APP, Level.INFO, "info"),
        (EntryKind.UNIT, Level.INFO, "unit"),
        (EntryKind.UNIT, Level.ERROR, "UNIT"),
        (EntryKind.JOURNALD, Level.WARNING, "jrnl"),
        (EntryKind.GAP, Level.WARNING, "gap"),
    ],
)
def test_word_of_level_or_speaker(kind: EntryKind, level: Level, word: str) -> None:
    assert level_word(ENTRY._replace(kind=kind, level=level)) == word


def test_words_fit_their_column_and_differ() -> None:
    words = [level_word(ENTRY._replace(level=level)) for level in Level]
    assert len(set(words)) == len(Level)
    assert max(map(len, words)) <= 5


def test_json_says_what_is_known_in_one_line() -> None:
    text = json_line(ENTRY)
    assert "\n" not in text
    assert json.loads(text) == {
        "host": "web1",
        "at": "2026-11-23T00:33:28.325649Z",
        "at_us": 1795394008325649,
        "level": "error",
        "kind": "app",
        "message": ENTRY.message,
        "pid": 7,
        "cursor": "s=1;i=2",
        "fields": {"_HOSTNAME": "web1"},
    }

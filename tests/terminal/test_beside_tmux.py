"""What our terminal shows, cell by cell, beside what tmux showed of the same bytes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.terminal.cases import CASES, COLUMNS, LINES
from tests.terminal.sessions import Session, cuts, sessions
from tui.model.screen import Screen

SAID = json.loads(Path(__file__).with_name("tmux.json").read_text())
_HALF = "what is left of a wide character is blank, as in xterm; tmux leaves it standing"
_DRAWN = "tmux keeps the letter and an attribute; what is drawn is the same line"
DIFFERENT = {
    "wrap pending then move": "backspace from a due wrap goes one to the left, as in xterm",
    "insert lines": "the cursor goes to the first column, as in xterm and the VT220",
    "delete lines": "the cursor goes to the first column, as in xterm and the VT220",
    "tab back and forth": "tmux has no CHT",
    "line drawing": _DRAWN,
    "shift out": _DRAWN,
    "column and row": "tmux has no VPR",
    "new line mode": "tmux has no LNM",
    "over half of a wide one": _HALF,
    "erase half of a wide one": _HALF,
    "delete half of a wide one": _HALF,
    "insert within a wide one": _HALF,
    "huge numbers": "a number beyond 9,999 counts as that, as in xterm; tmux drops the sequence",
    "soft reset": "tmux has no DECSTR",
}
"""Cases in which tmux shows something else, and why ours stays as it is."""


def shown(data: bytes, columns: int, lines: int) -> tuple[list[str], list[int]]:
    screen = Screen(columns, lines, lambda: 0.0)
    for at in range(0, len(data), 777):  # pieces that cut sequences anywhere
        screen.feed(data[at : at + 777])
    return screen.text(), list(screen.cursor)


@pytest.mark.parametrize("name", CASES)
def test_a_case_reads_as_in_tmux(name: str) -> None:
    text, cursor = shown(CASES[name].encode(), COLUMNS, LINES)
    same = [text, cursor] == SAID[name]
    assert same != (name in DIFFERENT), (text, cursor, SAID[name])


@pytest.mark.parametrize("name", CASES)
def test_a_case_is_the_same_however_it_is_cut(name: str) -> None:
    data = CASES[name].encode()
    whole = Screen(COLUMNS, LINES, lambda: 0.0)
    whole.feed(data)
    single = Screen(COLUMNS, LINES, lambda: 0.0)
    for byte in data:
        single.feed(bytes((byte,)))
    assert single.text() == whole.text()
    assert single.cursor == whole.cursor
    assert [row.styles for row in single.rows] == [row.styles for row in whole.rows]


@pytest.mark.parametrize("session", sessions(), ids=lambda session: session.name)
def test_a_session_of_a_real_program_is_the_same_in_999_of_1000_cells(session: Session) -> None:
    cells = wrong = 0
    for at in cuts(session):
        text, cursor = shown(session.data[:at], session.columns, session.lines)
        theirs, their_cursor = SAID[f"{session.name} {at}"]
        cells += session.columns * session.lines
        for ours, other in zip(text, theirs, strict=True):
            pairs = zip(ours.ljust(session.columns), other.ljust(session.columns), strict=False)
            wrong += sum(a != b for a, b in pairs)
        assert cursor == their_cursor, at
    assert wrong <= cells / 1000, f"{wrong} of {cells} cells"

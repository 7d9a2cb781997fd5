"""The window: always full where it can be, the highlighted entry in it, its place kept."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.widgets.journal_window import Window


class Listed:
    """Absolute indices, and how many rows each entry takes."""

    def __init__(self, rows: dict[int, int]) -> None:
        self.heights = rows

    @property
    def indices(self) -> list[int]:
        return sorted(self.heights)

    def __len__(self) -> int:
        return len(self.heights)

    def index(self, position: int) -> int:
        return self.indices[position]

    def locate(self, index: int) -> int:
        return bisect_left(self.indices, index)

    def rows(self, position: int) -> int:
        return self.heights[self.indices[position]]


def window_of(rows: list[int], height: int) -> tuple[Window, Listed]:
    """A window on entries with these counts of rows, following."""
    listed = Listed(dict(enumerate(rows, 100)))
    window = Window(listed, listed.rows)
    window.height = height
    window.arrange()
    return window, listed


def positions(window: Window) -> list[int]:
    """Which entry each line shows."""
    return [position for position, _ in window.lines]


MOVES: dict[str, Callable[[Window], None]] = {
    "down": Window.down,
    "up": Window.up,
    "top": Window.top,
    "follow": Window.follow,
    "hold": Window.hold,
    "wheel down": lambda window: window.scroll(3),
    "wheel up": lambda window: window.scroll(-3),
    "page down": lambda window: window.page(4),
    "page up": lambda window: window.page(-4),
    "click": lambda window: window.click(2),
    "drag": lambda window: window.go_to(0.4),
    "reveal": lambda window: window.reveal(105),
}


@settings(deadline=None)
@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=30),
    st.integers(1, 12),
    st.lists(st.sampled_from([*MOVES, "drop", "come", "straggle"]), max_size=25),
)
def test_whatever_is_done_the_window_is_full_and_holds_the_highlighted(
    rows: list[int], height: int, moves: list[str]
) -> None:
    window, listed = window_of(rows, height)
    for move in moves:
        if move == "drop":
            if listed.heights:
                listed.heights.pop(listed.indices[0])
        elif move == "come":
            listed.heights[max(listed.heights, default=100) + 1] = 2
        elif move == "straggle":
            listed.heights[max(listed.heights, default=100) - 1] = 3
        else:
            MOVES[move](window)
        window.arrange()
        every = [(p, r) for p in range(len(listed)) for r in range(listed.rows(p))]
        assert len(window.lines) == min(height, len(every))
        if not every:
            assert window.position is None
            continue
        begin = every.index(window.lines[0])
        assert window.lines == every[begin : begin + len(window.lines)]
        assert window.position in positions(window)
        if window.following:
            assert window.lines[-1] == every[-1]


class TestFollowing:
    def test_the_end_is_at_the_bottom_and_highlighted(self) -> None:
        window, listed = window_of([1] * 10, 4)
        assert positions(window) == [6, 7, 8, 9]
        assert window.position == 9
        listed.heights[110] = 1
        window.arrange()
        assert positions(window) == [7, 8, 9, 10]
        assert window.position == 10

    def test_going_up_stops_it_and_what_comes_then_moves_nothing(self) -> None:
        window, listed = window_of([1] * 10, 4)
        window.up()
        assert not window.following
        before = window.lines
        for index in range(110, 150):
            listed.heights[index] = 3
            window.arrange()
        assert window.lines == before
        assert window.position == 8

    def test_going_down_at_the_end_goes_on_following(self) -> None:
        for move in (Window.down, lambda w: w.scroll(3), lambda w: w.page(3)):
            window, _ = window_of([1] * 10, 4)
            move(window)
            assert window.following

    def test_holding_stays_where_the_end_was(self) -> None:
        window, listed = window_of([1] * 10, 4)
        window.hold()
        listed.heights[110] = 1
        window.arrange()
        assert positions(window) == [6, 7, 8, 9]


class TestPlace:
    def test_what_is_inserted_above_moves_nothing(self) -> None:
        window, listed = window_of([1] * 20, 5)
        window.place(110, 2)
        assert [listed.index(p) for p in positions(window)] == [108, 109, 110, 111, 112]
        # The caller renames the entry it keeps when indices shift; heights above do not matter.
        listed.heights[101] = 4
        window.arrange()
        assert [listed.index(p) for p in positions(window)] == [108, 109, 110, 111, 112]

    def test_what_is_dropped_above_moves_nothing_while_there_is_enough_left(self) -> None:
        window, listed = window_of([1] * 20, 5)
        window.place(110, 2)
        for index in range(100, 107):
            listed.heights.pop(index)
        window.arrange()
        assert [listed.index(p) for p in positions(window)] == [108, 109, 110, 111, 112]

    def test_a_highlighted_entry_that_is_hidden_gives_its_line_to_the_next_and_comes_back(
        self,
    ) -> None:
        window, listed = window_of([1] * 20, 5)
        window.place(110, 2)
        hidden = {index: listed.heights.pop(index) for index in (109, 110, 111)}
        window.arrange()
        assert window.position is not None
        assert listed.index(window.position) == 112
        assert positions(window).index(window.position) == 2
        listed.heights.update(hidden)
        window.arrange()
        assert listed.index(window.position) == 110

    def test_an_empty_list_has_no_lines_and_no_highlighted_entry(self) -> None:
        window, _ = window_of([], 5)
        for move in MOVES.values():
            move(window)
            assert window.lines == []
            assert window.position is None


class TestMoving:
    def test_down_and_up_go_by_entries_and_scroll_at_the_edge(self) -> None:
        window, _ = window_of([1, 3, 1, 1, 1, 1], 4)
        window.top()
        assert window.position == 0
        window.down()
        assert window.position == 1
        assert window.lines == [(0, 0), (1, 0), (1, 1), (1, 2)]
        window.down()
        assert window.lines == [(1, 0), (1, 1), (1, 2), (2, 0)]
        window.up()
        window.up()
        assert window.lines == [(0, 0), (1, 0), (1, 1), (1, 2)]

    def test_an_entry_taller_than_the_window_is_read_row_by_row(self) -> None:
        window, _ = window_of([1, 9, 1], 4)
        window.top()
        window.down()
        seen = [window.lines[0]]
        while window.position == 1:
            seen.append(window.lines[0])
            window.down()
        assert [row for position, row in dict.fromkeys(seen) if position == 1] == [0, 1, 2, 3, 4, 5]
        window.up()
        assert window.lines == [(1, 5), (1, 6), (1, 7), (1, 8)]
        window.up()
        assert window.lines[0] == (1, 4)

    def test_the_wheel_moves_the_window_and_keeps_the_highlighting_while_it_is_visible(
        self,
    ) -> None:
        window, _ = window_of([1] * 20, 5)
        window.place(105, 2)
        window.scroll(2)
        assert window.position == 5
        assert positions(window) == [5, 6, 7, 8, 9]
        window.scroll(2)
        assert window.position == 7
        window.scroll(-5)
        assert positions(window) == [2, 3, 4, 5, 6]
        assert window.position == 6

    def test_pages_keep_the_line_and_end_on_the_ends(self) -> None:
        window, _ = window_of([1] * 12, 5)
        window.place(105, 2)
        window.page(4)
        assert positions(window) == [7, 8, 9, 10, 11]
        assert window.position == 9
        window.page(4)
        assert window.position == 11
        window.page(-4)
        window.page(-4)
        window.page(-4)
        assert window.position == 0

    @pytest.mark.parametrize(("index", "line"), [(103, 3), (125, 3), (110, 0), (117, 7)])
    def test_what_was_off_screen_comes_in_a_third_from_the_top(self, index: int, line: int) -> None:
        window, _ = window_of([1] * 40, 9)
        window.place(110, 0)
        window.reveal(index)
        assert window.position == index - 100
        assert positions(window).index(index - 100) == line

    def test_the_scroll_bar_goes_to_a_part(self) -> None:
        window, _ = window_of([1] * 100, 10)
        for part, position in ((0.0, 0), (0.5, 50), (1.0, 99)):
            window.go_to(part)
            assert window.position == position

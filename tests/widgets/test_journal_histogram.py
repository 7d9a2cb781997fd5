"""Lines and errors a minute as bars."""

from __future__ import annotations

from tests.journal_fakes import NOW
from tui.widgets.journal_histogram import axis, bars, together


def test_minutes_share_columns_counted_from_the_newest() -> None:
    assert together([1, 2, 3], 5) == ([1, 2, 3], 1)
    assert together([1, 2, 3, 4, 5], 3) == ([1, 5, 9], 2)
    assert together([], 3) == ([], 1)
    counts, share = together([1] * 240, 65)
    assert (sum(counts), share, len(counts)) == (240, 4, 60)


def test_the_greatest_fills_all_rows_and_one_is_seen() -> None:
    assert bars([0, 1, 8, 16], 2) == ["   █", " ▁██"]
    assert bars([0, 1, 1000], 1) == [" ▁█"]
    assert bars([0, 0], 2) == ["  ", "  "]
    assert bars([], 1) == [""]


def test_the_axis_names_begin_middle_and_end() -> None:
    line = axis(NOW, 30, 60)
    assert len(line) == 30
    assert (line[:5], line[-5:]) == ("02:08", "03:08")
    assert "02:38" in line
    assert axis(NOW, 4, 1) == "03:0"

"""The change window: days, times, midnight and the end of the week."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tui.model.change_window import inside, window_fits


def at(day: int, time: str) -> float:
    """Unix seconds of a time in a week whose Monday is the 2nd."""
    hours, minutes = map(int, time.split(":"))
    return datetime(2026, 11, 2 + day, hours, minutes, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("window", "day", "time", "expected"),
    [
        ("Mon-Fri 09:00-17:00", 0, "09:00", True),
        ("Mon-Fri 09:00-17:00", 4, "16:59", True),
        ("Mon-Fri 09:00-17:00", 4, "17:00", False),
        ("Mon-Fri 09:00-17:00", 5, "10:00", False),
        ("fri-mon 09:00-24:00", 6, "23:59", True),
        ("fri-mon 09:00-24:00", 2, "23:59", False),
        ("22:00-02:00", 3, "23:00", True),
        ("22:00-02:00", 3, "01:59", True),
        ("22:00-02:00", 3, "02:00", False),
        ("Tue 22:00-02:00", 2, "01:00", True),
        ("Tue 22:00-02:00", 1, "01:00", False),
        ("Sun 22:00-02:00", 0, "01:00", True),
    ],
)
def test_inside(window: str, day: int, time: str, expected: bool) -> None:
    assert inside(window, at(day, time)) is expected


@pytest.mark.parametrize(
    "text", ["", "Mon", "Mon-Fri", "9-17", "Foo 09:00-17:00", "09:00-09:00", "25:00-26:00"]
)
def test_what_is_no_window(text: str) -> None:
    assert not window_fits(text)
    with pytest.raises(ValueError, match="is no window"):
        inside(text, 0.0)

"""Times as people type them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.errors import BeamdeckError
from tui.model.timespec import NotATime, parse_since

NOW = datetime(2026, 11, 23, 0, 33, 28, 500_000, UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("15m", "2026-11-23T00:18:28.500"),
        ("2h", "2026-11-22T22:33:28.500"),
        ("2 h ago", "2026-11-22T22:33:28.500"),
        ("-2h", "2026-11-22T22:33:28.500"),
        ("1h30m", "2026-11-22T23:03:28.500"),
        ("1.5h", "2026-11-22T23:03:28.500"),
        ("3d", "2026-11-20T00:33:28.500"),
        ("1w", "2026-11-16T00:33:28.500"),
        (" NOW ", "2026-11-23T00:33:28.500"),
        ("today", "2026-11-23T00:00:00"),
        ("yesterday", "2026-11-22T00:00:00"),
        ("00:33", "2026-11-23T00:33:00"),
        ("03:07", "2026-11-22T03:07:00"),
        ("03:07:41.5", "2026-11-22T03:07:41.500"),
        ("yesterday 23:10", "2026-11-22T23:10:00"),
        ("today 23:10", "2026-11-23T23:10:00"),
        ("2026-11-23", "2026-11-23T00:00:00"),
        ("2026-11-23 03:07", "2026-11-23T03:07:00"),
        ("2026-11-23T03:07:41Z", "2026-11-23T03:07:41"),
        ("2026-11-23 03:07:41.25 UTC", "2026-11-23T03:07:41.250"),
        ("2026-11-23 03:07 +02:00", "2026-11-23T01:07:00"),
        ("01:00 +0200", "2026-11-22T23:00:00"),
    ],
)
def test_what_a_time_means(text: str, at: str) -> None:
    meant = datetime.fromisoformat(at).replace(tzinfo=UTC)
    assert parse_since(text, NOW) == pytest.approx(meant.timestamp(), abs=1e-6)


def test_epoch_is_taken_as_it_is() -> None:
    assert parse_since("@1795394008.25", NOW) == 1795394008.25


def test_local_is_the_operators_own_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert (
            parse_since("2026-11-23 09:00 local", NOW)
            == datetime(2026, 11, 23, tzinfo=UTC).timestamp()
        )
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "'' is not a time"),
        ("soon", "'soon' is not a time"),
        ("25:00", "'25:00' is not a time: hour must be in 0..23"),
        ("2026-02-30", "'2026-02-30' is not a time: day is out of range for month"),
        ("999999d", "'999999d' is not a time: that is before 1970"),
        ("1960-01-01", "'1960-01-01' is not a time: that is before 1970"),
        ("15 parsecs", "'15 parsecs' is not a time"),
        ("03:07 +99:00", "'03:07 +99:00' is not a time: offset must be"),
    ],
)
def test_what_is_no_time_is_explained(text: str, why: str) -> None:
    with pytest.raises(NotATime) as caught:
        parse_since(text, NOW)
    assert caught.value.detail.startswith(why)
    assert "15m" in caught.value.remedy
    assert isinstance(caught.value, (ValueError, BeamdeckError))


@given(st.text(max_size=30), st.floats(0, 4e9))
def test_whatever_is_typed_gives_a_time_or_a_reason(text: str, now: float) -> None:
    try:
        at = parse_since(text, now)
    except NotATime:
        return
    assert at >= 0


@given(st.integers(1, 10_000), st.sampled_from("smhdw"))
def test_further_back_is_earlier(count: int, unit: str) -> None:
    assert parse_since(f"{count + 1}{unit}", 9e9) < parse_since(f"{count}{unit}", 9e9) < 9e9

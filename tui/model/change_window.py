"""The window of the week in which changes are expected. Pure; always in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime

FORM = "Mon-Fri 09:00-17:00 (days and times in UTC)"

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WINDOW = re.compile(
    r"(?:(?P<first>[a-z]{3})(?:-(?P<last>[a-z]{3}))? +)?"
    r"(?P<from>(?:[01]\d|2[0-3]):[0-5]\d)-(?P<to>(?:[01]\d|2[0-3]):[0-5]\d|24:00)\Z",
    re.IGNORECASE,
)


def window_fits(text: str) -> bool:
    """Whether the text is a window at all: days that exist, and times that differ."""
    found = _WINDOW.match(text.strip())
    if found is None or found["from"] == found["to"]:
        return False
    return all(day is None or day.lower() in _DAYS for day in (found["first"], found["last"]))


def inside(window: str, now: float) -> bool:
    """Whether `now` (Unix seconds) lies in the window; ValueError if it is none.

    A window whose end comes before its beginning goes over midnight: `22:00-02:00`; its days are
    the days on which it begins.
    """
    found = _WINDOW.match(window.strip())
    if found is None or not window_fits(window):
        raise ValueError(f"{window!r} is no window; write it like {FORM}")
    moment = datetime.fromtimestamp(now, UTC)
    minute = moment.hour * 60 + moment.minute
    begin, end = _minutes(found["from"]), _minutes(found["to"])
    today = moment.weekday()
    if begin < end:
        return begin <= minute < end and _day_fits(found, today)
    if minute >= begin:
        return _day_fits(found, today)
    return minute < end and _day_fits(found, (today - 1) % 7)


def _minutes(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)


def _day_fits(found: re.Match[str], day: int) -> bool:
    if found["first"] is None:
        return True
    first = _DAYS.index(found["first"].lower())
    last = _DAYS.index((found["last"] or found["first"]).lower())
    # Fri-Mon goes over the end of the week.
    return first <= day <= last if first <= last else day >= first or day <= last

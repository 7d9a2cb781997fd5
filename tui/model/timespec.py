"""Times as people type them, resolved by a clock that is given: `15m`, `yesterday`, `03:07`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from tui.errors import BeamdeckError

_UNITS = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_UNIT = "|".join(sorted(_UNITS, key=len, reverse=True))
_AGO = re.compile(rf"-?((?:\d{{1,9}}(?:\.\d{{1,9}})?\s*(?:{_UNIT})\s*)+)(?:ago)?\Z")
_PART = re.compile(rf"(\d+(?:\.\d+)?)\s*({_UNIT})")
_EPOCH = re.compile(r"@(\d{1,11}(?:\.\d{1,9})?)\Z")
_ZONE = r"(?:\s*(z|utc|local|[+-]\d{2}:?\d{2}))?"
_OF_DAY = r"(\d{1,2}):(\d{2})(?::(\d{2})(\.\d{1,6})?)?"
_TIME = re.compile(rf"(?:(today|yesterday)\s+)?{_OF_DAY}{_ZONE}\Z")
_DATE = re.compile(rf"(\d{{4}})-(\d{{2}})-(\d{{2}})(?:[t\s]\s*{_OF_DAY})?{_ZONE}\Z")
FORMS = "15m, 2h, 1h30m, today, yesterday, now, 03:07, 2026-11-23 03:07:41 or @1795394008"


class NotATime(BeamdeckError, ValueError):
    """A text that says no time; the detail is a sentence with the text and why."""

    title = "That is not a time"
    remedy = f"Write it like {FORMS}; times are UTC unless they end in local or +02:00."


def parse_since(text: str, now: float) -> float:
    """The moment that `text` means at `now`, both Unix seconds. NotATime otherwise.

    Takes `15m`, `2h ago`, `now`, `today`, `yesterday`, `HH:MM[:SS]` (the last time it was so),
    `YYYY-MM-DD[ HH:MM[:SS]]` and `@epoch`; UTC unless it ends in `local` or an offset.
    """
    asked = " ".join(text.split()).lower()
    if asked == "now":
        return now
    for read in (_ago, _epoch, _day, _time, _date):
        try:
            at = read(asked, now)
        except (ValueError, OverflowError) as error:
            raise NotATime(f"{text!r} is not a time: {error}") from None
        if at is not None and at < 0:
            raise NotATime(f"{text!r} is not a time: that is before 1970")
        if at is not None:
            return at
    raise NotATime(f"{text!r} is not a time")


def _ago(asked: str, now: float) -> float | None:
    found = _AGO.match(asked)
    if found is None:
        return None
    back = sum(float(count) * _UNITS[unit] for count, unit in _PART.findall(found[1]))
    return now - back


def _epoch(asked: str, _now: float) -> float | None:
    found = _EPOCH.match(asked)
    return None if found is None else float(found[1])


def _day(asked: str, now: float) -> float | None:
    if asked not in ("today", "yesterday"):
        return None
    return (_midnight(now, UTC) - timedelta(days=asked == "yesterday")).timestamp()


def _midnight(now: float, zone: tzinfo | None) -> datetime:
    at = datetime.fromtimestamp(now, UTC).astimezone(zone)
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def _time(asked: str, now: float) -> float | None:
    found = _TIME.match(asked)
    if found is None:
        return None
    day, hour, minute, second, fraction, zone = found.groups()
    at = _at(_midnight(now, _zone(zone)), hour, minute, second, fraction)
    # Without a day the last time it was so is meant: nobody asks a journal for tomorrow.
    back = day == "yesterday" or (day is None and at.timestamp() > now)
    return (at - timedelta(days=1) if back else at).timestamp()


def _date(asked: str, _now: float) -> float | None:
    found = _DATE.match(asked)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    at = datetime(int(year), int(month), int(day), tzinfo=_zone(zone))
    if hour is not None:
        at = _at(at, hour, minute, second, fraction)
    return at.timestamp()


def _at(
    day: datetime, hour: str, minute: str, second: str | None, fraction: str | None
) -> datetime:
    micro = min(round(float(fraction or 0) * 1_000_000), 999_999)
    return day.replace(
        hour=int(hour), minute=int(minute), second=int(second or 0), microsecond=micro
    )


def _zone(text: str | None) -> tzinfo | None:
    """The zone as said; None is the operator's own, as `astimezone` and `timestamp` take it."""
    if text is None or text in ("z", "utc"):
        return UTC
    if text == "local":
        return None
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[-2:])))

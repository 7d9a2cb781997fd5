"""systemd's words for moments, both ways: `--since` and friends in, timestamps out. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_UNITS = {
    "us": 1e-6,
    "ms": 1e-3,
    "s": 1,
    "sec": 1,
    "second": 1,
    "seconds": 1,
    "": 1,
    "m": 60,
    "min": 60,
    "minute": 60,
    "minutes": 60,
    "h": 3600,
    "hr": 3600,
    "hour": 3600,
    "hours": 3600,
    "d": 86400,
    "day": 86400,
    "days": 86400,
    "w": 604800,
    "week": 604800,
    "weeks": 604800,
}
_SPAN = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)")
_DATE = re.compile(
    r"(?:(\d{4}-\d{2}-\d{2})(?:[ T]|$))?(?:(\d{1,2}):(\d{2})(?::(\d{2})(\.\d+)?)?)?\Z"
)
_SCALES = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def parse_span(text: str) -> float:
    """Seconds of `90`, `1min 30s`, `500ms`; ValueError otherwise."""
    total, at = 0.0, 0
    while at < len(text):
        found = _SPAN.match(text, at)
        if found is None or found[2] not in _UNITS:
            raise ValueError(text)
        total += float(found[1]) * _UNITS[found[2]]
        at = found.end()
    return total


class NotAMoment(ValueError):
    """A text that systemd would not take for a time either."""


def parse_moment(text: str, now: float) -> float:
    """Unix seconds of `@epoch`, `-2h`, `5min ago`, `now`, `yesterday`, a date, a time of day, UTC.

    NotAMoment if it is none.
    """
    try:
        return _moment(text.strip(), now)
    except ValueError:
        raise NotAMoment(text) from None


def _moment(text: str, now: float) -> float:
    if text.startswith("@"):
        return float(text[1:])
    if text[:1] in ("+", "-"):
        return now + (parse_span(text[1:]) if text[0] == "+" else -parse_span(text[1:]))
    if text.endswith(" ago"):
        return now - parse_span(text.removesuffix(" ago"))
    midnight = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    days = {"today": 0, "yesterday": -1, "tomorrow": 1}
    if text in days:
        return (midnight + timedelta(days=days[text])).timestamp()
    if text == "now":
        return now
    return _dated(text.removesuffix(" UTC").removesuffix("Z"), midnight)


def _dated(text: str, midnight: datetime) -> float:
    found = _DATE.match(text)
    if not text or found is None:
        raise ValueError(text)
    day, hour, minute, second, fraction = found.groups()
    start = datetime.fromisoformat(day).replace(tzinfo=UTC) if day else midnight
    moment = start + timedelta(
        hours=int(hour or 0), minutes=int(minute or 0), seconds=int(second or 0)
    )
    return moment.timestamp() + float(fraction or 0)


def pretty(at: float) -> str:
    """`Sun 2026-11-22 23:04:34 UTC`, as `systemctl show` prints a time."""
    return datetime.fromtimestamp(at, UTC).strftime("%a %Y-%m-%d %H:%M:%S UTC")


def stamp(at_us: int, style: str) -> str:
    """A time in one of `--timestamp`'s styles; 0 is never."""
    if at_us == 0:
        return ""
    if style == "unix":
        return f"@{at_us // 1_000_000}"
    text = pretty(at_us // 1_000_000)
    if style.startswith(("us", "µs")):
        return text.replace(" UTC", f".{at_us % 1_000_000:06} UTC")
    return text


def span(seconds: float) -> str:
    """A time span as systemd prints it: `1min 30s`, `100ms`, `infinity` below 0."""
    if seconds < 0:
        return "infinity"
    parts, rest = [], round(seconds * 1000)
    for size, unit in _SCALES:
        count, rest = divmod(rest, size * 1000)
        if count:
            parts.append(f"{count}{unit}")
    if rest:
        parts.append(f"{rest}ms")
    return " ".join(parts) or "0"

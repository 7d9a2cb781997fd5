"""Times, sizes and counts as people read them in a narrow column."""

from __future__ import annotations

from datetime import UTC, datetime


def duration(seconds: float) -> str:
    """At most two units: `11s`, `2m 5s`, `3h 12m`, `2d 4h`."""
    whole = max(0, int(seconds))
    days, rest = divmod(whole, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, secs = divmod(rest, 60)
    if days:
        return f"{days}d {hours}h"
    if hours:
        return f"{hours}h {minutes}m"
    if minutes:
        return f"{minutes}m {secs}s"
    return f"{secs}s"


def size(count: float) -> str:
    """Bytes in powers of 1024 with one letter: `512B`, `1.4K`, `61M`, `2.0G`."""
    value = float(count)
    for letter in ("B", "K", "M", "G", "T"):
        if value < 1024 or letter == "T":
            text = f"{value:.1f}" if value < 10 and letter != "B" else f"{value:.0f}"
            return f"{text}{letter}"
        value /= 1024
    raise AssertionError("unreachable: T ends the loop")


def clock(at: float) -> str:
    """Unix seconds as `HH:MM:SS` in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S")


def stamp(at: float) -> str:
    """Unix seconds as `YYYY-MM-DD HH:MM:SS UTC`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """`1 host`, `4 hosts`."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"

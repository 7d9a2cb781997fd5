"""What the frame around every place says: fleet, lock, clock, error counts. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from tui.model.gate import LockState
from tui.model.host import HostView, LinkState
from tui.model.unit import UnitWord
from tui.model.words import counted

_STOPPED = (UnitWord.LOOPING, UnitWord.FAILED, UnitWord.NOT_FOUND, UnitWord.STOPPED)


@dataclass(frozen=True, slots=True)
class FrameState:
    """The status bar's words, and the counts on the tabs by place name."""

    title: str
    production: bool
    counts: tuple[tuple[str, str], ...]
    lock: str
    locked: bool
    clock: str
    marks: tuple[tuple[str, str], ...] = ()


def frame_state(
    title: tuple[str, str],
    production: bool,
    views: Sequence[HostView],
    lock: LockState,
    now: float,
    errors: int,
    note: str = "",
    migrations: str = "",
    cards: int = 0,
) -> FrameState:
    """The frame of an environment and app (`title`) at `now` (Unix seconds).

    Counts are (style, text) pairs, worst last; `errors` are those held in the journal,
    `migrations` what the tab of that place says, `cards` how many known failures are shown.
    """
    environment, app = title
    shown = environment.upper() if production else environment
    return FrameState(
        title=f"{shown}  {app}",
        production=production,
        counts=_counts(views, note, now),
        lock=_lock_words(lock, now),
        locked=lock.locked(now),
        clock=datetime.fromtimestamp(now, UTC).strftime("%H:%M UTC"),
        marks=(
            *((("hosts", f"{_short(cards)}◆"),) if cards else ()),
            *((("journal", f"{_short(errors)}!"),) if errors else ()),
            *((("migrations", migrations),) if migrations else ()),
        ),
    )


def _counts(views: Sequence[HostView], note: str, now: float) -> tuple[tuple[str, str], ...]:
    parts = [("plain", counted(len(views), "host"))]
    # Of a host out of reach nobody knows; it counts as stale or shut out, once.
    failing = sum(
        1 for v in views if v.fresh(now) and v.snapshot and v.snapshot.unit.word in _STOPPED
    )
    waiting = sum(1 for v in views if v.link.state in (LinkState.IDLE, LinkState.CONNECTING))
    away = (LinkState.STALE, LinkState.LOST)
    stale = sum(1 for v in views if v.link.state in away or v.silent_s(now) is not None)
    shut = len([v for v in views if not v.link.usable]) - waiting
    shut -= sum(1 for v in views if v.link.state is LinkState.LOST)
    if waiting:
        parts.append(("plain", f"{waiting} connecting"))
    if stale:
        parts.append(("warning", f"{stale} stale"))
    if shut:
        parts.append(("error", f"{shut} shut out"))
    if failing:
        parts.append(("error", f"{failing} failing"))
    if note:
        parts.append(("warning", note))
    return tuple(parts)


def _lock_words(lock: LockState, now: float) -> str:
    if not lock.production:
        return ""
    if lock.locked(now) or lock.until is None:
        return "LOCKED"
    minutes, seconds = divmod(int(lock.until - now), 60)
    return f"OPEN {minutes:02}:{seconds:02}"


def _short(count: int) -> str:
    return str(count) if count < 1000 else f"{count // 1000}k"

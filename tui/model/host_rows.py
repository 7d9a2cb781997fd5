"""A host as the cells of its line: which words, signs and styles; which columns fit. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tui.model.host import HostSnapshot, HostView, LinkState
from tui.model.unit import UnitWord
from tui.model.words import duration, size

Cell = tuple[str, str, str]
"""(column key, text, style: plain, good, warning, bad or muted)."""


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """A column with its least and greatest width; `rank` says what goes first when it is tight."""

    key: str
    label: str
    least: int
    most: int
    rank: int
    right: bool = False


CHOICES = (
    ColumnChoice("host", "host", 6, 24, 0),
    ColumnChoice("state", "state", 16, 18, 0),
    ColumnChoice("since", "since", 8, 9, 1, True),
    ColumnChoice("restarts", "restarts", 8, 8, 1, True),
    ColumnChoice("runs", "runs", 9, 34, 0),
    ColumnChoice("boots", "boots", 9, 34, 0),
    ColumnChoice("load", "load", 5, 5, 2, True),
    ColumnChoice("disk", "disk", 5, 5, 2, True),
    ColumnChoice("memory", "mem", 5, 5, 3, True),
    ColumnChoice("rtt", "rtt", 6, 6, 4, True),
    ColumnChoice("skew", "clock", 7, 7, 5, True),
    ColumnChoice("age", "read", 6, 6, 6, True),
    ColumnChoice("job", "job", 6, 6, 7),
)

_BAD = (UnitWord.LOOPING, UnitWord.FAILED, UnitWord.NOT_FOUND)
_CALM = (LinkState.IDLE, LinkState.CONNECTING)


def columns_for(width: int, rows: Sequence[Sequence[Cell]]) -> list[tuple[ColumnChoice, int]]:
    """The columns that fit into `width` cells with the widths their contents want."""
    wanted = {choice.key: max(choice.least, len(choice.label)) for choice in CHOICES}
    for row in rows:
        for key, text, _ in row:
            wanted[key] = max(wanted.get(key, 0), len(text))
    chosen = list(CHOICES)
    while len(chosen) > 1 and _total(chosen) > width:
        worst = max(chosen, key=lambda c: c.rank)
        chosen.remove(worst)
    room = width - _total(chosen)
    widths = {c.key: max(c.least, len(c.label)) for c in chosen}
    # What is left goes to whoever wants more, first those that matter most.
    for choice in sorted(chosen, key=lambda c: c.rank):
        more = min(room, max(0, min(wanted[choice.key], choice.most) - widths[choice.key]))
        widths[choice.key] += more
        room -= more
    return [(choice, widths[choice.key]) for choice in chosen]


def _total(chosen: Sequence[ColumnChoice]) -> int:
    return 1 + sum(max(c.least, len(c.label)) + 1 for c in chosen)


def cells_of(view: HostView, odd: Sequence[str], now: float) -> tuple[Cell, ...]:
    """A host's cells; a host that is not connected shows its last facts muted, with their age."""
    snapshot = view.snapshot
    state = _state_cell(view, now)
    if snapshot is None:
        return (("host", view.host, "plain"), state)
    fresh = view.fresh(now)
    cells = [("host", view.host, "plain"), state, *_facts(snapshot, odd, now)]
    if not fresh:
        # Of a host out of reach these would be guesses: they change by the second.
        gone = ("since", "restarts", "load", "job")
        cells = [(k, "–" if k in gone else t, s if k in ("host", "state") else "muted")
                 for k, t, s in cells]  # fmt: skip
    cells.append(("age", _age(view, now), "plain" if fresh else "warning"))
    return tuple(cells)


def _state_cell(view: HostView, now: float) -> Cell:
    link = view.link
    if link.state is LinkState.STALE and link.heard_at is not None:
        return ("state", f"stale {duration(now - link.heard_at)} ago", "warning")
    if not link.usable:
        style = "muted" if link.state in _CALM else "bad" if link.state.final else "warning"
        age = view.age_s(now)
        text = str(link.state)
        if age is not None and link.state in (LinkState.LOST, LinkState.UNREACHABLE):
            text = f"stale {duration(age)} ago"
        return ("state", text, style)
    silent = view.silent_s(now)
    if silent is not None:
        word = "stale" if view.snapshot is not None else "no answer"
        return ("state", f"{word} {duration(silent)}", "warning")
    if view.snapshot is None:
        return ("state", "reading", "muted")
    word = view.snapshot.unit.word
    style = "bad" if word in _BAD else "good" if word is UnitWord.RUNNING else "warning"
    return ("state", str(word), style)


def _facts(snapshot: HostSnapshot, odd: Sequence[str], now: float) -> list[Cell]:
    unit, release, machine = snapshot.unit, snapshot.release, snapshot.machine
    restarts = unit.restarts
    used = machine.disk_used_percent
    return [
        ("since", _since(snapshot, now), "plain"),
        ("restarts", _marked(str(restarts), "!", bool(restarts)) if restarts is not None else "–",
         "warning" if restarts else "plain"),
        ("runs", _marked(release.runs or "?", "≠", "version" in odd),
         "warning" if "version" in odd else "plain"),
        ("boots", _boots(snapshot, "boots" in odd),
         "warning" if release.restart_changes or "boots" in odd else "plain"),
        ("load", f"{machine.load_1m:.1f}" if machine.load_1m is not None else "–", "plain"),
        ("disk", f"{used}%" if used is not None else "–", _level(used, 90)),
        ("memory", _memory(snapshot), "plain"),
        ("rtt", f"{snapshot.rtt_s * 1000:.0f}ms", "plain"),
        ("skew", _skew(machine.skew_s), "warning" if "clock" in odd else "muted"),
        ("job", unit.job or "–", "warning" if unit.job else "muted"),
    ]  # fmt: skip


def _boots(snapshot: HostSnapshot, odd: bool) -> str:
    release = snapshot.release
    sign = "↻" if release.restart_changes else "≠"
    return _marked(release.boots or "?", sign, release.restart_changes or odd)


def _since(snapshot: HostSnapshot, now: float) -> str:
    lasted = snapshot.lasted_s(now)
    return "–" if lasted is None else duration(lasted)


def _marked(text: str, sign: str, marked: bool) -> str:
    return f"{text} {sign}" if marked else text


def _memory(snapshot: HostSnapshot) -> str:
    machine = snapshot.machine
    if snapshot.unit.memory_bytes is not None:
        return size(snapshot.unit.memory_bytes)
    if not machine.memory_total or machine.memory_available is None:
        return "–"
    return f"{round(100 * (1 - machine.memory_available / machine.memory_total))}%"


def _level(value: int | None, high: int) -> str:
    return "bad" if value is not None and value >= high else "plain"


def _skew(skew_s: float | None) -> str:
    if skew_s is None:
        return "–"
    return f"{skew_s:+.1f}s" if abs(skew_s) < 1000 else f"{skew_s / 60:+.0f}m"


def _age(view: HostView, now: float) -> str:
    age = view.age_s(now)
    return duration(age) if age is not None else "–"

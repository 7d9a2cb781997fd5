"""A host as the cells of its line: which words, signs and styles; which columns fit. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tui.model.host import HostSnapshot, HostView, LinkState
from tui.model.unit import UnitWord
from tui.model.words import duration, size

Cell = tuple[str, str, str]
"""(column key, text, style: plain, good, warning, bad or muted)."""

SIGNS = "≠↻!✗"
"""Behind a cell's text, after a blank: differs from most; a restart changes it; restarted by
systemd; a name that no command is made of. Never cut off."""


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """A column with its least and greatest width; the greatest `rank` goes first when it is
    tight, the least gets first what room is left."""

    key: str
    label: str
    least: int
    most: int
    rank: int
    right: bool = False


EXTRA = 7
"""From this rank on a column comes in only where all that others want is there."""

CHOICES = (
    ColumnChoice("host", "host", 6, 24, 0),
    ColumnChoice("state", "state", 14, 20, 0),
    ColumnChoice("since", "since", 8, 9, 3, True),
    ColumnChoice("restarts", "restarts", 8, 8, 4, True),
    ColumnChoice("runs", "runs", 11, 34, 1),
    ColumnChoice("boots", "boots", 11, 34, 2),
    ColumnChoice("load", "load", 5, 5, 6, True),
    ColumnChoice("disk", "disk", 5, 5, 5, True),
    ColumnChoice("odd", "odd one out", 11, 28, 8),
    ColumnChoice("memory", "mem", 5, 5, 7, True),
    ColumnChoice("skew", "clock", 7, 7, 9, True),
    ColumnChoice("age", "read", 6, 6, 10, True),
    ColumnChoice("rtt", "rtt", 6, 6, 11, True),
    ColumnChoice("job", "job", 6, 6, 12),
    ColumnChoice("unit", "unit", 14, 40, 13),
)

_BAD = (UnitWord.LOOPING, UnitWord.FAILED, UnitWord.NOT_FOUND)
_CALM = (LinkState.IDLE, LinkState.CONNECTING)
_MOVING = ("since", "restarts", "load", "memory", "rtt", "skew", "job")


def columns_for(width: int, rows: Sequence[Sequence[Cell]]) -> list[tuple[ColumnChoice, int]]:
    """The columns that fit into `width` cells with the widths their contents want.

    Names and versions are shown in full before any of the EXTRA columns comes in.
    """
    wanted = {choice.key: _least(choice) for choice in CHOICES}
    for row in rows:
        for key, text, _ in row:
            wanted[key] = max(wanted.get(key, 0), len(text))
    chosen = [choice for choice in CHOICES if choice.rank < EXTRA]
    while len(chosen) > 1 and _total(chosen) > width:
        chosen.remove(max(reversed(chosen), key=lambda c: c.rank))
    widths = {c.key: _least(c) for c in chosen}
    room = _share(chosen, wanted, widths, width - _total(chosen))
    for choice in sorted(CHOICES, key=lambda c: c.rank):
        if choice.rank >= EXTRA and room > _least(choice):
            widths[choice.key] = min(room - 1, choice.most, wanted[choice.key])
            room -= widths[choice.key] + 1
    return [(choice, widths[choice.key]) for choice in CHOICES if choice.key in widths]


def _share(
    chosen: Sequence[ColumnChoice], wanted: dict[str, int], widths: dict[str, int], room: int
) -> int:
    """Give `room` cells to the columns that want more, a cell each in turn among those that tell
    one host from the next, then to the others; what is left comes back."""
    ranked = sorted(chosen, key=lambda c: c.rank)
    for few in (ranked[:4], ranked[4:]):
        hungry = list(few)
        while room > 0 and hungry:
            hungry = [c for c in hungry if widths[c.key] < min(wanted[c.key], c.most)]
            for choice in hungry[:room]:
                widths[choice.key] += 1
                room -= 1
    return room


def _least(choice: ColumnChoice) -> int:
    return max(choice.least, len(choice.label))


def _total(chosen: Sequence[ColumnChoice]) -> int:
    return 1 + sum(_least(c) + 1 for c in chosen)


def cells_of(
    view: HostView, odd: Sequence[str], now: float, name: str | None = None
) -> tuple[Cell, ...]:
    """A host's cells, `name` in the place of its full one; of one that is not fresh the last
    facts are muted, with their age."""
    snapshot = view.snapshot
    host: Cell = ("host", name or view.host, "plain")
    state = _state_cell(view, odd, now)
    if snapshot is None:
        return (host, state)
    fresh = view.fresh(now)
    cells = [host, state, *_facts(snapshot, odd, now)]
    if not fresh:
        # Of a host that does not answer these would be guesses: they change by the second.
        cells = [(k, "–" if k in _MOVING else t, s if k in ("host", "state") else "muted")
                 for k, t, s in cells]  # fmt: skip
    cells.append(("age", duration(view.age_s(now) or 0.0), "plain" if fresh else "warning"))
    return tuple(cells)


def _state_cell(view: HostView, odd: Sequence[str], now: float) -> Cell:
    link = view.link
    if not link.usable:
        style = "muted" if link.state in _CALM else "bad" if link.state.final else "warning"
        age = view.age_s(now)
        away = link.state in (LinkState.LOST, LinkState.UNREACHABLE)
        return ("state", f"stale {_short(age)} ago" if age and away else str(link.state), style)
    silent = view.silent_s(now)
    if silent is not None:
        word = "stale" if view.snapshot is not None else "no answer"
        return ("state", f"{word} {_short(silent)}", "warning")
    if view.snapshot is None:
        return ("state", "no answer", "warning") if view.trouble else ("state", "reading", "muted")
    if link.state is LinkState.STALE and link.heard_at is not None:
        return ("state", f"stale {_short(now - link.heard_at)}", "warning")
    word = view.snapshot.unit.word
    style = "bad" if word in _BAD else "good" if word is UnitWord.RUNNING else "warning"
    if "clock" in odd:
        return ("state", f"{word}, clock", "bad" if word in _BAD else "warning")
    return ("state", str(word), style)


def _short(seconds: float) -> str:
    # The greatest unit alone: what is stale for hours is not told by its minutes.
    return duration(seconds).split()[0]


def _facts(snapshot: HostSnapshot, odd: Sequence[str], now: float) -> list[Cell]:
    unit, release, machine = snapshot.unit, snapshot.release, snapshot.machine
    restarts, used = unit.restarts, machine.disk_used_percent
    lasted = snapshot.lasted_s(now)
    return [
        ("since", "–" if lasted is None else duration(lasted), "plain"),
        ("restarts", "–" if restarts is None else _marked(str(restarts), "!" if restarts else ""),
         "warning" if restarts else "plain"),
        _version_cell("runs", release.runs, release.unusable_at("runs"),
                      "≠" if "version" in odd else ""),
        _version_cell("boots", release.boots, release.unusable_at("boots"),
                      "↻" if release.restart_changes else "≠" if "boots" in odd else ""),
        ("load", f"{machine.load_1m:.1f}" if machine.load_1m is not None else "–", "plain"),
        ("disk", f"{used}%" if used is not None else "–",
         "bad" if used is not None and used >= 90 else "plain"),
        ("odd", " ".join(odd), "warning"),
        ("memory", _memory(snapshot), "plain"),
        ("skew", _skew(machine.skew_s), "warning" if "clock" in odd else "muted"),
        ("rtt", f"{snapshot.rtt_s * 1000:.0f}ms", "plain"),
        ("job", unit.job or "–", "warning" if unit.job else "muted"),
        ("unit", unit.name, "muted"),
    ]  # fmt: skip


def _version_cell(key: str, version: str | None, unusable: str, sign: str) -> Cell:
    if version is None and unusable:
        return (key, _marked(unusable, "✗"), "warning")
    return (key, _marked(version or "?", sign), "warning" if sign else "plain")


def _marked(text: str, sign: str) -> str:
    return f"{text} {sign}" if sign else text


def _memory(snapshot: HostSnapshot) -> str:
    machine = snapshot.machine
    if snapshot.unit.memory_bytes is not None:
        return size(snapshot.unit.memory_bytes)
    if not machine.memory_total or machine.memory_available is None:
        return "–"
    return f"{round(100 * (1 - machine.memory_available / machine.memory_total))}%"


def _skew(skew_s: float | None) -> str:
    if skew_s is None:
        return "–"
    return f"{skew_s:+.1f}s" if abs(skew_s) < 1000 else f"{skew_s / 60:+.0f}m"


def filter_text(view: HostView, now: float) -> str:
    """What a filter looks at: host, state, versions, flavour and unit, in lower case."""
    parts = [view.host, _state_cell(view, (), now)[1], str(view.link.state)]
    if view.snapshot is not None:
        unit, release = view.snapshot.unit, view.snapshot.release
        parts += [unit.name, str(unit.word), release.runs or "", release.boots or ""]
        parts.append(str(release.flavour))
    return "\n".join(parts).lower()

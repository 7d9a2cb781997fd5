"""The releases that a rollback may go to: each with what is known of it and why not. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tui.model.host_rows import Cell
from tui.model.release import untried
from tui.model.release_past import BAD, Mark, Ran, Told, brought_by, marks_of, ran_of
from tui.model.release_rows import Releases, age, who
from tui.model.release_tree import TreeSeen, release_order
from tui.model.words import duration, stamp

Line = tuple[str, str]
_COLUMNS = (
    ("version", "version", 24, False),
    ("back", "back?", 5, False),
    ("age", "age", 4, True),
    ("ran", "ran", 8, True),
    ("whole", "whole", 9, False),
    ("mark", "mark", 4, False),
    ("by", "by", 12, False),
)
_LEAST = 12


@dataclass(frozen=True, slots=True)
class Target:
    """A release on the hosts. `runs_on` are those that run it, `lacks` says host by host why it
    cannot boot there, `unread` are hosts that did not answer; `refused` is why it is no target."""

    version: str
    built_at: float | None
    by: str
    ran: Ran | None
    runs_on: tuple[str, ...]
    whole_on: tuple[str, ...]
    lacks: tuple[str, ...]
    unread: tuple[str, ...]
    mark: Mark | None
    refused: str
    running: bool

    @property
    def marked_bad(self) -> bool:
        """Whether somebody holds it to be bad."""
        return self.mark is not None and self.mark.word == BAD


def targets_of(
    releases: Releases, told: Sequence[Told], hosts: Sequence[str], now: float
) -> tuple[Target, ...]:
    """Every release that is on one of `hosts`, the newest first."""
    trees = {host: releases.trees[host] for host in hosts if host in releases.trees}
    on_some = {seen.version for tree in trees.values() for seen in tree.versions}
    marks, unread = marks_of(told), tuple(h for h in hosts if h not in trees or not trees[h].known)
    found = []
    for version in releases.versions:
        if version not in on_some:
            continue
        lacks, whole = _wholeness(trees, version)
        known = [tree for tree in trees.values() if tree.known]
        odd = next((untried(tree.flavour) for tree in known if untried(tree.flavour)), "")
        seen = releases.seen(version).values()
        everywhere = tuple(host for host, tree in releases.trees.items() if tree.runs == version)
        found.append(
            Target(
                version=version,
                built_at=next((v.built_at for v in seen if v.built_at), None),
                by=brought_by(told, version) or who(releases, version),
                ran=ran_of(told, version, everywhere, now),
                runs_on=tuple(tree.host for tree in known if tree.runs == version),
                whole_on=whole,
                lacks=lacks,
                unread=unread,
                mark=marks.get(version),
                refused=odd or "; ".join(lacks),
                running=bool(known) and all(t.runs == t.boots == version for t in known),
            )
        )
    return tuple(found)


def _wholeness(
    trees: Mapping[str, TreeSeen], version: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(why it cannot boot, host by host; the hosts where it can)."""
    lacks, whole = [], []
    for host, tree in trees.items():
        seen = tree.version(version)
        if seen is not None and seen.whole:
            whole.append(host)
        elif tree.known:
            said = f"lacks {', '.join(seen.missing)}" if seen is not None else "it is not there"
            lacks.append(f"{host}: {said}")
    return tuple(lacks), tuple(whole)


def suggested(targets: Sequence[Target]) -> str:
    """The newest older than all that runs, possible, and not marked bad; empty if there is none."""
    running = [t for t in targets if t.runs_on]
    newest = max((release_order(t.version, t.built_at) for t in running), default=None)
    for target in targets:
        order = release_order(target.version, target.built_at)
        older = newest is None or order < newest
        if older and not target.runs_on and not target.refused and not target.marked_bad:
            return target.version
    return ""


def target_cells(target: Target, now: float) -> tuple[Cell, ...]:
    """A line of the table."""
    back, style = ("no", "bad") if target.refused else ("yes", "plain")
    if target.running:
        back, style = "runs", "good"
    of = len(target.whole_on) + len(target.lacks) + len(target.unread)
    whole = f"{len(target.whole_on)} of {of}"
    ran = target.ran
    seconds = ran.seconds if ran is not None else None
    mark = target.mark.word if target.mark is not None else ""
    return (
        ("version", target.version, "muted" if target.refused else "plain"),
        ("back", back, style),
        ("age", age(now - target.built_at) if target.built_at else "?", "muted"),
        ("ran", "?" if seconds is None else duration(seconds), "muted"),
        ("whole", whole, "bad" if target.lacks else "warning" if target.unread else "plain"),
        ("mark", mark, "bad" if mark == BAD else "good"),
        ("by", target.by or "?", "muted"),
    )


def target_columns(width: int, targets: Sequence[Target]) -> tuple[tuple[str, str, int, bool], ...]:
    """(key, heading, cells, right) of the columns in `width` cells; the version has what is left,
    and the last columns go first where it is tight."""
    longest = max((len(target.version) for target in targets), default=0)
    kept = list(_COLUMNS)
    while len(kept) > 2 and sum(c[2] + 1 for c in kept[1:]) + _LEAST + 2 > width:
        kept.pop()
    room = width - 2 - sum(c[2] + 1 for c in kept[1:])
    (key, label, _, right), *rest = kept
    cells = max(_LEAST, min(room, max(longest, 7)))
    return ((key, label, cells, right), *rest)


def target_lines(target: Target, now: float) -> list[Line]:
    """What is to be said of a target below the table, (text, style) a line."""
    lines: list[Line] = []
    built = f"built {stamp(target.built_at)}" if target.built_at else "when it was built is unknown"
    lines.append((f"{target.version}: {built}, by {target.by or 'nobody knows whom'}", "plain"))
    if target.ran is not None:
        lines.append((target.ran.words(now), "plain"))
    elif target.runs_on:
        lines.append(("it runs now; since when is not in the records", "plain"))
    else:
        lines.append(("how long it ran is not in the records", "muted"))
    if target.mark is not None:
        lines.append((target.mark.words, "bad" if target.marked_bad else "good"))
    lines += [(text, "bad") for text in target.lacks]
    if target.unread:
        lines.append((f"not read: {', '.join(target.unread)}", "warning"))
    if target.refused:
        lines.append(("no target: it has to be whole on every host of the rollback", "bad"))
    elif target.running:
        lines.append(("it runs and boots already: only the schema could be taken back", "muted"))
    return lines

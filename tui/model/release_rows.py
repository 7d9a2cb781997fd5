"""The matrix of release versions by host: words, signs, what may be asked of a version. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tui.model.auto_version import parse_auto_version
from tui.model.fleet import Flavour
from tui.model.host_rows import Cell
from tui.model.release_store import StoredArchive
from tui.model.release_tree import MigrationFile, TreeSeen, VersionSeen, release_order
from tui.model.unit import UnitWord
from tui.model.words import duration, size

_DEAD = {str(UnitWord.LOOPING): "LOOPS", str(UnitWord.FAILED): "FAILED"}
_SHORT = 60


@dataclass(frozen=True, slots=True)
class Releases:
    """All that is known of an app's releases: by host, in the store, and who deployed what.

    `by` is (version -> who), from the audit of this machine; `store_problem` says why the store
    was not listed.
    """

    trees: Mapping[str, TreeSeen]
    archives: tuple[StoredArchive, ...] = ()
    by: tuple[tuple[str, str], ...] = ()
    store_problem: str = ""
    taken_at: float = 0.0

    @property
    def versions(self) -> tuple[str, ...]:
        """Every version that is on a host or in the store, newest first."""
        built: dict[str, float] = {a.version: a.mtime for a in self.archives}
        for tree in self.trees.values():
            for seen in tree.versions:
                built[seen.version] = seen.built_at or built.get(seen.version, 0.0)
            for name in (tree.runs, tree.boots):
                if name:
                    built.setdefault(name, 0.0)
        return tuple(sorted(built, key=lambda v: release_order(v, built[v]), reverse=True))

    def archive(self, version: str) -> StoredArchive | None:
        """The newest archive of exactly this version."""
        found = [archive for archive in self.archives if archive.version == version]
        return max(found, key=lambda a: a.mtime, default=None)

    def seen(self, version: str) -> dict[str, VersionSeen]:
        """The version by the hosts that have it."""
        found = {name: tree.version(version) for name, tree in self.trees.items()}
        return {name: seen for name, seen in found.items() if seen is not None}

    def migrations(self, version: str) -> frozenset[MigrationFile] | None:
        """The migrations that a version on some host brings; None if none of them has it whole."""
        for seen in self.seen(version).values():
            if seen.apps:
                return frozenset(seen.migrations)
        return None

    def newly(self, version: str) -> int | None:
        """How many migrations a version has that the next older known one has not."""
        mine = self.migrations(version)
        order = self.versions
        older = [self.migrations(v) for v in order[order.index(version) + 1 :]]
        before = next((files for files in older if files is not None), None)
        if mine is None or before is None:
            return None
        known = {(file.version, file.app, file.folder) for file in before}
        return sum((file.version, file.app, file.folder) not in known for file in mine)


def state_words(releases: Releases, host: str, version: str) -> tuple[str, str]:
    """(what a version is on a host, style) for a cell of the matrix."""
    tree = releases.trees.get(host)
    if tree is None or not tree.known:
        return "?", "muted"
    seen = tree.version(version)
    runs, boots = tree.runs == version, tree.boots == version
    if seen is None and not runs and not boots:
        return ("staged", "plain") if version in tree.staged else ("–", "muted")
    lacks = "its folder" if seen is None else next(iter(seen.missing), "")
    dead = _DEAD.get(tree.state, "") if boots and tree.runs in (None, version) else ""
    words = [dead] if dead else ["runs"] if runs else []
    words += ["boots"] if boots else []
    if lacks:
        words.append(f"lacks {lacks}")
    if boots and not runs and tree.runs is not None:
        words.append("↻")
    elif runs and version != _usual(releases):
        words.append("≠")
    if dead or lacks:
        return " ".join(words), "bad"
    if words[-1:] in (["↻"], ["≠"]):
        return " ".join(words), "warning"
    return (" ".join(words), "good") if words else ("whole", "plain")


def _usual(releases: Releases) -> str:
    """The version that most hosts run; the newer of two that are run as often."""
    counts = Counter(tree.runs for tree in releases.trees.values() if tree.runs)
    return max(counts, key=lambda v: (counts[v], release_order(v)), default="")


def matrix(
    releases: Releases, hosts: Sequence[str], now: float, *, apart: bool
) -> list[tuple[str, list[Cell]]]:
    """Each version, newest first, with its cells; hosts side by side, or counted in one cell."""
    return [(v, _cells(releases, hosts, v, now, apart=apart)) for v in releases.versions]


def _cells(
    releases: Releases, hosts: Sequence[str], version: str, now: float, *, apart: bool
) -> list[Cell]:
    words = {host: state_words(releases, host, version) for host in hosts}
    archive = releases.archive(version)
    cells: list[Cell] = [("version", version, "plain")]
    cells.append(("store", "●" if archive else "", "plain"))
    if apart:
        cells += [(f"on {host}", text, style) for host, (text, style) in words.items()]
    else:
        cells.append(("hosts", counted_words([text for text, _ in words.values()]), "plain"))
    seen = list(releases.seen(version).values())
    built = next((v.built_at for v in seen if v.built_at), archive.mtime if archive else None)
    bytes_ = max((v.size_bytes or 0 for v in seen), default=0) or (
        archive.size_bytes if archive else 0
    )
    parts = parse_auto_version(version)
    cells += [
        ("age", age(now - built) if built is not None else "", "muted"),
        ("size", size(bytes_) if bytes_ else "", "muted"),
        ("by", who(releases, version), "muted"),
        ("migrations", _migrations_words(releases, version), "plain"),
        ("parts", parts.words, "muted"),
    ]
    return cells


def counted_words(words: Sequence[str]) -> str:
    """What a version is on many hosts in one cell: `3 runs boots, 1 boots ↻`."""
    counts = Counter(word for word in words if word != "–")
    return ", ".join(f"{count} {word}" for word, count in counts.most_common()) or "–"


def age(seconds: float) -> str:
    """One unit, for a narrow column."""
    return duration(seconds).split(" ", maxsplit=1)[0]


def who(releases: Releases, version: str) -> str:
    """Who deployed a version by this machine's audit, else whose its folder is."""
    told = dict(releases.by).get(version)
    owners = [seen.owner for seen in releases.seen(version).values() if seen.owner]
    return told or next(iter(owners), "")


def _migrations_words(releases: Releases, version: str) -> str:
    newly = releases.newly(version)
    if newly is not None:
        return f"+{newly}"
    return "–" if releases.migrations(version) is not None else ""


def version_notes(releases: Releases, version: str) -> list[tuple[str, str]]:
    """What is to be said of a version below the table, (text, style) a line."""
    notes: list[tuple[str, str]] = []
    parts = parse_auto_version(version)
    if parts.auto:
        notes.append((f"{parts.base}: {parts.words}", "muted"))
    for host, seen in releases.seen(version).items():
        if seen.missing:
            listed = ", ".join(seen.missing[:4])
            more = f" and {len(seen.missing) - 4} more" if len(seen.missing) > 4 else ""
            notes.append((f"{host}: lacks {listed}{more}", "bad"))
    for host, tree in releases.trees.items():
        if tree.passed_over == version and tree.boots:
            by = "the launcher" if tree.flavour is Flavour.RELX else "var/start_erl.data"
            said = f"releases/start_erl.data names it, {by} boots {tree.boots}"
            notes.append((f"{host}: {said}", "warning"))
    archive = releases.archive(version)
    if archive is not None:
        where = f"{archive.where}:" if archive.where else ""
        notes.append((f"store: {where}{archive.path}, {size(archive.size_bytes)}", "muted"))
    return notes


def lacking(releases: Releases, version: str, hosts: Sequence[str]) -> tuple[str, ...]:
    """The hosts that a deploy of the version is for: those without it; all if none is without.

    A host that has it was left there by an earlier deploy: it is restarted, not given it again.
    """
    there = releases.seen(version)
    return tuple(host for host in hosts if host not in there) or tuple(hosts)


def fleet_notes(releases: Releases) -> list[tuple[str, str]]:
    """What could not be read, and names that nothing is ever done with; (text, style) a line."""
    notes = [(f"{host}: {t.problem}", "warning") for host, t in releases.trees.items() if t.problem]
    if releases.store_problem:
        notes.append((f"store: {releases.store_problem}", "warning"))
    for host, tree in releases.trees.items():
        for name in tree.unusable[:3]:
            notes.append((f"{host}: {name[:_SHORT]}: a name that no command is made of", "warning"))
    cookies = {tree.cookie for tree in releases.trees.values() if tree.cookie}
    if len(cookies) > 1:
        notes.append(("the hosts' cookies differ: their nodes cannot talk to each other", "muted"))
    return notes


def why_not(releases: Releases, action: str, version: str) -> str:
    """Why `deploy` or `rollback` of a version cannot be asked for; empty if it can."""
    if not version:
        return "no version is highlighted"
    unread = [host for host, tree in releases.trees.items() if not tree.known]
    if releases.trees and len(unread) == len(releases.trees):
        return "no host could be read"
    states = [(t.runs == version and t.boots == version) for t in releases.trees.values()]
    if action == "deploy":
        archive = releases.archive(version)
        if archive is None:
            return releases.store_problem or f"{version} is not in the release store"
        if archive.where:
            return f"its archive lies on {archive.where}; only a local one can be uploaded"
        return f"every host runs and boots {version}" if states and all(states) else ""
    seen = releases.seen(version)
    if not seen:
        return f"{version} is on no host: deploy it"
    if all(states):
        return f"every host runs and boots {version}"
    broken = [host for host, found in seen.items() if not found.whole]
    return f"{version} is not whole on {', '.join(broken)}" if len(broken) == len(seen) else ""

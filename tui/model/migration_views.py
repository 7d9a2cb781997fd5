"""Both views of a host's migrations side by side: the running node's and the disk's. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from tui.model.migration import (
    By,
    Direction,
    Migration,
    MigrationState,
    MigrationStatus,
    RepoStatus,
)
from tui.model.migration_files import MigrationFiles
from tui.model.migration_source import Judgement, judge_source, unjudged
from tui.model.plan import Facts
from tui.model.words import counted

Key = tuple[str, int]
"""A repo's name and a migration version."""


@dataclass(frozen=True, slots=True)
class MigrationsSeen:
    """What was read of one host's migrations at `taken_at` (Unix seconds)."""

    host: str
    running: MigrationStatus
    on_disk: MigrationStatus
    files: MigrationFiles
    taken_at: float

    @property
    def repos(self) -> tuple[str, ...]:
        """The repos that either view knows, in the order they were told."""
        both = (*self.running.repos, *self.on_disk.repos)
        return tuple(dict.fromkeys(repo.repo for repo in both))

    @property
    def mark(self) -> str:
        """`2?`: how many are pending, or applied without a file; empty if none are known to be."""
        odd = {
            (repo.repo, version)
            for status in (self.running, self.on_disk)
            for repo in status.repos
            for version in (*repo.pending, *repo.without_file)
        }
        return f"{len(odd)}?" if odd else ""


@dataclass(frozen=True, slots=True)
class MigrationRow:
    """One migration as both views have it; None where a view does not know it or knows nothing.

    `holders` are the release versions on the host that have its file, the newest first.
    """

    repo: str
    running: Migration | None
    on_disk: Migration | None
    since: str
    judgement: Judgement
    text: str | None = None
    differs_in: tuple[str, ...] = ()
    holders: tuple[str, ...] = ()

    @property
    def seen(self) -> Migration:
        """The migration as the running code has it, else as the disk's has it."""
        found = self.running or self.on_disk
        if found is None:
            raise ValueError("a row without a migration")
        return found

    @property
    def key(self) -> Key:
        """What tells it from every other."""
        return self.repo, self.seen.version

    @property
    def name(self) -> str:
        """Its name, from whichever view has a file of it."""
        return self.seen.name or (self.on_disk.name if self.on_disk is not None else "")

    @property
    def split(self) -> bool:
        """Whether the views tell different things of it."""
        if self.running is None or self.on_disk is None:
            return True
        return self.running.state is not self.on_disk.state

    @property
    def applied(self) -> bool:
        """Whether the database holds its row."""
        return self.seen.applied

    @property
    def loses(self) -> str:
        """What undoing it loses if it is applied, else what applying it loses, in words."""
        direction = Direction.DOWN if self.applied else Direction.UP
        losses = self.judgement.losses(direction)
        return losses.words if losses.nothing else f"{direction}: {losses.words}"


def rows_of(seen: MigrationsSeen) -> tuple[MigrationRow, ...]:
    """A row for each migration that either view knows, the newest first, repo by repo."""
    rows: list[MigrationRow] = []
    for name in seen.repos:
        running, on_disk = seen.running.repo(name), seen.on_disk.repo(name)
        known = [repo for repo in (running, on_disk) if repo is not None]
        versions = sorted({m.version for repo in known for m in repo.migrations}, reverse=True)
        for version in versions:
            # The code that can run it tells of its source; of what the node lacks, the disk's.
            able = [r for r in known if r.get(version) and version not in r.without_file]
            source = (able or known)[0]
            text = seen.files.text(source, version)
            why = seen.files.problem or "its source was not read"
            rows.append(
                MigrationRow(
                    name,
                    running.get(version) if running is not None else None,
                    on_disk.get(version) if on_disk is not None else None,
                    seen.files.since(source, version),
                    judge_source(text) if text is not None else unjudged(why),
                    text,
                    seen.files.differs(source, version),
                    seen.files.holders(source, version),
                )
            )
    return tuple(rows)


def state_words(row: MigrationRow) -> str:
    """The state in a word or two; where the views differ, whose it is."""
    if not row.split:
        return row.seen.state.value
    if row.running is None and row.on_disk is not None:
        return f"{row.on_disk.state}, disk"
    if row.on_disk is None:
        return f"{row.seen.state}, node"
    return f"{row.seen.state} ≠"


def view_lines(seen: MigrationsSeen) -> tuple[str, ...]:
    """Whose views these are, and what keeps one from being known."""
    told = []
    for status, word in ((seen.running, "running"), (seen.on_disk, "on disk")):
        if status.problem:
            told.append(f"{word}: not known, {status.problem}")
        else:
            told.append(f"{word} {status.release or 'not known'} ({status.by})")
    lines = [f"seen by {seen.host}: {', '.join(told)}"]
    for status in (seen.running, seen.on_disk):
        lines += [f"{r.repo} ({status.by}): {r.problem}" for r in status.repos if r.problem]
    if seen.files.problem or seen.files.partly:
        lines.append(seen.files.problem or seen.files.partly)
    return tuple(dict.fromkeys(lines))


def repo_line(seen: MigrationsSeen, repo: str) -> str:
    """How many of a repo's migrations are applied, pending, without a file."""
    both = [s.repo(repo) for s in (seen.running, seen.on_disk) if not s.problem]
    known = [r for r in both if r is not None and not r.problem]
    if not known:
        return f"{repo}   not known"
    if any(r.never for r in known):
        return f"{repo}   never migrated, {counted(len(_pending(known)), 'migration')} pending"
    applied = {v for r in known for v in r.applied}
    lost = {v for r in known for v in r.without_file}
    counts = f"applied {len(applied)}   pending {len(_pending(known))}   no file {len(lost)}"
    return f"{repo}   {counts}"


def _pending(repos: Iterable[RepoStatus]) -> set[int]:
    return {version for repo in repos for version in repo.pending}


def difference_lines(seen: MigrationsSeen) -> tuple[str, ...]:
    """Why the views differ, and what that means; nothing if they tell the same."""
    running, disk = seen.running, seen.on_disk
    if running.problem or disk.problem:
        return ()
    lines: list[str] = []
    for name in seen.repos:
        one, other = running.repo(name), disk.repo(name)
        if one is None or other is None or one.problem or other.problem:
            continue
        newer = [m.version for m in other.migrations if one.get(m.version) is None]
        newer += [v for v in one.without_file if v not in other.without_file]
        older = [v for v in other.without_file if v not in one.without_file]
        older += [m.version for m in one.migrations if other.get(m.version) is None]
        if newer:
            lines.append(
                f"{disk.release} lies on disk and was not restarted into: only by eval has it "
                f"{counted(len(newer), 'migration')} that {running.release} does not know"
            )
        if older:
            lines.append(
                f"{running.release} runs and {disk.release} boots next, which lacks "
                f"{counted(len(older), 'file')}: undo them before it boots, by the node's code"
            )
    if not lines and running.release != disk.release:
        lines.append(f"{running.release} runs, {disk.release} boots next: same migrations")
    return tuple(lines)


def plan_params(seen: MigrationsSeen, marked: Collection[Key]) -> Facts | str:
    """The parameters of the plan that M opens: what is marked, or all that is pending; else why
    there is none. What is applied goes only where it is marked."""
    rows = rows_of(seen)
    chosen = [row for row in rows if row.key in marked]
    if not chosen:
        chosen = [row for row in rows if row.seen.state is MigrationState.PENDING]
        if not chosen:
            return "nothing is pending; what is to be undone is marked first, one by one"
    repos = {row.repo for row in chosen}
    if len(repos) > 1:
        return f"one repo at a time: {' and '.join(sorted(repos))} are meant"
    if len({row.applied for row in chosen}) > 1:
        return "some of these are applied and some are pending: mark either"
    direction = Direction.DOWN if chosen[0].applied else Direction.UP
    by, release = _able(seen, chosen)
    return (
        ("direction", direction.value),
        ("repo", chosen[0].repo),
        ("versions", " ".join(str(row.seen.version) for row in chosen)),
        ("by", by.value),
        ("release", release),
        ("hosts", seen.host),
    )


def _able(seen: MigrationsSeen, chosen: Iterable[MigrationRow]) -> tuple[By, str]:
    """Whose code has all the files: the node's, the disk's, or another release's on the host."""
    rows = list(chosen)
    able = [
        all(m is not None and m.state is not MigrationState.NO_FILE for m in view)
        for view in ([row.running for row in rows], [row.on_disk for row in rows])
    ]
    if able[0] and not seen.running.problem:
        return By.RPC, ""
    if able[1] and not seen.on_disk.problem:
        return By.EVAL, seen.on_disk.release
    shared = [v for v in rows[0].holders if all(v in row.holders for row in rows)]
    return (By.EVAL, shared[0]) if shared else (By.RPC, "")

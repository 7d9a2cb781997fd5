"""What a release's code and the database say of migrations, a repo at a time. Pure.

A migration version is an int here and everywhere; only a command or a screen makes words of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from tui.model.release import ReleaseFacts

_REPO = re.compile(r"[A-Z][A-Za-z0-9_]{0,63}(?:\.[A-Z][A-Za-z0-9_]{0,63}){0,9}\Z")


class MigrationState(StrEnum):
    """Where a migration stands; `no file` is applied, but unknown to the code that was asked."""

    APPLIED = "applied"
    PENDING = "pending"
    NO_FILE = "no file"


class By(StrEnum):
    """Whose view it is: the running node's (rpc), or that of a release's code on disk (eval)."""

    RPC = "rpc"
    EVAL = "eval"


class Direction(StrEnum):
    """Which way a migration is run."""

    UP = "up"
    DOWN = "down"


def repo_fits(name: str) -> bool:
    """A module's name as Elixir writes it, `Billing.Repo`: what may become part of a command."""
    return _REPO.match(name) is not None


@dataclass(frozen=True, slots=True)
class Migration:
    """One migration of a repo; `name` is empty where no file tells it."""

    version: int
    name: str
    state: MigrationState

    @property
    def applied(self) -> bool:
        """Whether the database holds its row."""
        return self.state is not MigrationState.PENDING

    @property
    def words(self) -> str:
        """`20180203120000 add_index`."""
        return f"{self.version} {self.name}".rstrip()


@dataclass(frozen=True, slots=True)
class RepoStatus:
    """One repo's migrations by version, the oldest first.

    `path` is the folder that the code looks into. `never`: the table of migrations does not
    exist yet. `problem` says why nothing is known; then `migrations` is empty and means nothing.
    """

    repo: str
    migrations: tuple[Migration, ...] = ()
    path: str = ""
    never: bool = False
    problem: str = ""

    def of(self, *states: MigrationState) -> tuple[int, ...]:
        """The versions in one of these states, the oldest first."""
        return tuple(m.version for m in self.migrations if m.state in states)

    @property
    def applied(self) -> tuple[int, ...]:
        """Every version that the database holds, with a file or without."""
        return self.of(MigrationState.APPLIED, MigrationState.NO_FILE)

    @property
    def pending(self) -> tuple[int, ...]:
        """The versions that have a file and are not applied."""
        return self.of(MigrationState.PENDING)

    @property
    def without_file(self) -> tuple[int, ...]:
        """The versions that are applied and have no file in this release."""
        return self.of(MigrationState.NO_FILE)

    @property
    def newest(self) -> int | None:
        """The newest applied version; None if nothing is applied."""
        return max(self.applied, default=None)

    @property
    def out_of_order(self) -> tuple[int, ...]:
        """Pending versions older than the newest applied one: Ecto runs them without a word."""
        newest = self.newest
        return tuple(v for v in self.pending if newest is not None and v < newest)

    def get(self, version: int) -> Migration | None:
        """The migration of this version, if code or database know it."""
        return next((m for m in self.migrations if m.version == version), None)


@dataclass(frozen=True, slots=True)
class MigrationStatus:
    """What one host said of the migrations of an app's repos, at `taken_at` (Unix seconds).

    `by` and `release` say whose view it is: the release version whose code answered, `facts`
    how it was asked. `problem` says why there is no answer at all.
    """

    host: str
    by: By
    release: str = ""
    taken_at: float = 0.0
    repos: tuple[RepoStatus, ...] = ()
    problem: str = ""
    facts: ReleaseFacts = field(default_factory=ReleaseFacts)

    def repo(self, name: str = "") -> RepoStatus | None:
        """A repo by name; without one, the only repo there is."""
        if not name:
            return self.repos[0] if len(self.repos) == 1 else None
        return next((r for r in self.repos if r.repo == name), None)

    @property
    def trouble(self) -> str:
        """Everything that is not known and why, in words; empty if all of it is known."""
        told = [self.problem, *(f"{r.repo}: {r.problem}" for r in self.repos if r.problem)]
        return "; ".join(filter(None, told))


def seen_with(repo: RepoStatus, files: Mapping[int, str]) -> RepoStatus:
    """What a release that carries these files (version -> name) would say of the same database."""
    applied = set(repo.applied)
    rows = [
        Migration(
            version,
            files.get(version, ""),
            MigrationState.PENDING
            if version not in applied
            else MigrationState.APPLIED
            if version in files
            else MigrationState.NO_FILE,
        )
        for version in sorted(applied | set(files))
    ]
    return replace(repo, migrations=tuple(rows), path="")


def migration_facts(status: MigrationStatus, repo: str) -> tuple[tuple[str, str], ...]:
    """What a plan rests on: whose view it is, what is applied and what is pending in a repo."""
    seen = status.repo(repo)
    applied = seen.applied if seen is not None else ()
    pending = seen.pending if seen is not None else ()
    return (
        (f"{status.host} {repo} applied", " ".join(map(str, applied)) or "nothing"),
        (f"{status.host} {repo} pending", " ".join(map(str, pending)) or "nothing"),
        (f"{status.host} {repo} seen by", f"{status.release} ({status.by})"),
    )

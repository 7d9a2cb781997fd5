"""What lies between the schema and a release to go back to, migration by migration. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tui.model.migration import Direction, MigrationState, MigrationStatus, RepoStatus
from tui.model.migration_files import MigrationFiles, place
from tui.model.migration_set import newest_run
from tui.model.migration_set import problems as set_problems
from tui.model.migration_source import Judgement, Undo, unjudged
from tui.model.release_tree import MigrationFile, TreeSeen, VersionSeen, release_order


class Group(StrEnum):
    """What becomes of an applied migration; `no file` is of neither the target nor the code that
    would undo it."""

    UNDO = "to undo"
    UNTOUCHED = "untouched"
    NO_FILE = "applied without a file"


class Undoing(StrEnum):
    """What undoing a migration means; what cannot be told counts as a loss."""

    REVERSIBLE = "reversible"
    LOSES = "loses data"
    IRREVERSIBLE = "irreversible"
    UNKNOWN = "cannot tell"


@dataclass(frozen=True, slots=True)
class DeltaMigration:
    """An applied migration: its group, what undoing it means and why, its source if it was read.

    `loses` is what goes (`column users.email`), `why` the line that says so or that it cannot be
    undone; `holders` are the versions of its library on the host that have its file.
    """

    repo: str
    version: int
    name: str
    group: Group
    undoing: Undoing
    loses: str = ""
    why: str = ""
    source: str | None = None
    holders: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """`20180203120000 add_index`."""
        return f"{self.version} {self.name}".rstrip()


@dataclass(frozen=True, slots=True)
class RollbackDelta:
    """The migrations that `target` lacks, by the status of the code that would undo them.

    `runs` is the release whose code runs, where that is not the one whose code would undo them.

    `problem` says why it cannot be known, `remedy` what to do about it; then nothing else counts.
    Without a status nothing is asked of the schema: the app has no migrations, or the host that
    runs them is left out.
    """

    target: str = ""
    status: MigrationStatus | None = None
    files: MigrationFiles = field(default_factory=MigrationFiles)
    migrations: tuple[DeltaMigration, ...] = ()
    problem: str = ""
    remedy: str = ""
    runs: str = ""

    def of(self, group: Group) -> tuple[DeltaMigration, ...]:
        """The migrations of one group; what is to be undone comes newest first, as it goes."""
        found = [m for m in self.migrations if m.group is group]
        return tuple(sorted(found, key=lambda m: m.version, reverse=group is Group.UNDO))

    @property
    def goes(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """The versions to undo by their repo, ascending; repos without any are left out."""
        found: dict[str, list[int]] = {}
        for migration in self.of(Group.UNDO):
            found.setdefault(migration.repo, []).append(migration.version)
        return tuple((repo, tuple(sorted(versions))) for repo, versions in found.items())

    @property
    def versions(self) -> tuple[int, ...]:
        """Every version to undo, ascending."""
        return tuple(sorted({m.version for m in self.of(Group.UNDO)}))

    @property
    def contiguous(self) -> bool:
        """Whether what goes is, repo by repo, the newest run without a gap; else one by one."""
        status = self.status
        return status is None or all(
            repo is not None and newest_run(repo, versions)
            for repo, versions in ((status.repo(name), versions) for name, versions in self.goes)
        )

    @property
    def code_first(self) -> str:
        """What happened where the code went back before the schema, and the way; else empty."""
        if not self.runs or self.status is None or not self.versions:
            return ""
        applied, newer = ", ".join(map(str, self.versions)), self.status.release
        return (
            f"{self.runs} runs, but {applied}: applied, and in no file of it. The code went back "
            f"before the schema. The code of {newer}, still on the disk, undoes it beside the "
            "node; for that nothing is switched"
        )

    @property
    def obstacles(self) -> tuple[str, ...]:
        """Why the schema cannot be taken back in one plan, a sentence each; () if it can."""
        found: list[str] = []
        for name, versions in self.goes:
            repo = self.status.repo(name) if self.status is not None else None
            if repo is not None:
                judged = self.files.judgements(repo)
                found += set_problems(repo, versions, Direction.DOWN, judged)
        return tuple(found)


def delta_of(
    target: str,
    status: MigrationStatus,
    files: MigrationFiles,
    known: Mapping[str, Iterable[int]],
) -> RollbackDelta:
    """The delta; `known` are the migrations that the target has, by the repo's name."""
    found: list[DeltaMigration] = []
    for repo in status.repos:
        has, judged = set(known.get(repo.repo, ())), files.judgements(repo)
        for migration in repo.migrations:
            if migration.applied:
                lost = migration.state is MigrationState.NO_FILE
                kept = migration.version in has
                group = Group.UNTOUCHED if kept else Group.NO_FILE if lost else Group.UNDO
                judgement = judged.get(migration.version) or unjudged("its source was not read")
                found.append(_one(repo, migration.version, group, files, judgement))
    return RollbackDelta(target, status, files, tuple(found))


def _one(
    repo: RepoStatus, version: int, group: Group, files: MigrationFiles, judgement: Judgement
) -> DeltaMigration:
    migration, file = repo.get(version), files.file(repo, version)
    name = migration.name if migration is not None else ""
    undoing, loses = undoing_of(judgement)
    reasons = judgement.undo_reasons or judgement.down.reasons
    return DeltaMigration(
        repo.repo,
        version,
        name or (file.name if file is not None else ""),
        group,
        undoing,
        loses,
        reasons[0].words if reasons else "",
        files.text(repo, version),
        files.holders(repo, version),
    )


def undoing_of(judgement: Judgement) -> tuple[Undoing, str]:
    """What undoing means by a judgement, and what is lost by it; empty if nothing is."""
    if judgement.lacks_down or judgement.undo is Undo.NO:
        return Undoing.IRREVERSIBLE, ""
    lost = judgement.losses(Direction.DOWN)
    if lost.what:
        return Undoing.LOSES, lost.words
    if not lost.known or judgement.undo is Undo.UNKNOWN:
        return Undoing.UNKNOWN, lost.words
    return Undoing.REVERSIBLE, ""


def known_to(repo: RepoStatus, migrations: Iterable[MigrationFile]) -> tuple[int, ...]:
    """The versions of those of a release's migrations that are this repo's, ascending."""
    lib, _, folder = place(repo.path)
    mine = folder.split("/")[1:2]
    return tuple(
        sorted(
            file.version
            for file in migrations
            if (not lib or file.app == lib) and (not mine or file.folder == mine[0])
        )
    )


def sharers(tree: TreeSeen, target: VersionSeen) -> tuple[str, ...]:
    """The other releases on the host whose migrations lie in a folder of the target's too.

    Then the folder says what any of them brought, and not what the target did.
    """
    libs = {seen.app for version in tree.versions for seen in version.migrations}
    own = {pair for pair in target.apps if pair[0] in libs}
    return tuple(
        v.version for v in tree.versions if v.version != target.version and own & {*v.apps}
    )


def release_with(tree: TreeSeen, repo: RepoStatus, versions: Iterable[int]) -> str:
    """The newest whole release on the host that has all of these migrations; empty if none."""
    wanted = set(versions)
    able = [v for v in tree.versions if v.whole and wanted <= set(known_to(repo, v.migrations))]
    best = max(able, key=lambda v: release_order(v.version, v.built_at), default=None)
    return best.version if best is not None else ""

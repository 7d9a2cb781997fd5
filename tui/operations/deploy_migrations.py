"""What a release that is to come would migrate: told from its archive and the database's table."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from tui.model.archive import Archive
from tui.model.fleet import MigrateWhen
from tui.model.migration import By, Direction, MigrationStatus, RepoStatus, seen_with
from tui.model.migration_source import Judgement, Undo, judge_source
from tui.model.plan import Loss, Step
from tui.operations.context import PlanContext
from tui.operations.migrate import losses_of, read_status, up_steps

_FILE = re.compile(
    r"lib/([a-z][A-Za-z0-9_]*)-[^/]+/(priv/.+?/migrations)/(?:.+/)?(\d{1,20})_([^/]*)\.exs\Z"
)
_FILE_FOLDER = re.compile(r"/lib/([a-z][A-Za-z0-9_]*)-[^/]+/(priv/.+?/migrations)/?\Z")


@dataclass(frozen=True, slots=True)
class DeployMigrations:
    """The migrations of a deploy: `status` as the new release will see it; `problem` if that
    cannot be told; `judgements` by version."""

    status: MigrationStatus | None = None
    judgements: tuple[tuple[int, Judgement], ...] = ()
    problem: str = ""

    @property
    def pending(self) -> tuple[int, ...]:
        """The versions that would be applied, ascending."""
        if self.status is None:
            return ()
        return tuple(sorted({v for repo in self.status.repos for v in repo.pending}))

    @property
    def one_way(self) -> tuple[int, ...]:
        """Those of them that cannot be undone: a rollback with the schema is refused after them."""
        judged = dict(self.judgements)
        return tuple(v for v in self.pending if v in judged and judged[v].undo is Undo.NO)

    @property
    def losses(self) -> tuple[Loss, ...]:
        """What would be lost by applying them."""
        if self.status is None:
            return ()
        return losses_of(self.status, self.pending, Direction.UP, dict(self.judgements))

    def steps(self, context: PlanContext, when: MigrateWhen, release: str) -> tuple[Step, ...]:
        """A step for each, by the new release's code; none where there is nothing to apply."""
        if self.status is None or not self.pending:
            return ()
        by = By.EVAL if when is MigrateWhen.BEFORE else By.RPC
        return up_steps(context, self.status, self.pending, by=by, release=release)


async def read_deploy_migrations(context: PlanContext, archive: Archive) -> DeployMigrations:
    """Ask the migration host once (a small BEAM there), unless the archive brings no migration."""
    if not archive.migrations:
        return DeployMigrations()
    host = context.migration_host
    status = await read_status(context, host, by=By.RPC)
    if status.problem:
        beside = await read_status(context, host, by=By.EVAL)
        status = status if beside.problem else beside
    if status.trouble:
        return DeployMigrations(problem=f"{host}: {status.trouble}")
    repos = tuple(_seen(repo, archive) for repo in status.repos)
    judged = tuple(
        (int(found[3]), judge_source(source.decode("utf-8", "replace")))
        for _, path, source in archive.migrations
        if (found := _FILE.match(path))
    )
    return DeployMigrations(replace(status, repos=repos, release=archive.version), judged)


def _seen(repo: RepoStatus, archive: Archive) -> RepoStatus:
    """The repo as the new release's files make it look: those of the same folder in its app."""
    folder = _FILE_FOLDER.search(repo.path)
    files = {
        int(found[3]): found[4]
        for _, path, _ in archive.migrations
        if (found := _FILE.match(path))
        and (folder is None or (found[1], found[2]) == (folder[1], folder[2]))
    }
    return seen_with(repo, files)

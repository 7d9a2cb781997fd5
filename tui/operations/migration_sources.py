"""Read the migration files of a host's releases: their texts are what judgements rest on."""

from __future__ import annotations

from tui.commands.migration_files import parse_migration_files, read_migration_files
from tui.errors import BeamdeckError
from tui.model.migration_files import MigrationFiles
from tui.operations.context import PlanContext


async def read_sources(context: PlanContext, host: str) -> MigrationFiles:
    """Every migration file of every release version on the host; its `problem` says why none."""
    session = context.sessions.get(host)
    if session is None:
        return MigrationFiles(problem=f"{host} is not a host of this environment")
    try:
        return parse_migration_files(await session.run(read_migration_files(context.app)))
    except BeamdeckError as error:
        return MigrationFiles(problem=f"migration files cannot be read: {error.detail}")

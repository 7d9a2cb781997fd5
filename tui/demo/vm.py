"""Where Elixir code of the demo runs: the app's own node (rpc), or a VM of its own (eval)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tui.demo import ecto
from tui.demo.elixir.errors import ElixirError
from tui.demo.elixir.values import Atom, keyword, module_atom

if TYPE_CHECKING:
    from tui.demo.beam import Beam
    from tui.demo.database import Database
    from tui.demo.sandbox import Sandbox
    from tui.demo.tree import ReleaseTree

REPO = module_atom("Billing.Repo")
_UNREACHABLE = """connection not available and request was dropped from queue after 2990ms. \
This means requests are coming in and your connection pool cannot serve them fast enough. \
You can address this by:

  1. Ensuring your database is available and that you can connect to it
  2. Tracking down slow queries and making sure they are running fast enough
  3. Increasing the pool_size (although this increases resource consumption)
  4. Allowing requests to wait longer by increasing :queue_target and :queue_interval

See DBConnection.start_link/2 for more information
"""
_TABLE_FAILED = """[error] Could not create schema migrations table. \
This error usually happens due to the following:

  * The database does not exist
  * The "schema_migrations" table, which Ecto uses for managing
    migrations, was defined by another library
  * There is a deadlock while migrating (such as using concurrent
    indexes with a migration_lock)

To fix the first issue, run "mix ecto.create" for the desired MIX_ENV.

To address the second, you can run "mix ecto.drop" followed by
"mix ecto.create", both for the desired MIX_ENV. Alternatively you may
configure Ecto to use another table and/or repository for managing
migrations:

    config :billing, Billing.Repo,
      migration_source: "some_other_table_for_schema_migrations",
      migration_repo: AnotherRepoForSchemaMigrations

The full error report is shown below.

"""
_NO_TABLE = (
    'ERROR 42P01 (undefined_table) relation "schema_migrations" does not exist\n\n'
    '    query: SELECT s0."version"::bigint FROM "schema_migrations" AS s0'
)
_NO_TABLE_CODE = {Atom("code"): Atom("undefined_table"), Atom("pg_code"): "42P01"}
_UNREACHABLE_TRACE = (
    "(ecto_sql 3.11.3) lib/ecto/adapters/sql.ex:1054: Ecto.Adapters.SQL.raise_sql_call_error/1",
    '(elixir 1.14.0) lib/enum.ex:1658: Enum."-map/2-lists^map/1-0-"/2',
    "(ecto_sql 3.11.3) lib/ecto/adapters/sql.ex:1161: Ecto.Adapters.SQL.execute_ddl/4",
    "(ecto_sql 3.11.3) lib/ecto/migrator.ex:755: Ecto.Migrator.verbose_schema_migration/3",
    "(ecto_sql 3.11.3) lib/ecto/migrator.ex:563: Ecto.Migrator.lock_for_migrations/4",
    "(ecto_sql 3.11.3) lib/ecto/migrator.ex:485: Ecto.Migrator.migrations/3",
    "(ecto_sql 3.11.3) lib/ecto/migrator.ex:170: Ecto.Migrator.with_repo/3",
    "(stdlib 4.2) erl_eval.erl:744: :erl_eval.do_apply/7",
)


@dataclass
class Vm:
    """One VM as code sees it.

    `beam` is the app's node for rpc, None for an eval. `version` is the release whose code runs.
    """

    version: str
    tree: ReleaseTree
    sandbox: Sandbox
    database: Database
    url: str
    env: Mapping[str, str]
    write: Callable[[str], None]
    node_log: Callable[[str], None]
    clock: Callable[[], float]
    node: str
    beam: Beam | None = None
    loaded: bool = False
    started_repos: set[Atom] = field(default_factory=set)
    compiled: dict[Atom, ecto.Migration] = field(default_factory=dict)
    later: list[str] = field(default_factory=list)

    @property
    def in_node(self) -> bool:
        """Whether this is the app's own node."""
        return self.beam is not None

    def log(self, line: str) -> None:
        """A log line of the migrator: in an eval on stdout, in the node also in its own log."""
        if not self.in_node:
            self.write(f"[info] {line}\n")
            return
        self.node_log(f"[info] {line}")
        if not line.startswith("Migrations already"):
            self.later.append(line)

    def require_repo(self, repo: object) -> None:
        """Raise as Ecto does where the repo is unknown, not started, or cannot connect."""
        if repo != REPO:
            shown = repo.name.removeprefix("Elixir.") if isinstance(repo, Atom) else str(repo)
            message = f"function {shown}.config/0 is undefined (module {shown} is not available)"
            raise ElixirError("UndefinedFunctionError", message)
        if not self.in_node and repo not in self.started_repos:
            raise ElixirError(
                "RuntimeError",
                "could not lookup Ecto repo Billing.Repo because it was not started "
                "or it does not exist",
            )
        if not self.database.answers(self.url):
            if not self.in_node:
                self.write(_TABLE_FAILED)
            raise ElixirError("DBConnection.ConnectionError", _UNREACHABLE, _UNREACHABLE_TRACE)

    def folder(self) -> Path:
        """The migrations folder of the code that runs."""
        return self.tree.migrations_folder(self.version)

    def files(self, source: object = None) -> list[ecto.Migration]:
        """Migrations from the app's own folder, from folders, or from `{version, module}` pairs."""
        if source is None:
            return ecto.migrations_in([self.folder()])
        items: Sequence[object] = source if isinstance(source, list) else [source]
        folders, given = [], []
        for item in items:
            if isinstance(item, str):
                folders.append(self.sandbox.real(item))
            elif isinstance(item, tuple) and len(item) == 2:
                given.append(self._compiled(item))
        return [*ecto.migrations_in(folders), *given]

    def _compiled(self, item: tuple[object, ...]) -> ecto.Migration:
        version, module = item
        known = self.compiled.get(module) if isinstance(module, Atom) else None
        if known is None or not isinstance(version, int):
            raise ElixirError("UndefinedFunctionError", f"module {module} is not available")
        return ecto.Migration(version, known.name, known.module, known.functions, known.source)

    async def migrations(self, repo: object, source: object, options: object) -> list[object]:
        """`Ecto.Migrator.migrations`; unless told not to, it waits for the migration lock."""
        self.require_repo(repo)
        files = self.files(source)
        if keyword(options, "skip_table_creation") is not True:
            self.database.table = True
        if not self.database.table:
            raise ElixirError(
                "Postgrex.Error", _NO_TABLE, fields={Atom("postgres"): dict(_NO_TABLE_CODE)}
            )
        if keyword(options, "migration_lock", True) is False:
            return ecto.status(self.database, files)
        async with self.database.lock:
            return ecto.status(self.database, files)

    async def migrate(
        self, repo: object, source: object, direction: object, options: object
    ) -> list[object]:
        """`Ecto.Migrator.run`."""
        self.require_repo(repo)
        if direction not in (Atom("up"), Atom("down")) or not isinstance(direction, Atom):
            raise ElixirError("FunctionClauseError", "no function clause matching in run/4")
        self.database.table = True
        async with self.database.lock:
            files = self.files(source)
            pending = ecto.chosen(self.database, files, direction.name, options)
            return [*await ecto.run(self.database, pending, direction.name, self.log)]

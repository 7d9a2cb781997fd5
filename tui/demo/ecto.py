"""Ecto.Migrator's semantics over migration files on disk: what runs, what it logs, how it fails.

facts.md section 4 and 9: `to` is inclusive, a version without a file is passed over in silence,
a migration without down or change loses its row although nothing is undone.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tui.demo.database import Database
from tui.demo.elixir.errors import ElixirError
from tui.demo.elixir.values import Atom, keyword

NOT_FOUND = "** FILE NOT FOUND **"
_FILE = re.compile(r"(\d+)_(.+)\.exs\Z")
_MODULE = re.compile(r"defmodule\s+([\w.]+)\s+do")
_FUNCTION = re.compile(r"^\s*def\s+(up|down|change)\b", re.MULTILINE)
_IRREVERSIBLE = (
    (re.compile(r'^\s*(execute\(?\s*"[^"]*")(?!\s*,)', re.MULTILINE), "{}"),
    (re.compile(r"^\s*drop\(?\s*(table\(?:\w+\)?)", re.MULTILINE), "drop {}"),
    (re.compile(r"^\s*(remove\(?\s*:\w+)\s*\)?\s*$", re.MULTILINE), "alter table, {}"),
)
_TRACE = (
    "lib/ecto/migrator.ex:597: Ecto.Migrator.lock_for_migrations/4",
    "lib/ecto/migrator.ex:733: anonymous fn/5 in Ecto.Migrator.migrate/4",
    '(elixir 1.14.0) lib/enum.ex:2468: Enum."-reduce/3-lists^foldl/2-0-"/3',
    "lib/ecto/migrator.ex:732: Ecto.Migrator.migrate/4",
    "(stdlib 4.2) erl_eval.erl:744: :erl_eval.do_apply/7",
    "(stdlib 4.2) erl_eval.erl:961: :erl_eval.expr_list/7",
    "(stdlib 4.2) erl_eval.erl:454: :erl_eval.expr/6",
)
Log = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Migration:
    """A migration's code: version, name, module, the functions it has, its source."""

    version: int
    name: str
    module: str
    functions: frozenset[str]
    source: str


def parse_migration(version: int, name: str, source: str) -> Migration:
    """A migration from its source text."""
    found = _MODULE.search(source)
    module = found[1] if found else name
    return Migration(version, name, module, frozenset(_FUNCTION.findall(source)), source)


def migrations_in(folders: Iterable[Path]) -> list[Migration]:
    """The migrations of folders, by version; anywhere below them. ElixirError on doubles."""
    found: dict[int, Migration] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*.exs")):
            match = _FILE.match(path.name)
            if match is None:
                continue
            version = int(match[1])
            if version in found:
                message = f"migrations can't be executed, migration version {version} is duplicated"
                raise ElixirError("Ecto.MigrationError", message)
            found[version] = parse_migration(version, match[2], path.read_text(encoding="utf-8"))
    return [found[version] for version in sorted(found)]


def status(database: Database, files: Sequence[Migration]) -> list[object]:
    """`Ecto.Migrator.migrations`: rows of `{:up | :down, version, name}` by version."""
    names = {file.version: file.name for file in files}
    return [
        (
            Atom("up" if version in database.applied else "down"),
            version,
            names.get(version, NOT_FOUND),
        )
        for version in sorted(names.keys() | database.applied)
    ]


def chosen(
    database: Database, files: Sequence[Migration], direction: str, options: object
) -> list[Migration]:
    """The migrations that `run` would run, in order."""
    up = direction == "up"
    candidates = [file for file in files if (file.version in database.applied) is not up]
    candidates.sort(key=lambda file: file.version, reverse=not up)
    if keyword(options, "all"):
        return candidates
    for name in ("to", "to_exclusive"):
        target = keyword(options, name)
        if target is None:
            continue
        if not isinstance(target, int):
            function = "pending_to" if name == "to" else "pending_to_exclusive"
            message = f"no function clause matching in Ecto.Migrator.{function}/4"
            raise ElixirError("FunctionClauseError", message)
        limit = target + (name == "to") * (1 if up else -1)
        return [f for f in candidates if (f.version < limit if up else f.version > limit)]
    step = keyword(options, "step")
    if isinstance(step, int):
        return candidates[:step]
    message = "expected one of :all, :to, :to_exclusive, or :step strategies"
    raise ElixirError("ArgumentError", message)


async def run(
    database: Database, pending: Sequence[Migration], direction: str, log: Log
) -> list[int]:
    """Run migrations one after the other; each commits by itself. The versions run."""
    if not pending:
        log(f"Migrations already {direction}")
    done = []
    for file in pending:
        await _run_one(database, file, direction, log)
        done.append(file.version)
    return done


async def _run_one(database: Database, file: Migration, direction: str, log: Log) -> None:
    up = direction == "up"
    function = direction if direction in file.functions else "change"
    if function not in file.functions:
        # Ecto deletes the row whenever the function returns instead of raising, and a missing
        # function returns: nothing is undone, yet the version is no longer applied.
        database.applied.discard(file.version)
        message = f"{file.module} does not implement a `{direction}/0` or `change/0` function"
        raise ElixirError("Ecto.MigrationError", message, _TRACE)
    way = "backward" if function == "change" and not up else "forward"
    log(f"== Running {file.version} {file.module}.{function}/0 {way}")
    if way == "backward":
        _refuse_irreversible(file)
    for command in _commands(file, function, backward=way == "backward"):
        log(command)
    await asyncio.sleep(database.migration_s)
    (database.applied.add if up else database.applied.discard)(file.version)
    log(f"== Migrated {file.version} in {database.migration_s:.1f}s")


def _refuse_irreversible(file: Migration) -> None:
    """`change` with a command that has no reverse; PostgreSQL rolls the step back."""
    for pattern, shape in _IRREVERSIBLE:
        found = pattern.search(file.source)
        if found is not None:
            what = shape.format(found[1].replace("(", " ", 1))
            message = (
                f"cannot reverse migration command: {what}. "
                "You will need to explicitly define up/0 and down/0 in your migration"
            )
            raise ElixirError("Ecto.MigrationError", message, _TRACE)


_COMMANDS = re.compile(
    r'^\s*(?:(execute)\(?\s*("[^"]*")|(create|drop|alter)\(?\s*(?:unique_)?(table|index)\(:(\w+)'
    r"(?:,\s*\[([^\]]*)\])?)",
    re.MULTILINE,
)
_REVERSE = {"create": "drop", "drop": "create", "alter": "alter"}


def _commands(file: Migration, function: str, *, backward: bool) -> list[str]:
    """The commands that Ecto logs, read off the function's source."""
    begin = file.source.index(f"def {function}")
    ends = [at for at in (file.source.find("\n  def ", begin + 1),) if at > 0]
    lines = []
    for found in _COMMANDS.finditer(file.source[begin : ends[0] if ends else None]):
        if found[1]:
            lines.append(f"execute {found[2]}")
            continue
        verb = _REVERSE[found[3]] if backward else found[3]
        columns = "_".join(re.findall(r"\w+", found[6] or ""))
        name = f"{found[5]}_{columns}_index" if found[4] == "index" else found[5]
        lines.append(f"{verb} {found[4]} {name}")
    return lines[::-1] if backward else lines

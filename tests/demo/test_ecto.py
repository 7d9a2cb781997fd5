"""Ecto.Migrator's semantics: which migrations a run takes, what it logs, what a failure leaves."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tui.demo import ecto
from tui.demo.database import Database
from tui.demo.elixir.errors import ElixirError
from tui.demo.elixir.values import Atom

A, B, C = 20170101000000, 20180101000000, 20190101000000


def migration(
    version: int, body: str = "  def change do\n    create table(:t)\n  end"
) -> ecto.Migration:
    """A migration's code."""
    source = f"defmodule M{version} do\n  use Ecto.Migration\n\n{body}\nend\n"
    return ecto.parse_migration(version, f"m{version}", source)


FILES = [migration(A), migration(B), migration(C)]


def chosen(direction: str, applied: set[int], **options: object) -> list[int]:
    """The versions that a run would take."""
    keywords = [(Atom(name), value) for name, value in options.items()]
    database = Database("db", applied)
    return [file.version for file in ecto.chosen(database, FILES, direction, keywords)]


@pytest.mark.parametrize(
    ("direction", "applied", "options", "taken"),
    [
        ("up", set(), {"all": True}, [A, B, C]),
        ("up", set(), {"to": B}, [A, B]),
        ("up", set(), {"to_exclusive": B}, [A]),
        ("up", {A}, {"step": 1}, [B]),
        ("up", {B}, {"all": True}, [A, C]),  # an older, skipped file too, without a word
        ("up", {A, B, C}, {"all": True}, []),
        ("down", {A, B, C}, {"all": True}, [C, B, A]),
        ("down", {A, B, C}, {"to": B}, [C, B]),  # `to` includes the target
        ("down", {A, B, C}, {"to_exclusive": B}, [C]),
        ("down", {A, B, C}, {"step": 2}, [C, B]),
        ("down", {A}, {"to": B}, []),
        ("down", {A, 5}, {"all": True}, [A]),  # no file of 5 here: passed over in silence
        ("down", {A, B}, {"all": True, "to": B}, [B, A]),  # `all` comes first
    ],
)
def test_which_are_taken(
    direction: str, applied: set[int], options: dict[str, object], taken: list[int]
) -> None:
    assert chosen(direction, applied, **options) == taken


def test_targets_must_be_integers_and_given() -> None:
    with pytest.raises(ElixirError, match="pending_to/4") as text:
        chosen("down", {A}, to="20170101000000")
    assert text.value.module == "FunctionClauseError"
    with pytest.raises(ElixirError, match="expected one of") as none:
        chosen("down", {A})
    assert none.value.module == "ArgumentError"


def test_status_marks_what_has_no_file() -> None:
    rows = ecto.status(Database("db", {A, 5}), FILES[:2])
    assert rows == [
        (Atom("up"), 5, "** FILE NOT FOUND **"),
        (Atom("up"), A, f"m{A}"),
        (Atom("down"), B, f"m{B}"),
    ]


async def run(database: Database, files: list[ecto.Migration], direction: str) -> list[str]:
    """What a run logs."""
    lines: list[str] = []
    await ecto.run(database, files, direction, lines.append)
    return lines


async def test_what_is_logged_and_recorded() -> None:
    database = Database("db", {A})
    body = (
        "  def change do\n    create table(:users) do\n      add :name, :string\n    end\n\n"
        "    create index(:users, [:name])\n  end"
    )
    file = migration(B, body)
    assert await run(database, [file], "up") == [
        f"== Running {B} M{B}.change/0 forward",
        "create table users",
        "create index users_name_index",
        f"== Migrated {B} in 0.0s",
    ]
    assert database.applied == {A, B}
    assert await run(database, [file], "down") == [
        f"== Running {B} M{B}.change/0 backward",
        "drop index users_name_index",
        "drop table users",
        f"== Migrated {B} in 0.0s",
    ]
    assert database.applied == {A}
    assert await run(database, [], "down") == ["Migrations already down"]


async def test_up_without_down_loses_its_row() -> None:
    database = Database("db", {A, B})
    file = migration(B, '  def up do\n    execute "select 1"\n  end')
    with pytest.raises(ElixirError, match="does not implement a `down/0` or `change/0`"):
        await run(database, [file, FILES[0]], "down")
    assert database.applied == {A}


@pytest.mark.parametrize(
    ("command", "what"),
    [
        ('execute "UPDATE t SET x = 1"', 'execute "UPDATE t SET x = 1"'),
        ("drop table(:t)", "drop table :t"),
        ("remove :x", "alter table, remove :x"),
    ],
)
async def test_what_cannot_be_reversed_keeps_its_row(command: str, what: str) -> None:
    database = Database("db", {A, B})
    file = migration(B, f"  def change do\n    {command}\n  end")
    with pytest.raises(ElixirError, match="cannot reverse migration command") as raised:
        await run(database, [file], "down")
    assert what in raised.value.message
    assert database.applied == {A, B}
    reversible = migration(
        C, '  def change do\n    execute "a", "b"\n    remove :x, :string\n  end'
    )
    database.applied.add(C)
    await run(database, [reversible], "down")
    assert database.applied == {A, B}


async def test_each_commits_alone_and_waits_its_time() -> None:
    database = Database("db", set())
    database.migration_s = 0.05
    task = asyncio.create_task(run(database, FILES, "up"))
    await asyncio.sleep(0.08)
    assert database.applied == {A}
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert database.applied == {A}


def test_files_are_found_below_and_doubles_refused(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    source = "defmodule X do\n  def up do\n  end\nend\n"
    (tmp_path / "deep" / f"{B}_b.exs").write_text(source)
    (tmp_path / f"{A}_a.exs").write_text(source)
    (tmp_path / "notes.exs").write_text(source)
    (tmp_path / f"{C}_c.ex").write_text(source)
    found = ecto.migrations_in([tmp_path])
    assert [(m.version, m.name, m.functions) for m in found] == [
        (A, "a", frozenset({"up"})),
        (B, "b", frozenset({"up"})),
    ]
    (tmp_path / f"{B}_again.exs").write_text(source)
    with pytest.raises(ElixirError, match="is duplicated"):
        ecto.migrations_in([tmp_path])


def test_a_database_is_known_by_its_host() -> None:
    database = Database("10.77.0.13", set())
    assert database.answers("ecto://u:p@10.77.0.13:5432/name")
    assert database.answers("ecto://u:p@10.77.0.13/name")
    assert not database.answers("ecto://u:p@10.77.0.99/name")
    assert not database.answers("")
    database.reachable = False
    assert not database.answers("ecto://u:p@10.77.0.13/name")

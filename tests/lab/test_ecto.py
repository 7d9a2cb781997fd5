"""What the transcripts do not ask of the stand-in for Ecto, and plans will lean on.

Every expectation here is a fact about Ecto itself that was seen on real hosts or read in its source
(inclusive `to`, the lock that a plain read takes, the row that a failed undo loses).
"""

from __future__ import annotations

import re
import subprocess
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.client import Answer
from tests.lab.lab import Lab
from tests.lab.recipe import APP_ROOT

pytestmark = pytest.mark.lab

FOLDER = "/var/tmp/migrations"
FILES = {
    "1_one.exs": """
        defmodule Try.One do
          use Ecto.Migration
          def change do
            create table(:try_one) do
              add :name, :string, null: false, default: "it's"
              timestamps()
            end
            create unique_index(:try_one, [:name])
          end
        end
        """,
    "2_two.exs": """
        defmodule Try.Two do
          use Ecto.Migration
          def change do
            alter table(:try_one) do
              add :size, :integer
            end
            rename table(:try_one), :name, to: :title
          end
        end
        """,
    "3_three.exs": """
        defmodule Try.Three do
          use Ecto.Migration
          def change, do: execute("SELECT 1")
        end
        """,
    "4_slow.exs": """
        defmodule Try.Slow do
          use Ecto.Migration
          def up, do: execute("SELECT pg_sleep(4)")
          def down, do: :ok
        end
        """,
    "5_wrong.exs": """
        defmodule Try.Wrong do
          use Ecto.Migration
          def up do
            execute "CREATE TABLE try_wrong (id int)"
            execute "ALTER TABLE nowhere ADD COLUMN a int"
          end
        end
        """,
}


def _rpc(lab: Lab, expression: str) -> Answer:
    # su gives what follows its command's text to the shell as $0.
    ask = f'exec {APP_ROOT}/bin/billing rpc "$0"'
    argv = lab.host("web2").inside("su", "billing", "-c", ask, expression)
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return Answer(done.returncode, done.stdout, done.stderr)


def _run(lab: Lab, call: str) -> Answer:
    """An rpc of Ecto.Migrator.run over the migrations of this module; `call` are its last words."""
    return _rpc(lab, f'IO.inspect Ecto.Migrator.run(Billing.Repo, "{FOLDER}", {call})')


def _slow_migration(lab: Lab, before: str) -> list[str]:
    expression = f'Ecto.Migrator.run(Billing.Repo, "{FOLDER}", :up, to: 4)'
    ask = f'exec {before} {APP_ROOT}/bin/billing rpc "$0"'
    return lab.host("web2").inside("su", "billing", "-c", ask, expression)


def _ran(answer: Answer) -> str:
    # Log lines may come before or after the answer: nothing orders them.
    (line,) = re.findall(r"^\[[0-9, ]*\]$", answer.out, re.M)
    return str(line)


def _states(lab: Lab) -> str:
    asked = f'Ecto.Migrator.migrations(Billing.Repo, "{FOLDER}")'
    return _rpc(lab, f"IO.inspect for {{s, v, _}} <- {asked}, v < 100, do: {{v, s}}").out.strip()


@pytest.fixture(autouse=True)
def folder(lab: Lab) -> Iterator[Path]:
    """The migrations of this module on web2; nothing of them applied before and after."""
    path = lab.host("web2").root / FOLDER.lstrip("/")
    path.mkdir(exist_ok=True)
    for name, text in FILES.items():
        (path / name).write_text(textwrap.dedent(text))
    yield path
    for file in path.iterdir():
        file.unlink()
    path.rmdir()
    lab.sh(
        "db1",
        "echo 'DELETE FROM schema_migrations WHERE version < 100;"
        "DROP TABLE IF EXISTS try_one, try_wrong' | su postgres -c 'psql -q billing_prod' 2>&1",
    )


def test_targets_are_inclusive_unless_said_otherwise(lab: Lab) -> None:
    assert _ran(_run(lab, ":up, to: 2")) == "[1, 2]"
    assert _ran(_run(lab, ":down, to_exclusive: 1")) == "[2]"
    assert _ran(_run(lab, ":up, to_exclusive: 3")) == "[2]"
    assert _ran(_run(lab, ":down, step: 1")) == "[2]"
    assert _ran(_run(lab, ":down, to: 1")) == "[1]"
    assert _states(lab).startswith("[{1, :down}, {2, :down}")


def test_what_change_made_is_undone_in_the_other_order(lab: Lab) -> None:
    assert _run(lab, ":up, to: 2").status == 0
    columns = (
        'Ecto.Adapters.SQL.query!(Billing.Repo, "select column_name::text from '
        "information_schema.columns where table_name = 'try_one' order by ordinal_position\").rows"
    )
    asked = f"IO.inspect List.flatten({columns})"
    assert _rpc(lab, asked).out.strip() == '["id", "title", "inserted_at", "updated_at", "size"]'
    assert _run(lab, ":down, to: 2").status == 0
    assert _rpc(lab, asked).out.strip() == '["id", "name", "inserted_at", "updated_at"]'


def test_an_empty_answer_is_no_error(lab: Lab) -> None:
    answer = _run(lab, ":down, to: 50")
    assert (answer.status, _ran(answer)) == (0, "[]")


def test_a_target_that_is_text_fits_no_clause(lab: Lab) -> None:
    answer = _run(lab, ':up, to: "2"')
    assert answer.status == 1
    assert answer.err.startswith(
        "** (FunctionClauseError) no function clause matching in Ecto.Migrator.pending_to/3"
    )
    assert _rpc(lab, 'Ecto.Migrator.run(Billing.Repo, "/nowhere", :up, [])').err.startswith(
        "** (ArgumentError) expected one of :all, :to, :to_exclusive, or :step strategies"
    )


def test_a_bare_execute_cannot_be_turned_round(lab: Lab) -> None:
    assert _run(lab, ":up, to: 3").status == 0
    answer = _run(lab, ":down, to: 3")
    assert answer.status == 1
    assert answer.err.startswith(
        "** (Ecto.MigrationError) cannot reverse migration command: execute"
    )
    # It was rolled back: the row is still there.
    assert "{3, :up}" in _states(lab)


def test_a_failed_step_is_rolled_back_and_the_earlier_ones_stay(lab: Lab) -> None:
    answer = _run(lab, ":up, all: true")
    assert answer.status == 1
    assert answer.err.startswith(
        '** (Postgrex.Error) ERROR 42P01 (undefined_table) relation "nowhere" does not exist'
    )
    assert _states(lab) == "[{1, :up}, {2, :up}, {3, :up}, {4, :up}, {5, :down}]"
    there = (
        "Ecto.Adapters.SQL.query!(Billing.Repo, \"select to_regclass('try_wrong') is null\").rows"
    )
    assert _rpc(lab, f"IO.inspect {there}").out.strip() == "[[true]]"


def test_a_plain_read_waits_for_a_running_migration_and_a_careful_one_does_not(lab: Lab) -> None:
    assert _run(lab, ":up, to: 3").status == 0
    argv = _slow_migration(lab, "")
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as migrating:
        asleep = "select count(*) from pg_stat_activity where query ~ $$^SELECT pg_sleep$$"
        asked = f"printf '%s' '{asleep}' | su postgres -c 'psql -At'"
        lab.host("db1").wait_until(f'test "$({asked})" = 1', 10)
        started = time.monotonic()
        careful = (
            f'Ecto.Migrator.migrations(Billing.Repo, ["{FOLDER}"], '
            "skip_table_creation: true, migration_lock: false)"
        )
        answer = _rpc(lab, f"IO.inspect for {{s, v, _}} <- {careful}, v in 3..4, do: {{v, s}}")
        assert answer.out.strip() == "[{3, :up}, {4, :down}]"
        assert migrating.poll() is None, "the migration was to be under way still"
        took_careful = time.monotonic() - started
        assert "{4, :up}" in _states(lab)
        assert time.monotonic() - started > took_careful
        assert migrating.wait(10) == 0


def test_work_goes_on_when_the_one_who_asked_is_killed(lab: Lab) -> None:
    assert _run(lab, ":up, to: 3").status == 0
    argv = _slow_migration(lab, "timeout -s KILL 2")
    assert subprocess.run(argv, capture_output=True, check=False).returncode == 137
    assert "{4, :up}" in _states(lab)


def test_without_its_table_a_careful_read_fails_as_postgresql_says(lab: Lab) -> None:
    move = "su postgres -c \"psql -q billing_prod -c 'ALTER TABLE schema_migrations RENAME TO {}'\""
    lab.sh("db1", move.format("aside"))
    try:
        answer = _rpc(
            lab,
            f'Ecto.Migrator.migrations(Billing.Repo, ["{FOLDER}"], '
            "skip_table_creation: true, migration_lock: false)",
        )
    finally:
        lab.sh(
            "db1",
            move.format("schema_migrations").replace("TABLE schema_migrations", "TABLE aside"),
        )
    assert answer.status == 1
    assert "ERROR 42P01 (undefined_table)" in answer.err


def test_one_named_migration_can_be_undone_alone(lab: Lab) -> None:
    assert _run(lab, ":up, to: 2").status == 0
    one = (
        f'[{{mod, _}}] = Code.compile_file("{FOLDER}/1_one.exs"); '
        "IO.inspect Ecto.Migrator.run(Billing.Repo, [{1, mod}], :down, to: 1)"
    )
    assert _ran(_rpc(lab, one)) == "[1]"
    assert _states(lab).startswith("[{1, :down}, {2, :up}")

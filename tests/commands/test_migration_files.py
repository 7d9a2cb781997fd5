"""The read of all migration files: run by a real shell on real folders, within its bounds."""

from __future__ import annotations

import getpass
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.commands.migration_files import _READ, parse_migration_files, read_migration_files
from tui.model.command import Ended, Outcome
from tui.model.fleet import App
from tui.model.migration import Migration, MigrationState, RepoStatus
from tui.model.migration_files import MigrationFiles

APP = App("billing", deliver_to="/opt/billing", owner="billing")
TEXT = "defmodule M do\n  use Ecto.Migration\n  def change, do: create(table(:é))\nend\n"


def put(root: Path, inside: str, text: str = TEXT) -> None:
    path = root / "lib" / inside
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def read(root: Path, most_files: int = 100, most_bytes: int = 100_000) -> MigrationFiles:
    """What the script of the read brings, run here as whoever we are."""
    done = subprocess.run(
        ["/bin/sh", "-c", _READ, "beamdeck", str(root), str(most_files), str(most_bytes)],
        capture_output=True,
        check=False,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
    )
    return parse_migration_files(Outcome(Ended.EXITED, done.returncode, done.stdout, done.stderr))


def test_files_of_all_releases_and_each_text_once(tmp_path: Path) -> None:
    for version in ("0.1.0", "0.2.0+7-master"):
        put(tmp_path, f"billing-{version}/priv/repo/migrations/1_one.exs")
        put(tmp_path, f"billing-{version}/priv/audit_repo/migrations/2018/2_two.exs", TEXT + "#")
    put(tmp_path, "billing-0.2.0+7-master/priv/repo/migrations/3_new name.exs", "x\n\ntext z 1\n")
    found = read(tmp_path)
    assert (found.problem, found.partly) == ("", "")
    assert sorted((f.lib_version, f.folder, f.version, f.name) for f in found.files) == [
        ("0.1.0", "priv/audit_repo/migrations/2018", 2, "two"),
        ("0.1.0", "priv/repo/migrations", 1, "one"),
        ("0.2.0+7-master", "priv/audit_repo/migrations/2018", 2, "two"),
        ("0.2.0+7-master", "priv/repo/migrations", 1, "one"),
        ("0.2.0+7-master", "priv/repo/migrations", 3, "new name"),
    ]
    assert sorted(found.texts.values()) == sorted([TEXT, TEXT + "#", "x\n\ntext z 1\n"])
    seen = RepoStatus(
        "Billing.Repo",
        (Migration(1, "one", MigrationState.APPLIED),),
        "/x/lib/billing-0.1.0/priv/repo/migrations",
    )
    assert found.judgements(seen)[1].down.words == "table é"
    assert found.holders(seen, 1) == ("0.2.0+7-master", "0.1.0")


def test_what_is_no_migration_or_has_a_hostile_name_is_left_out(tmp_path: Path) -> None:
    folder = "billing-0.1.0/priv/repo/migrations"
    for name in ("notes.exs", "1_one.ex", "x_1.exs", "1_a\nb.exs", "2_a\\b.exs", "3_\x1b[2J.exs"):
        put(tmp_path, f"{folder}/{name}")
    put(tmp_path, "billing-0.1.0;id/priv/repo/migrations/4_four.exs")
    put(tmp_path, "billing-0.1.0/ebin/migrations/5_five.exs")
    found = read(tmp_path)
    assert [f.version for f in found.files] in ([3], [])
    assert all("\x1b" not in f.name for f in found.files)


def test_bounds_are_kept_and_said(tmp_path: Path) -> None:
    folder = "billing-0.1.0/priv/repo/migrations"
    for version in range(1, 9):
        put(tmp_path, f"{folder}/{version}_m.exs", f"# {version}\n" + "x" * 1000)
    put(tmp_path, f"{folder}/9_big.exs", "#" * 200_000)
    assert len(read(tmp_path, most_files=3).files) == 3
    few = read(tmp_path, most_bytes=3_500)
    assert (len(few.files), len(few.texts)) == (8, 3)
    assert few.partly == "5 texts are beyond what is read at once"


def test_no_lib_and_no_files(tmp_path: Path) -> None:
    assert "migration files cannot be read" in read(tmp_path).problem
    (tmp_path / "lib").mkdir()
    assert read(tmp_path) == MigrationFiles()


def test_it_is_a_read_as_the_owner() -> None:
    command = read_migration_files(APP)
    assert command.reading()
    assert command.argv[:2] == ("/opt/billing", "billing")
    assert read_migration_files(replace(APP, owner=getpass.getuser())).reading()


@given(st.binary(max_size=400))
def test_any_answer_is_taken(data: bytes) -> None:
    found = parse_migration_files(Outcome(Ended.EXITED, 0, data))
    assert found.problem == ""


@pytest.mark.parametrize("ended", [Ended.LINK_LOST, Ended.OVERFLOW, Ended.TIMED_OUT])
def test_half_an_answer_is_none(ended: Ended) -> None:
    found = parse_migration_files(Outcome(ended, None, b"x"))
    assert found.problem == f"migration files cannot be read: {ended}"

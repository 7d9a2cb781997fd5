"""What a release to go back to lacks: groups, what undoing means, shared folders."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from tui.model.migration import By, Migration, MigrationState, MigrationStatus, RepoStatus
from tui.model.migration_files import MigrationFile, MigrationFiles
from tui.model.release_tree import MigrationFile as InTree
from tui.model.release_tree import TreeSeen, VersionSeen
from tui.model.rollback_delta import (
    Group,
    RollbackDelta,
    Undoing,
    delta_of,
    known_to,
    release_with,
    sharers,
)

HEAD = "defmodule M do\n  use Ecto.Migration\n"
ADD = f"{HEAD}  def change do\n    create index(:t, [:a])\n  end\nend\n"
COLUMN = (
    f"{HEAD}  def change do\n    alter table(:t) do\n      add :b, :text\n    end\n  end\nend\n"
)
ONE_WAY = f'{HEAD}  def up do\n    execute "x"\n  end\nend\n'
ODD = f"{HEAD}  def change do\n    Thing.change()\n  end\nend\n"
PATH = "/opt/billing/lib/billing-0.3.0/priv/repo/migrations"


def delta(
    texts: dict[int, str], known: tuple[int, ...], lost: tuple[int, ...] = (), pending: int = 0
) -> RollbackDelta:
    def state(version: int) -> MigrationState:
        if version == pending:
            return MigrationState.PENDING
        return MigrationState.NO_FILE if version in lost else MigrationState.APPLIED

    rows = tuple(Migration(v, f"m{v}", state(v)) for v in sorted({*texts, *lost}))
    status = MigrationStatus("web1", By.RPC, "0.3.0", repos=(RepoStatus("A.Repo", rows, PATH),))
    digests = {v: hashlib.sha256(text.encode()).hexdigest() for v, text in texts.items()}
    files = MigrationFiles(
        tuple(
            MigrationFile("billing", "0.3.0", "priv/repo/migrations", v, f"m{v}", digests[v])
            for v in texts
        ),
        {digests[v]: text for v, text in texts.items()},
    )
    return delta_of("0.2.0", status, files, {"A.Repo": known})


def test_three_groups_and_what_undoing_means_with_its_source() -> None:
    found = delta({1: ADD, 2: ADD, 3: COLUMN, 4: ONE_WAY, 5: ODD, 7: ADD}, (1,), (6,), pending=7)
    assert [m.version for m in found.of(Group.UNTOUCHED)] == [1]
    assert [m.version for m in found.of(Group.NO_FILE)] == [6]
    assert [m.version for m in found.of(Group.UNDO)] == [5, 4, 3, 2], "the newest first"
    by = {m.version: m for m in found.migrations}
    assert 7 not in by, "what is pending is nothing to undo"
    assert by[2].undoing is Undoing.REVERSIBLE
    assert (by[3].undoing, by[3].loses) == (Undoing.LOSES, "column t.b")
    assert by[4].undoing is Undoing.IRREVERSIBLE
    assert "neither down nor change" in by[4].why
    assert by[5].undoing is Undoing.UNKNOWN
    assert "Thing.change()" in by[5].why
    assert by[3].source == COLUMN
    assert by[6].undoing is Undoing.UNKNOWN
    assert any("4 m4" in text for text in found.obstacles)


def test_a_set_that_is_not_the_newest_run_goes_one_by_one() -> None:
    gap = delta({1: ADD, 2: ADD, 3: ADD, 4: ADD}, known=(1, 4))
    assert gap.versions == (2, 3)
    assert not gap.contiguous
    assert any("one by one" in text for text in gap.obstacles)
    run = delta({1: ADD, 2: ADD, 3: ADD, 4: ADD}, known=(1, 2))
    assert run.contiguous
    assert run.obstacles == ()
    assert run.goes == (("A.Repo", (3, 4)),)


def version(name: str, lib: str, *migrations: int) -> VersionSeen:
    brings = tuple(InTree(v, "m", "billing") for v in migrations)
    return VersionSeen(name, apps=(("kernel", "8.0"), ("billing", lib)), migrations=brings)


def test_releases_that_share_the_folder_of_migrations_are_named() -> None:
    old, new = version("1", "0.2.0", 1, 2), version("2", "0.2.0", 1, 2)
    other = version("3", "0.3.0", 1, 2, 3)
    tree = TreeSeen("web1", 0.0, "/opt", versions=(old, new, other))
    assert sharers(tree, old) == ("2",), "kernel is shared by all and holds no migrations"
    assert sharers(tree, other) == ()


def test_the_newest_whole_release_that_has_them_all_undoes() -> None:
    repo = RepoStatus("A.Repo", path=PATH)
    broken = replace(version("4", "4", 1, 3), missing=("start.boot",))
    tree = TreeSeen(
        "web1", 0.0, "/opt", versions=(version("2", "2", 1, 3), version("3", "3", 1, 3), broken)
    )
    assert release_with(tree, repo, [1, 3]) == "3"
    assert release_with(tree, repo, [1, 2]) == ""
    others = (InTree(1, "m", "billing"), InTree(2, "m", "billing", "other"), InTree(3, "m", "shop"))
    assert known_to(repo, others) == (1,), "another repo's, another library's are not its own"

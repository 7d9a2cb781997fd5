"""Which migrations may go together, and how a set is said; what files say of a repo."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.model.migration import Direction, Migration, MigrationState, RepoStatus, seen_with
from tui.model.migration_files import MigrationFile, MigrationFiles, place, release_key
from tui.model.migration_set import in_order, problems, repo_losses, set_words, versions_of
from tui.model.migration_source import Judgement, judge_source

UP, DOWN = Direction.UP, Direction.DOWN
A, B, C, D, E = 20170801090000, 20180101120000, 20180202120000, 20180203120000, 20180301000000
TABLE = "defmodule M do\n  use Ecto.Migration\n  def change, do: create(table(:t))\nend\n"
INDEX = TABLE.replace("table(:t)", "index(:t, [:a])")
UP_ONLY = TABLE.replace("change", "up")
GONE = TABLE.replace("create(", "drop(")


def repo(
    applied: tuple[int, ...], pending: tuple[int, ...] = (), lost: tuple[int, ...] = ()
) -> RepoStatus:
    rows = [Migration(v, f"m{v}", MigrationState.APPLIED) for v in applied]
    rows += [Migration(v, f"m{v}", MigrationState.PENDING) for v in pending]
    rows += [Migration(v, "", MigrationState.NO_FILE) for v in lost]
    return RepoStatus("Billing.Repo", tuple(sorted(rows, key=lambda row: row.version)))


def judged(**sources: str) -> dict[int, Judgement]:
    named = {"a": A, "b": B, "c": C, "d": D}
    return {named[name]: judge_source(text) for name, text in sources.items()}


@pytest.mark.parametrize(
    ("chosen", "direction", "words"),
    [
        ((B, C, D), DOWN, f"{B} and the 2 after it are undone; {A} stays"),
        ((D,), DOWN, f"{D} alone is undone; {C} stays"),
        ((B,), DOWN, f"{B} alone is undone; {C}, {D} stay, although newer"),
        ((C,), DOWN, f"{C} alone is undone; {D} stays, although newer"),
        ((A, B, C, D), DOWN, f"{A} and the 3 after it are undone; nothing stays applied"),
        ((), DOWN, "nothing is changed"),
    ],
)
def test_a_down_in_words(chosen: tuple[int, ...], direction: Direction, words: str) -> None:
    assert set_words(repo((A, B, C, D)), chosen, direction) == words


def test_an_up_in_words() -> None:
    seen = repo((A,), (B, C, D))
    assert set_words(seen, (B, C, D), UP) == f"{B} and the 2 after it are applied"
    assert set_words(seen, (B,), UP) == f"{B} alone is applied; {C}, {D} stay pending"
    assert set_words(seen, (B, D), UP) == f"{B}, {D} are applied; {C} stays pending"


def test_what_stands_in_the_way_of_a_down() -> None:
    seen = repo((A, B, C), (D,), (E,))
    assert problems(seen, (), DOWN, {}) == ["no migration is chosen"]
    assert problems(seen, (9,), DOWN, {}) == ["9 is no migration of Billing.Repo"]
    assert "is not applied" in problems(seen, (D,), DOWN, {})[0]
    assert "has no file in this release" in problems(seen, (E,), DOWN, {})[0]
    # One by one it may be any of them; several only as the newest run.
    assert problems(seen, (B,), DOWN, {}) == []
    (gap,) = problems(seen, (B, C), DOWN, {})
    assert f"{E} would stay applied although newer than {B}" in gap
    assert "one by one" in gap
    assert problems(repo((A, B, C)), (B, C), DOWN, {}) == []


def test_what_a_source_forbids() -> None:
    seen = repo((A, B))
    (lacks,) = problems(seen, (B,), DOWN, judged(b=UP_ONLY))
    assert "has neither down nor change: Ecto would undo nothing" in lacks
    (no,) = problems(seen, (B,), DOWN, judged(b=GONE))
    assert "cannot be undone: line 3" in no
    up = repo((A,), (B,))
    assert problems(up, (B,), UP, judged(b=TABLE.replace("change", "chang")))
    assert problems(up, (B,), UP, judged(b=UP_ONLY)) == []
    assert problems(up, (A,), UP, {}) == [f"{A} m{A} is applied already"]


def test_losses_are_named_in_order_and_no_source_is_a_loss() -> None:
    seen = repo((A, B, C))
    told = repo_losses(seen, (A, B, C), DOWN, judged(a=INDEX, b=TABLE))
    assert [(loss.key, loss.what) for loss in told] == [
        (str(C), f"m{C}: its source was not read: what it loses cannot be told"),
        (str(B), f"m{B}: table t"),
    ]
    assert repo_losses(repo((), (B,)), (B,), UP, judged(b=TABLE)) == ()
    (lost,) = repo_losses(repo((), (B,)), (B,), UP, judged(b=GONE))
    assert lost.what == f"m{B}: table t"


@given(st.sets(st.integers(1, 50)), st.sets(st.integers(1, 50)), st.sampled_from([UP, DOWN]))
def test_only_a_newest_run_or_one_alone_goes_down(
    applied: set[int], chosen: set[int], direction: Direction
) -> None:
    seen = repo(tuple(applied), tuple(set(range(1, 51)) - applied))
    order = in_order(chosen, direction)
    if problems(seen, chosen, direction, {}):
        return
    if direction is DOWN:
        assert chosen <= applied
        assert list(order) == sorted(chosen, reverse=True)
        assert len(chosen) == 1 or all(v in chosen for v in applied if v > min(chosen))
    else:
        assert not chosen & applied
        assert list(order) == sorted(chosen)


def test_versions_from_words() -> None:
    assert versions_of(f"{A}, {B} {A}") == (A, B)
    for bad in ("x", "1; drop", "-1", "1.5"):
        with pytest.raises(ValueError, match="is no migration version"):
            versions_of(bad)


def test_another_releases_view_of_the_same_database() -> None:
    other = seen_with(repo((A, B), (D,)), {A: "a", C: "c"})
    assert [(m.version, m.name, m.state.value) for m in other.migrations] == [
        (A, "a", "applied"),
        (B, "", "no file"),
        (C, "c", "pending"),
    ]


def test_files_of_several_releases() -> None:
    def file(
        vsn: str, version: int, digest: str, folder: str = "priv/repo/migrations"
    ) -> MigrationFile:
        return MigrationFile("billing", vsn, folder, version, "n", digest)

    files = MigrationFiles(
        (
            file("0.10.0", A, "x"),
            file("0.9.0", A, "y"),
            file("0.9.0", A, "z", "priv/audit_repo/migrations"),
            file("0.10.0", B, "b", "priv/repo/migrations/2018"),
        ),
        {"x": TABLE, "y": INDEX},
    )
    path = "/opt/b/lib/billing-0.10.0/priv/repo/migrations"
    seen = RepoStatus("R", (Migration(A, "n", MigrationState.APPLIED),), path)
    assert files.since(seen, A) == "0.9.0"
    assert files.text(seen, A) == TABLE
    assert files.differs(seen, A) == ("0.9.0",)
    assert files.since(seen, B) == "0.10.0"
    assert files.text(seen, B) is None  # its text was beyond the bounds
    assert files.judgements(seen)[A].down.words == "table t"
    assert place("/x") == ("", "", "")
    assert sorted(["0.10.0", "0.9.0", "0.9.0+12-a"], key=release_key) == [
        "0.9.0", "0.9.0+12-a", "0.10.0",
    ]  # fmt: skip

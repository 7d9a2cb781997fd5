"""Both ways of a rollback in words: what goes, what is lost, what the older code would meet."""

from __future__ import annotations

from dataclasses import replace

from tests.model.test_rollback_delta import ADD, COLUMN, HEAD, ONE_WAY, delta
from tests.plan_fakes import restart
from tui.model.rollback_branches import (
    Branch,
    Branches,
    branch_lines,
    compatibility,
    heading,
    migration_cells,
    migration_columns,
    row_of,
    shown_migrations,
)
from tui.model.rollback_delta import RollbackDelta

DROPS = f"{HEAD}  def up do\n    alter table(:t) do\n      remove :old\n    end\n  end\n" + (
    "  def down do\n    alter table(:t) do\n      add :old, :text\n    end\n  end\nend\n"
)
PLAN = Branch(restart())


def text(found: RollbackDelta, schema: Branch = PLAN, code: Branch = PLAN) -> str:
    lines = branch_lines(Branches("0.2.0", ("0.3.0",), found, schema, code))
    return "\n".join(line for line, _ in lines)


def test_what_goes_and_what_is_lost_is_said_before_the_choice() -> None:
    found = delta({1: ADD, 2: ADD, 3: COLUMN}, (1,), (6,))
    assert [m.version for m in shown_migrations(found)] == [3, 2, 6, 1]
    said = text(found)
    assert "2 migrations undone by the code of 0.3.0, the newest first" in said
    assert "lost for good: column t.b" in said
    assert "Does 0.2.0's code work with the schema as it is now?" in said
    cells = [{k: t for k, t, _ in migration_cells(m)} for m in shown_migrations(found)]
    assert [(c["group"], c["undo"], c["loses"]) for c in cells] == [
        ("to undo", "yes, loses", "column t.b"),
        ("to undo", "yes", "nothing"),
        ("applied without a file", "", ""),
        ("untouched", "", ""),
    ]
    assert "Nothing is lost" in text(delta({1: ADD, 2: ADD}, (1,)))


def test_a_refused_branch_names_its_reason_and_offers_the_other() -> None:
    found = delta({1: ADD, 2: ONE_WAY}, (1,))
    why = "web1: 2 m2 has neither down nor change\nCode only, with the schema left ahead, can be."
    said = text(found, schema=Branch(None, why))
    assert "not possible: web1: 2 m2 has neither down nor change\n" in said
    assert "code only, below, can be planned" in said
    both = text(found, schema=Branch(None, why), code=Branch(None, "it runs already"))
    assert "can be planned" not in both
    assert "schema and code, above, can be planned" in text(found, code=Branch(None, "no"))


def test_what_stays_ahead_is_told_by_what_it_took_away() -> None:
    found = delta({1: ADD, 2: DROPS, 3: ADD}, (1,))
    assert compatibility(found) == (
        "3: takes nothing away; a column that is NOT NULL without a default stops inserts",
        "2: took away column t.old: code that still names it fails",
    )
    unread = replace(found, migrations=tuple(replace(m, source=None) for m in found.migrations))
    assert compatibility(unread)[0] == "3: its source was not read"
    many = delta(dict.fromkeys(range(1, 7), ADD), (1,))
    assert compatibility(many)[-1] == "and 2 more; Enter shows the source of each"


def test_what_is_not_known_and_what_is_the_same_is_said() -> None:
    unknown = RollbackDelta("0.2.0", problem="the archive is not there", remedy="put it there")
    said = text(unknown, schema=Branch(None, "cannot be told"))
    assert "which migrations 0.2.0 lacks is not known: the archive is not there" in said
    assert "put it there" in said
    assert "Does 0.2.0's code work" in said
    assert "no migration lies between" in text(delta({1: ADD}, (1,)))


def test_a_migration_s_source_is_shown_as_elsewhere() -> None:
    found = delta({1: ADD, 2: COLUMN}, (1,))
    row = row_of(found, shown_migrations(found)[0])
    assert row is not None
    assert (row.text, row.key, row.loses) == (COLUMN, ("A.Repo", 2), "down: column t.b")
    assert row_of(RollbackDelta(), shown_migrations(found)[0]) is None


def test_heading_and_columns() -> None:
    found = Branches("0.2.0", ("0.3.0", "", "0.2.9"), RollbackDelta(), PLAN, PLAN)
    assert heading(found, "0.2.0", ("web1",), 1) == "roll back 0.3.0/0.2.9 → 0.2.0"
    assert heading(None, "0.2.0", ("web1",), 2) == "roll back to 0.2.0 on web1"
    for width in (40, 60, 79, 119):
        assert sum(cells + 1 for _, _, cells in migration_columns(width)) + 1 <= width

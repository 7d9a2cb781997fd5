"""Migrations judged by their text: can each be undone, what is lost up and down, on which lines."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tui.demo.migrations import FILES
from tui.model.elixir_tokens import Unreadable, tokens_of
from tui.model.migration import Direction
from tui.model.migration_source import Judgement, Undo, judge_source

LAB = Path(__file__).parent.parent / "lab" / "application" / "migrations"
NO, YES, DARK = Undo.NO, Undo.YES, Undo.UNKNOWN


def module(body: str, head: str = "use Ecto.Migration") -> str:
    inner = textwrap.indent(textwrap.dedent(body).strip("\n"), "  ")
    return f"defmodule Billing.Repo.Migrations.It do\n  {head}\n\n{inner}\nend\n"


def change(body: str) -> str:
    inner = textwrap.indent(textwrap.dedent(body).strip("\n"), "  ")
    return module(f"def change do\n{inner}\nend")


def judged(source: str) -> tuple[Undo, str, str]:
    found = judge_source(source)
    return found.undo, found.up.words, found.down.words


T = "cannot tell"
REST = ", the rest cannot be told"
CORPUS: list[tuple[str, str, Undo, str, str]] = [
    ("a table", change("""
        create table(:users) do
          add :name, :string, null: false
          add :token, :string, default: "do end #{}"
          timestamps()
        end
        """), YES, "nothing", "table users"),
    ("a table without columns", change("create table(:users)"), YES, "nothing", "table users"),
    ("a table, brackets everywhere", change("""
        create(table("users", primary_key: false)) do
          add(:id, :uuid, primary_key: true)
          timestamps(type: :utc_datetime)
        end
        """), YES, "nothing", "table users"),
    ("a table in a schema", change("create table(:users, prefix: :audit) do\nadd :a, :map\nend"),
     YES, "nothing", "table audit.users"),
    ("a table named by an attribute", module(
        "@table :users\ndef change do\n  create table(@table) do\n    add :a, :map\n  end\nend"),
     YES, "nothing", "table @table"),
    ("a table if there is none", change("create_if_not_exists table(:t) do\n  add :a, :map\nend"),
     YES, "nothing", "table t"),
    ("two tables and their index", change("""
        create table(:a) do
          add :x, :integer
        end

        create table(:b) do
          add :a_id, references(:a, on_delete: :delete_all), null: false
        end

        create unique_index(:b, [:a_id], name: :b_a)
        """), YES, "nothing", "table a, table b"),
    ("a table with code inside", change("""
        create table(:t) do
          for name <- ~w(a b)a, do: add(name, :string)
        end
        """), DARK, T, "table t" + REST),
    ("a column", change("alter table(:t_invoices) do\n  add :amount, :decimal\nend"),
     YES, "nothing", "column t_invoices.amount"),
    ("columns with options over several lines", change("""
        alter table(:users) do
          add :role,
              :string,
              default: "member",
              null: false

          add :org_id, references(:orgs, type: :uuid)
        end
        """), YES, "nothing", "column users.role, column users.org_id"),
    ("a column if there is none", change("alter table(:t) do\n  add_if_not_exists :a, :map\nend"),
     NO, "nothing", "column t.a"),
    ("timestamps", change("alter table(:t) do\n  timestamps(null: true, default: fragment)\nend"),
     YES, "nothing", "column t.inserted_at, column t.updated_at"),
    ("timestamps of other names", change(
        "alter table(:t) do\n  timestamps inserted_at: :made_at, updated_at: false\nend"),
     YES, "nothing", "column t.made_at"),
    ("remove/1", change("alter table(:t) do\n  remove :legacy_id\nend"),
     NO, "column t.legacy_id", "nothing"),
    ("remove/2", change("alter table(:t) do\n  remove :legacy_id, :integer\nend"),
     YES, "column t.legacy_id", "nothing"),
    ("remove/3", change("alter table(:t) do\n  remove(:a, :string, default: \"x\")\nend"),
     YES, "column t.a", "nothing"),
    ("remove if exists", change("alter table(:t) do\n  remove_if_exists :a, :string\nend"),
     NO, "column t.a", "nothing"),
    ("modify without from", change("alter table(:t) do\n  modify :a, :text, null: false\nend"),
     NO, T, T),
    ("modify to a wider type", change("alter table(:t) do\n  modify :a, :text, from: :string\nend"),
     YES, "nothing", T),
    ("modify from options", change(
        "alter table(:t) do\n  modify :a, :string, null: true, from: {:string, null: false}\nend"),
     YES, "nothing", "nothing"),
    ("modify to a narrower type", change(
        "alter table(:t) do\n  modify :a, :integer, from: :bigint\nend"), YES, T, "nothing"),
    ("modify a reference", change("""
        alter table(:t) do
          modify :a_id, references(:a, on_delete: :nilify_all),
            from: references(:a, on_delete: :nothing)
        end
        """), YES, "nothing", "nothing"),
    ("modify with options from elsewhere", change("alter table(:t) do\n  modify :a, :b, o()\nend"),
     DARK, T, T),
    ("an index", change("create index(:users, [:email])"), YES, "nothing", "nothing"),
    ("a concurrent index", module("""
        @disable_ddl_transaction true
        @disable_migration_lock true

        def change do
          create index("users", ["lower(email)"], concurrently: true, name: "users_email")
        end
        """), YES, "nothing", "nothing"),
    ("an index dropped", change("drop index(:users, [:email])"), YES, "nothing", "nothing"),
    ("an index dropped if there", change("drop_if_exists unique_index(:users, [:email])"),
     YES, "nothing", "nothing"),
    ("a constraint", change("create constraint(:users, :adult, check: \"age > 17\")"),
     YES, "nothing", "nothing"),
    ("a constraint dropped", change("drop constraint(:users, :adult)"), NO, "nothing", "nothing"),
    ("a column renamed", change("rename table(:users), :name, to: :full_name"),
     YES, "nothing", "nothing"),
    ("a table renamed", change("rename(table(:users), to: table(:people))"),
     YES, "nothing", "nothing"),
    ("a table dropped", change("drop table(:legacy)"), NO, "table legacy", "nothing"),
    ("a table dropped with all that hangs on it", change("drop table(:legacy), mode: :cascade"),
     NO, "table legacy and what depends on it", "nothing"),
    ("a table dropped if there", change("drop_if_exists table(\"legacy\")"),
     NO, "table legacy", "nothing"),
    ("execute/1", change('execute "UPDATE users SET name = lower(name)"'), NO, T, T),
    ("execute/1 with a heredoc", change('execute("""\ncreate table(:x)\n""")'), NO, T, T),
    ("execute/2", change('execute("CREATE EXTENSION citext", "DROP EXTENSION citext")'),
     YES, T, T),
    ("execute/2 with functions", change("execute(&up_it/0, &down_it/0)"), YES, T, T),
    ("execute/1 with a function", change("execute(fn -> repo().query!(\"x\", [1, 2]) end)"),
     NO, T, T),
    ("execute_file/2", change('execute_file("a.sql", "b.sql")'), YES, T, T),
    ("a repo call", change("create table(:t)\nflush()\nrepo().insert_all(\"t\", [%{a: 1}])"),
     DARK, T, "table t" + REST),
    ("a repo by name", change("Billing.Repo.delete_all(Billing.User)"), DARK, T, T),
    ("a loop", change("Enum.each([:a, :b], fn t -> drop table(t) end)"), DARK, T, T),
    ("a branch on the direction", change(
        "if direction() == :up do\n  drop table(:a)\nelse\n  create table(:a)\nend"), DARK, T, T),
    ("a pipe", change("table(:t)\n|> create()"), DARK, T, T),
    ("a local function", module(
        "def change, do: helper()\n\ndefp helper do\n  drop table(:t)\nend"), DARK, T, T),
    ("a command of its own", module(
        "def change do\n  create table(:t)\nend\n\ndefp create(_), do: System.halt()"),
     DARK, T, "table t" + REST),
    ("a hook", module(
        "def after_begin, do: execute(\"x\")\ndef change, do: create(index(:t, [:a]))"),
     DARK, T, T),
    ("another base", change("create table(:t)").replace("use Ecto.Migration",
     "use Ecto.Migration\n  use Billing.Migration"), DARK, T, "table t" + REST),
    ("up and down", module("""
        def up do
          alter table(:t) do
            remove :a
          end
        end

        def down do
          alter table(:t) do
            add :a, :string
          end
        end
        """), YES, "column t.a", "nothing"),
    ("up and a down that drops", module(
        "def up, do: create(table(:t))\ndef down, do: drop(table(:t))"),
     YES, "nothing", "table t"),
    ("up and a down of SQL", module('def up, do: execute("a")\ndef down, do: execute "b"'),
     YES, T, T),
    ("up and an empty down", module('def up do\n  execute "x"\nend\n\ndef down, do: :ok'),
     YES, T, "nothing"),
    ("up and a down that does nothing", module('def up do\n  execute "x"\nend\n\ndef down do\nend'),
     YES, T, "nothing"),
    ("up and a down that raises", module(
        'def up, do: drop(table(:t))\ndef down, do: raise(Ecto.MigrationError, "no")'),
     NO, "table t", "nothing"),
    ("up alone", module("def up do\n  create table(:t)\nend"), NO, "nothing", T),
    ("down of another arity", module("def up, do: create(table(:t))\ndef down(_), do: :ok"),
     NO, "nothing", T),
    ("what only looks like code", change('''
        # drop table(:users)
        create index(:t, [:a], where: "do drop table(:x) end")
        create index(:t, [:b], comment: ~s(remove "x" #{inspect(%{a: "}"})} end))
        '''), YES, "nothing", "nothing"),
    ("quotes inside a text", change(
        'create index(:t, [:a], where: "x = \\"")\ndrop index(:t, [:b], comment: "\\"")\n'
        'create index(:t, [:c], where: ~S(a \\) drop table))'),
     YES, "nothing", "nothing"),
    ("a doc that looks like code", module('''
        @moduledoc """
        def down do
          drop table(:users)
        end
        """
        def change do
          create index(:t, [:a])
        end
        '''), YES, "nothing", "nothing"),
    ("no migration at all", "defmodule X do\n  def change, do: :ok\nend", DARK, T, T),
    ("two migrations", change("create table(:a)") + change("create table(:b)"), DARK, T, T),
    ("a schema beside it", "defmodule S do\n  use Ecto.Schema\n  schema \"t\" do\n  end\nend\n"
     + change("create table(:a)"), YES, "nothing", "table a"),
    ("cut off", change("create table(:a) do\n  add :x, :string")[:-8], DARK, T, T),
    ("nothing", "", DARK, T, T),
]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "undo", "up", "down"), [row[1:] for row in CORPUS], ids=[row[0] for row in CORPUS]
)
def test_corpus(source: str, undo: Undo, up: str, down: str) -> None:
    assert judged(source) == (undo, up, down)


def lines_of(found: Judgement, direction: Direction) -> list[tuple[int, str]]:
    return [(reason.line, reason.text) for reason in found.losses(direction).reasons]


def test_the_lines_that_a_judgement_rests_on() -> None:
    found = judge_source(
        change("alter table(:t) do\n  add :a, :map\n  remove :legacy_id\nend\n\ndrop table(:x)")
    )
    assert [reason.words for reason in found.undo_reasons] == [
        "line 7: remove :legacy_id (no type is given)",
        "line 10: drop table(:x) (Ecto cannot bring a table back)",
    ]
    assert found.undo_words == "no (line 7: remove :legacy_id (no type is given))"
    assert lines_of(found, Direction.UP) == [(7, "remove :legacy_id"), (10, "drop table(:x)")]
    assert lines_of(found, Direction.DOWN) == [(6, "add :a, :map")]


def test_without_down_or_change_and_without_transaction() -> None:
    found = judge_source(module("@disable_ddl_transaction true\ndef up, do: create(table(:t))"))
    assert (found.lacks_down, found.lacks_up, found.no_transaction) == (True, False, True)
    assert not judge_source(change("create table(:t)")).no_transaction
    other = change("create table(:t)").replace("def change", "def chang")
    assert judge_source(other).lacks_up
    # What a macro may bring is not known to be lacking: Ecto is asked at the last look.
    odd = module("def up, do: :ok", "use Ecto.Migration\n  use Billing.Migration")
    assert not judge_source(odd).lacks_down


def test_the_demos_and_the_labs_own() -> None:
    expected = {
        "create_users": (YES, "nothing", "table t_create_users"),
        "add_email_to_users": (YES, "nothing", "column t_create_users.email"),
        "create_invoices": (YES, "nothing", "table t_create_invoices"),
        "add_amount": (YES, "nothing", "column t_create_invoices.amount"),
        "drop_legacy": (YES, T, "nothing"),
        "irreversible": (NO, T, T),
    }
    assert {file.name: judged(file.source) for file in FILES} == expected
    lab = {path.stem.partition("_")[2]: judged(path.read_text()) for path in LAB.glob("*.exs")}
    # Only 0.2.1 of the lab has it.
    expected["add_note"] = (YES, "nothing", "column t_create_invoices.note")
    assert lab == expected


def test_names_are_shown_without_control_characters() -> None:
    found = judge_source(change('drop table("a\x1b[2Jb")'))
    assert "\x1b" not in found.up.words
    assert "\x1b" not in "".join(reason.words for reason in found.undo_reasons)


PIECES = st.sampled_from(
    ['"', "'", '"""', "#{", "}", "\\", "#", "\n", "~s(", "~S|", ")", "|", "do", " end ", "fn", ":",
     "x", "?", "<<", ">>", "def change do", "create table(:t)", "é", "\u202e", "[", "]", "->", ","]
)  # fmt: skip


@given(st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=80))
@example("def change do\n" * 50)
@example("(" * 5000)
@example("fn " * 5000)
@example('"#{' * 3000)
def test_any_text_is_judged_and_never_as_harmless_without_a_module(text: str) -> None:
    found = judge_source(text)
    assert found.undo is not Undo.YES
    assert not found.up.known


@given(
    st.text(st.characters(blacklist_characters='"\\#', blacklist_categories=["Cs"]), max_size=60)
)
def test_what_stands_in_a_text_or_a_comment_is_no_code(inside: str) -> None:
    plain = change('create index(:t, [:a], comment: "")')
    flat = " ".join(inside.split())
    for source in (
        change(f'create index(:t, [:a], comment: "{inside}")'),
        change(f"# {flat}\ncreate index(:t, [:a])"),
        change(f'create index(:t, [:a], comment: ~s"{inside}")'),
    ):
        assert judged(source) == judged(plain)


@given(st.text(max_size=120))
def test_the_tokens_go_on_or_say_where_not(text: str) -> None:
    last = text.count("\n") + 1
    try:
        lines = [token.line for token in tokens_of(text)]
    except Unreadable as error:
        lines = [error.line]
    assert all(1 <= line <= last for line in lines)
    assert lines == sorted(lines)

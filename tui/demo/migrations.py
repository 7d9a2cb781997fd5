"""The demo app's migrations: the source of each file, and the releases that carry it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MigrationFile:
    """One `VERSION_NAME.exs`."""

    version: int
    name: str
    releases: tuple[str, ...]
    source: str


def _module(name: str, body: str) -> str:
    return f"defmodule Billing.Repo.Migrations.{name} do\n  use Ecto.Migration\n\n{body}\nend\n"


_ALL = ("0.1.0", "0.2.0", "0.3.0", "0.3.1")

FILES: tuple[MigrationFile, ...] = (
    MigrationFile(
        20170725101500,
        "create_users",
        _ALL,
        _module(
            "CreateUsers",
            "  def change do\n    create table(:t_create_users) do\n"
            "      add :name, :string\n      timestamps()\n    end\n  end",
        ),
    ),
    MigrationFile(
        20170728105044,
        "add_email_to_users",
        _ALL,
        _module(
            "AddEmailToUsers",
            "  def change do\n    alter table(:t_create_users) do\n"
            "      add :email, :string\n    end\n\n"
            "    create index(:t_create_users, [:email])\n  end",
        ),
    ),
    MigrationFile(
        20170801090000,
        "create_invoices",
        _ALL,
        _module(
            "CreateInvoices",
            "  def change do\n    create table(:t_create_invoices) do\n"
            "      add :user_id, references(:t_create_users)\n      timestamps()\n"
            "    end\n  end",
        ),
    ),
    MigrationFile(
        20180101120000,
        "add_amount",
        ("0.2.0", "0.3.0", "0.3.1"),
        _module(
            "AddAmount",
            "  def change do\n    alter table(:t_create_invoices) do\n"
            "      add :amount, :decimal\n    end\n  end",
        ),
    ),
    MigrationFile(
        20180202120000,
        "drop_legacy",
        ("0.3.0", "0.3.1"),
        _module(
            "DropLegacy",
            '  def up do\n    execute "UPDATE t_create_users SET name = lower(name)"\n  end\n\n'
            "  def down do\n    :ok\n  end",
        ),
    ),
    MigrationFile(
        20180203120000,
        "irreversible",
        ("0.3.0", "0.3.1"),
        _module(
            "Irreversible",
            '  def up do\n    execute "ALTER TABLE t_create_users ADD COLUMN z int"\n  end',
        ),
    ),
)

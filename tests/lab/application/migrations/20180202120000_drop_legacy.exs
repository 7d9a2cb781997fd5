defmodule Billing.Repo.Migrations.DropLegacy do
  use Ecto.Migration

  def up do
    execute "UPDATE t_create_users SET name = lower(name)"
  end

  def down do
    :ok
  end
end

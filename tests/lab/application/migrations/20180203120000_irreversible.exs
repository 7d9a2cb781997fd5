defmodule Billing.Repo.Migrations.Irreversible do
  use Ecto.Migration

  def up do
    execute "ALTER TABLE t_create_users ADD COLUMN z int"
  end
end

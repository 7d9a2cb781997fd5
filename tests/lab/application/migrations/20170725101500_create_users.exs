defmodule Billing.Repo.Migrations.CreateUsers do
  use Ecto.Migration

  def change do
    create table(:t_create_users) do
      add :name, :string
    end
  end
end

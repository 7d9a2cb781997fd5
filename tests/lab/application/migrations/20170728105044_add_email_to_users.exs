defmodule Billing.Repo.Migrations.AddEmailToUsers do
  use Ecto.Migration

  def change do
    alter table(:t_create_users) do
      add :email, :string
    end
  end
end

defmodule Billing.Repo.Migrations.AddAmount do
  use Ecto.Migration

  def change do
    alter table(:t_create_invoices) do
      add :amount, :bigint
    end
  end
end

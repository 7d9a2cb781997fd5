defmodule Billing.Repo.Migrations.CreateInvoices do
  use Ecto.Migration

  def change do
    create table(:t_create_invoices) do
      add :user_id, :bigint
    end

    create index(:t_create_invoices, [:user_id])
  end
end

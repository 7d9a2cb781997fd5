defmodule Billing.Repo.Migrations.AddNote do
  use Ecto.Migration

  def change do
    alter table(:t_create_invoices) do
      add :note, :string
    end
  end
end

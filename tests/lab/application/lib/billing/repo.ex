defmodule Billing.Repo do
  @moduledoc "The application's state, in PostgreSQL."
  use Ecto.Repo, otp_app: :billing
end

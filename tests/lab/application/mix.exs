defmodule Billing.MixProject do
  use Mix.Project

  def project do
    [
      app: :billing,
      version: System.fetch_env!("BILLING_VERSION"),
      elixir: "~> 1.14",
      start_permanent: true,
      deps: [{:ecto_stand_in, path: "ecto_stand_in"}],
      releases: [
        billing: [include_executables_for: [:unix], steps: [:assemble, :tar]]
      ]
    ]
  end

  def application do
    [
      mod: {Billing.Application, []},
      extra_applications: [:logger, :runtime_tools, :crypto, :ssl, :inets]
    ]
  end
end

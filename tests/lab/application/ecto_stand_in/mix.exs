defmodule EctoStandIn.MixProject do
  use Mix.Project

  def project do
    [app: :ecto_stand_in, version: "0.1.0", elixir: "~> 1.14", deps: []]
  end

  def application, do: [extra_applications: [:logger, :eex]]
end

import Config

config :billing, ecto_repos: [Billing.Repo]
config :logger, :console, format: "[$level] $message\n", colors: [enabled: false]

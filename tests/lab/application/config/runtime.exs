import Config

config :billing, Billing.Repo, url: System.fetch_env!("DATABASE_URL")
config :billing, port: String.to_integer(System.get_env("PORT", "4000"))

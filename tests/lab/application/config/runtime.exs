import Config

config :billing, Billing.Repo, url: System.fetch_env!("DATABASE_URL"), pool_size: 5

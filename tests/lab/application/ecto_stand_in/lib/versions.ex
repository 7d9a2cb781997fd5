defmodule Ecto.StandIn.Versions do
  @moduledoc "The table `schema_migrations`: its creation, its rows, the lock on it."
  require Logger
  alias Ecto.Adapters.SQL
  alias Ecto.StandIn.{Pool, Psql}

  @create "CREATE TABLE IF NOT EXISTS \"schema_migrations\" " <>
            "(\"version\" bigint, \"inserted_at\" timestamp(0), PRIMARY KEY (\"version\"))"

  def applied(repo) do
    rows = SQL.query!(repo, "SELECT s0.\"version\" FROM \"schema_migrations\" AS s0").rows
    rows |> List.flatten() |> Enum.sort()
  end

  def write(repo, :up, version) do
    SQL.query!(
      repo,
      "INSERT INTO \"schema_migrations\" VALUES ($1, now() AT TIME ZONE 'utc')",
      [version]
    )
  end

  def write(repo, :down, version) do
    SQL.query!(repo, "DELETE FROM \"schema_migrations\" WHERE \"version\" = $1", [version])
  end

  @doc "Run `fun` while another connection holds the table's lock; waits for it without end."
  def locked(repo, fun) do
    Pool.with_another(repo, fn connection ->
      said!(connection, "BEGIN")
      said!(connection, "LOCK TABLE \"schema_migrations\" IN SHARE UPDATE EXCLUSIVE MODE")

      try do
        fun.()
      after
        said!(connection, "COMMIT")
      end
    end)
  end

  defp said!(connection, sql) do
    case Psql.ask(connection, sql) do
      {:ok, _} -> :ok
      {:error, {:closed, text}} -> raise DBConnection.ConnectionError, message: text
      {:error, {code, text}} -> raise Postgrex.Error, code: code, text: text, query: sql
    end
  end

  def ensure_table(repo) do
    SQL.query!(repo, @create)
  rescue
    error ->
      Logger.error(advice(repo))
      reraise error, __STACKTRACE__
  end

  # The words that an operator meets when the database cannot be reached, as recorded.
  defp advice(repo) do
    """
    Could not create schema migrations table. This error usually happens due to the following:

      * The database does not exist
      * The "schema_migrations" table, which Ecto uses for managing
        migrations, was defined by another library
      * There is a deadlock while migrating (such as using concurrent
        indexes with a migration_lock)

    To fix the first issue, run "mix ecto.create" for the desired MIX_ENV.

    To address the second, you can run "mix ecto.drop" followed by
    "mix ecto.create", both for the desired MIX_ENV. Alternatively you may
    configure Ecto to use another table and/or repository for managing
    migrations:

        config #{inspect(repo.config()[:otp_app])}, #{inspect(repo)},
          migration_source: "some_other_table_for_schema_migrations",
          migration_repo: AnotherRepoForSchemaMigrations

    The full error report is shown below.
    """
  end
end

defmodule Ecto.MigrationError do
  defexception [:message]
end

defmodule DBConnection.ConnectionError do
  @moduledoc "Raised when no connection could be had; the text is the one that operators meet."
  defexception [:message]

  @advice """
  This means requests are coming in and your connection pool cannot serve them fast enough. You can address this by:

    1. Ensuring your database is available and that you can connect to it
    2. Tracking down slow queries and making sure they are running fast enough
    3. Increasing the pool_size (although this increases resource consumption)
    4. Allowing requests to wait longer by increasing :queue_target and :queue_interval

  See DBConnection.start_link/2 for more information
  """

  def dropped(waited_ms) do
    %__MODULE__{
      message:
        "connection not available and request was dropped from queue after #{waited_ms}ms. " <>
          @advice
    }
  end
end

defmodule Postgrex.Error do
  @moduledoc "What PostgreSQL refused: its SQLSTATE, its words, the query."
  defexception [:code, :text, :query, :postgres]

  @names %{
    "23502" => "not_null_violation",
    "23503" => "foreign_key_violation",
    "23505" => "unique_violation",
    "25P02" => "in_failed_sql_transaction",
    "42501" => "insufficient_privilege",
    "42601" => "syntax_error",
    "42701" => "duplicate_column",
    "42703" => "undefined_column",
    "42P01" => "undefined_table",
    "42P07" => "duplicate_table",
    "55P03" => "lock_not_available"
  }

  # As the real one: SQLSTATE, and its name as an atom, in `postgres`.
  def exception(options) do
    name = String.to_atom(Map.get(@names, options[:code], "other"))
    struct!(__MODULE__, [postgres: %{code: name, pg_code: options[:code]}] ++ options)
  end

  def message(error) do
    name = Map.get(@names, error.code, "other")
    "ERROR #{error.code} (#{name}) #{error.text}\n\n    query: #{error.query}"
  end
end

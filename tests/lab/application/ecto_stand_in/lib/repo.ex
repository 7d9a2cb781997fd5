defmodule Ecto.Repo do
  @moduledoc "`use Ecto.Repo, otp_app: APP`: a repo whose configuration needs a `:url`."

  defmacro __using__(options) do
    quote do
      @otp_app Keyword.fetch!(unquote(options), :otp_app)

      def config, do: [otp_app: @otp_app] ++ Application.get_env(@otp_app, __MODULE__, [])

      def start_link(options \\ []) do
        Ecto.StandIn.Pool.start_link(__MODULE__, Keyword.merge(config(), options))
      end

      def child_spec(options) do
        %{id: __MODULE__, start: {__MODULE__, :start_link, [options]}}
      end

      def query!(sql, params \\ []), do: Ecto.Adapters.SQL.query!(__MODULE__, sql, params)
    end
  end
end

defmodule Postgrex.Result do
  defstruct [:rows, :num_rows]
end

defmodule Ecto.Adapters.SQL do
  @moduledoc "SQL to a repo; whole numbers and booleans come back as such, the rest as text."
  alias Ecto.StandIn.{Pool, Psql}

  @doc "The result, or Postgrex.Error, or DBConnection.ConnectionError."
  def query!(repo, sql, params \\ [], _options \\ []) do
    statement = fill(sql, params)

    case Pool.with_connection(repo, &Psql.ask(&1, statement)) do
      {:ok, %{rows: rows, count: count}} -> %Postgrex.Result{rows: rows, num_rows: count}
      {:error, {:closed, text}} -> raise DBConnection.ConnectionError, message: text
      {:error, {code, text}} -> raise Postgrex.Error, code: code, text: text, query: sql
    end
  end

  @doc "Run `fun` in one transaction on one connection; anything raised rolls it back."
  def transaction(repo, fun) do
    Pool.with_connection(repo, fn _ ->
      query!(repo, "BEGIN")

      try do
        fun.()
      rescue
        error ->
          query!(repo, "ROLLBACK")
          reraise error, __STACKTRACE__
      else
        value ->
          query!(repo, "COMMIT")
          value
      end
    end)
  end

  defp fill(sql, params) do
    Regex.replace(~r/\$(\d+)/, sql, fn _, place ->
      params |> Enum.at(String.to_integer(place) - 1) |> literal()
    end)
  end

  defp literal(nil), do: "NULL"
  defp literal(number) when is_number(number), do: to_string(number)
  defp literal(text), do: "'" <> String.replace(to_string(text), "'", "''") <> "'"
end

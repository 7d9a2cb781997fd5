defmodule Ecto.StandIn.Psql do
  @moduledoc """
  One connection to PostgreSQL: a `psql` that is kept open and asked by its standard input. The
  password goes by its environment, never by its command line.

  Every question is framed by echoed marks, so that what comes back can be told apart; psql's own
  variables say whether it failed. Fields and records are divided by control characters, so that
  a value may hold newlines.
  """

  @field <<0x1F>>
  @record <<0x1E>>
  @null <<0x01>>

  @doc "Open a connection within `limit_ms`; `{:error, text}` with psql's own words."
  def open(url, limit_ms) do
    uri = URI.parse(url)
    [user, password] = uri.userinfo |> String.split(":", parts: 2) |> Enum.map(&URI.decode/1)

    env = [
      {'PGPASSWORD', String.to_charlist(password)},
      {'PGCONNECT_TIMEOUT', '2'},
      {'PGOPTIONS', '-c client_min_messages=error'},
      {'LC_ALL', 'C.UTF-8'}
    ]

    args = ~w(-X -q -A -t -h #{uri.host} -p #{uri.port || 5432} -U #{user} -d) ++
      [String.trim_leading(uri.path || "/", "/")]

    port =
      Port.open({:spawn_executable, System.find_executable("psql") || raise("no psql here")}, [
        :binary, :exit_status, :stderr_to_stdout, args: args, env: env
      ])

    Port.command(port, """
    \\pset fieldsep '\\037'
    \\pset recordsep '\\036'
    \\pset null '\\001'
    """)

    case ask(port, "SELECT 1", limit_ms) do
      {:ok, _} -> {:ok, port}
      other -> other
    end
  end

  def close(port) do
    Port.close(port)
  rescue
    # It ended by itself.
    ArgumentError -> true
  end

  @doc "Rows (lists of values), or `{:error, {code, text}}`, or `{:error, :closed}`."
  def ask(port, sql, limit_ms \\ :infinity) do
    mark = "mark-#{System.unique_integer([:positive])}"
    describe = if selects?(sql), do: "#{sql}\n\\gdesc\n", else: ""

    Port.command(port, """
    \\echo #{mark}-types
    #{describe}\\echo #{mark}-rows
    #{sql}
    ;
    \\echo #{mark}-end :ERROR :SQLSTATE :ROW_COUNT
    \\echo :LAST_ERROR_MESSAGE
    \\echo #{mark}-over
    """)

    with {:ok, text} <- collect(port, "#{mark}-over\n", "", limit_ms), do: answer(text, mark)
  end

  defp selects?(sql), do: Regex.match?(~r/\A\s*(select|with|show|values|table)\b|\breturning\b/i, sql)

  defp collect(port, last, seen, limit_ms) do
    receive do
      {^port, {:data, more}} ->
        seen = seen <> more
        if String.ends_with?(seen, last), do: {:ok, seen}, else: collect(port, last, seen, limit_ms)

      {^port, {:exit_status, _}} ->
        {:error, {:closed, String.trim(seen)}}
    after
      limit_ms ->
        close(port)
        {:error, {:closed, "no answer within #{limit_ms} ms"}}
    end
  end

  defp answer(text, mark) do
    [_, text] = String.split(text, "#{mark}-types\n", parts: 2)
    [types, text] = String.split(text, "#{mark}-rows\n", parts: 2)
    [rows, text] = String.split(text, "#{mark}-end ", parts: 2)
    [line, text] = String.split(text, "\n", parts: 2)

    case String.split(line, " ") do
      ["false", _, count] ->
        kinds = types |> records() |> Enum.map(&List.last/1)
        {:ok, %{rows: Enum.map(records(rows), &typed(&1, kinds)), count: String.to_integer(count)}}

      ["true", code, _] ->
        [message, _] = String.split(text, "#{mark}-over", parts: 2)
        {:error, {code, String.trim(message)}}
    end
  end

  defp records(text) do
    case String.trim_trailing(text, "\n") do
      "" -> []
      text -> text |> String.split(@record) |> Enum.map(&String.split(&1, @field))
    end
  end

  defp typed(values, []), do: values
  defp typed(values, kinds), do: values |> Enum.zip(kinds) |> Enum.map(&value/1)

  defp value({@null, _}), do: nil
  defp value({text, kind}) when kind in ~w(smallint integer bigint), do: String.to_integer(text)
  defp value({text, "boolean"}), do: text == "t"
  defp value({text, _}), do: text
end

defmodule Ecto.Adapters.SQL do
  @moduledoc "A stand-in: rows of a query, whole numbers as integers."

  def query!(repo, sql, _params \\ []) do
    case repo.sql(sql) do
      {:ok, rows} -> %{rows: Enum.map(rows, fn row -> Enum.map(row, &value/1) end)}
      {:error, :unreachable, _text} -> Ecto.Migrator.no_connection()
      {:error, :refused, text} -> raise text
    end
  end

  defp value(text) do
    case Integer.parse(text) do
      {number, ""} -> number
      _ -> text
    end
  end
end

defmodule Ecto.Migrator do
  @moduledoc """
  A stand-in with the calls and answers of Ecto.Migrator 3.11, as recorded on real hosts: inclusive
  `to`, `** FILE NOT FOUND **`, the silent `[]`, and the row that goes though nothing was undone.
  """
  require Logger
  @create "CREATE TABLE IF NOT EXISTS schema_migrations (version bigint PRIMARY KEY, inserted_at timestamp(0))"

  def with_repo(repo, fun, options \\ []) do
    _ = Keyword.get(options, :mode, :permanent)
    running = Process.whereis(repo)
    unless running, do: {:ok, _} = repo.start_link([])

    try do
      {:ok, fun.(repo), []}
    after
      unless running, do: Agent.stop(repo)
    end
  end

  def migrations_path(repo, directory \\ "migrations") do
    Application.app_dir(:billing, Path.join(["priv", folder(repo), directory]))
  end

  defp folder(repo), do: repo |> Module.split() |> List.last() |> Macro.underscore()

  def migrations(repo), do: migrations(repo, [migrations_path(repo)], [])
  def migrations(repo, path) when is_binary(path), do: migrations(repo, [path], [])
  def migrations(repo, paths) when is_list(paths), do: migrations(repo, paths, [])

  def migrations(repo, paths, options) do
    unless options[:skip_table_creation], do: ensure_table(repo)
    files = files(List.wrap(paths))
    applied = applied(repo)
    known = Map.new(files, fn {version, name, _} -> {version, name} end)

    (Map.keys(known) ++ applied)
    |> Enum.uniq()
    |> Enum.sort()
    |> Enum.map(fn version ->
      state = if version in applied, do: :up, else: :down
      {state, version, Map.get(known, version, "** FILE NOT FOUND **")}
    end)
  end

  def run(repo, direction, options), do: run(repo, [migrations_path(repo)], direction, options)

  def run(repo, source, direction, options) do
    ensure_table(repo)
    applied = applied(repo)

    candidates =
      source |> loaded() |> Enum.filter(fn {version, _} -> (version in applied) == (direction == :down) end)
    candidates = if direction == :down, do: Enum.reverse(candidates), else: candidates
    chosen = choose(candidates, direction, options)
    if chosen == [], do: Logger.info("Migrations already #{direction}")
    Enum.map(chosen, fn {version, module} -> migrate(repo, direction, version, module) end)
  end

  defp choose(candidates, direction, options) do
    cond do
      options[:all] -> candidates
      to = options[:to] -> Enum.take_while(candidates, &reaches?(&1, direction, integer!(to)))
      to = options[:to_exclusive] ->
        Enum.take_while(candidates, fn {version, _} = one ->
          reaches?(one, direction, integer!(to)) and version != to
        end)
      step = options[:step] -> Enum.take(candidates, step)
      true -> raise ArgumentError, "expected one of :all, :to, :to_exclusive, or :step strategies"
    end
  end

  # As ecto_sql since 3.9.2: a target that is no integer fits no clause.
  defp integer!(to) when is_integer(to), do: to

  defp reaches?({version, _}, :up, to), do: version <= to
  defp reaches?({version, _}, :down, to), do: version >= to

  defp migrate(repo, direction, version, module) do
    {function, way} = function!(repo, direction, version, module)
    word = if direction == :up, do: "forward", else: "backward"
    Logger.info("== Running #{version} #{inspect(module)}.#{function}/0 #{word}")
    started = System.monotonic_time(:millisecond)
    commands = Ecto.Migration.commands(module, function, way)
    Enum.each(commands, fn command -> Logger.info(Ecto.Migration.describe(command)) end)
    statements = Enum.map(commands, &Ecto.Migration.sql/1) ++ [row_sql(direction, version)]
    change!(repo, statements)
    taken = (System.monotonic_time(:millisecond) - started) / 1000
    Logger.info("== Migrated #{version} in #{Float.round(taken, 1)}s")
    version
  end

  defp function!(repo, direction, version, module) do
    cond do
      function_exported?(module, direction, 0) -> {direction, :forward}
      function_exported?(module, :change, 0) -> {:change, if(direction == :up, do: :forward, else: :backward)}
      true ->
        # Seen on real hosts: the row is gone although nothing was undone.
        change!(repo, [row_sql(direction, version)])
        raise Ecto.MigrationError,
          message: "#{inspect(module)} does not implement a `#{direction}/0` or `change/0` function"
    end
  end

  defp row_sql(:up, version), do: "INSERT INTO schema_migrations VALUES (#{version}, now() at time zone 'utc')"
  defp row_sql(:down, version), do: "DELETE FROM schema_migrations WHERE version = #{version}"

  # psql runs one -c string as one transaction, as Ecto does for PostgreSQL.
  defp change!(repo, statements) do
    lock = "LOCK TABLE schema_migrations IN SHARE UPDATE EXCLUSIVE MODE"

    case repo.sql(Enum.join(["BEGIN", lock | statements] ++ ["COMMIT"], ";\n")) do
      {:ok, _} -> :ok
      {:error, :unreachable, _} -> no_connection()
      {:error, :refused, text} -> raise text
    end
  end

  defp ensure_table(repo) do
    case repo.sql("SET client_min_messages = warning; " <> @create) do
      {:ok, _} -> :ok
      {:error, _, _} ->
        Logger.error("Could not create schema migrations table. This error usually happens when the database cannot be reached.")
        no_connection()
    end
  end

  def no_connection do
    raise DBConnection.ConnectionError,
      message: "connection not available and request was dropped from queue after 2990ms. The database does not answer."
  end

  defp applied(repo) do
    Ecto.Adapters.SQL.query!(repo, "select version from schema_migrations order by 1").rows |> List.flatten()
  end

  defp files(paths) do
    for path <- paths, file <- Path.wildcard(Path.join([path, "**", "*.exs"])),
        [digits, name] <- [Regex.run(~r/^(\d+)_(.+)\.exs$/, Path.basename(file), capture: :all_but_first)] do
      {String.to_integer(digits), name, file}
    end
    |> Enum.sort()
  end

  defp loaded([{version, module} | _] = pairs) when is_integer(version) and is_atom(module), do: Enum.sort(pairs)

  defp loaded(paths) do
    for {version, _name, file} <- files(List.wrap(paths)) do
      Code.put_compiler_option(:ignore_module_conflict, true)
      [{module, _} | _] = Code.compile_file(file)
      {version, module}
    end
  end
end

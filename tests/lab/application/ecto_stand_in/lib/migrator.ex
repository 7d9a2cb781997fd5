defmodule Ecto.Migrator do
  @moduledoc """
  The calls and answers of Ecto.Migrator 3.11 as recorded on real hosts: inclusive `to`,
  `** FILE NOT FOUND **`, the silent `[]`, the lock that a plain status read takes, and the row
  that goes although nothing was undone.
  """
  require Logger
  alias Ecto.StandIn.{Ddl, Pool, Versions}

  def migrations_path(repo, directory \\ "migrations") do
    config = repo.config()
    folder = repo |> Module.split() |> List.last() |> Macro.underscore()
    Application.app_dir(config[:otp_app], Path.join(config[:priv] || "priv/#{folder}", directory))
  end

  @doc "Start the repo unless it runs, call `fun` with it, stop what was started."
  def with_repo(repo, fun, options \\ []) do
    mode = Keyword.get(options, :mode, :permanent)
    app = repo.config()[:otp_app]
    {:ok, started} = Application.ensure_all_started(:ecto_stand_in, mode)
    _ = Application.load(app)

    case repo.start_link(pool_size: Keyword.get(options, :pool_size, 2)) do
      {:ok, pid} ->
        try do
          {:ok, fun.(repo), started}
        after
          GenServer.stop(pid)
        end

      {:error, {:already_started, _}} ->
        {:ok, fun.(repo), started}

      {:error, _} = error ->
        error
    end
  end

  def migrations(repo), do: migrations(repo, migrations_path(repo), [])
  def migrations(repo, source), do: migrations(repo, source, [])

  def migrations(repo, source, options) do
    under_lock(repo, options, fn ->
      applied = Versions.applied(repo)
      known = source |> found() |> Map.new(fn {version, name, _} -> {version, name} end)

      (Map.keys(known) ++ applied)
      |> Enum.uniq()
      |> Enum.sort()
      |> Enum.map(fn version ->
        state = if version in applied, do: :up, else: :down
        {state, version, Map.get(known, version, "** FILE NOT FOUND **")}
      end)
    end)
  end

  def migrated_versions(repo, options \\ []) do
    under_lock(repo, options, fn -> Versions.applied(repo) end)
  end

  def run(repo, direction, options), do: run(repo, migrations_path(repo), direction, options)

  @doc "Versions run, in order; `source` is a folder, several, or `[{version, module}]`."
  def run(repo, source, direction, options) do
    strategy = strategy(options)

    under_lock(repo, options, fn ->
      pending = repo |> Versions.applied() |> pending(found(source), direction)

      case chosen(pending, direction, strategy) do
        [] ->
          Logger.info("Migrations already #{direction}")
          []

        some ->
          for {version, _name, where} <- some, do: one(repo, direction, version, module(where), options)
      end
    end)
  end

  def up(repo, version, module, options \\ []), do: single(repo, :up, version, module, options)
  def down(repo, version, module, options \\ []), do: single(repo, :down, version, module, options)

  defp single(repo, direction, version, module, options) do
    under_lock(repo, options, fn ->
      if version in Versions.applied(repo) == (direction == :down) do
        one(repo, direction, version, module, options)
        :ok
      else
        if direction == :up, do: :already_up, else: :already_down
      end
    end)
  end

  # The first that is given counts, in this order.
  defp strategy(options) do
    Enum.find_value([:all, :to, :to_exclusive, :step], fn name ->
      if value = options[name], do: {name, value}
    end) || raise ArgumentError, "expected one of :all, :to, :to_exclusive, or :step strategies"
  end

  defp pending(applied, found, :up), do: Enum.reject(found, fn {v, _, _} -> v in applied end)

  defp pending(applied, found, :down) do
    found |> Enum.filter(fn {v, _, _} -> v in applied end) |> Enum.reverse()
  end

  defp chosen(pending, _, {:all, _}), do: pending
  defp chosen(pending, _, {:step, count}), do: Enum.take(pending, count)

  defp chosen(pending, direction, {:to, target}) do
    Enum.take_while(pending, fn {version, _, _} -> pending_to(version, direction, target) end)
  end

  defp chosen(pending, direction, {:to_exclusive, target}) do
    Enum.take_while(pending, fn {version, _, _} ->
      version != target and pending_to(version, direction, target)
    end)
  end

  # A target that is no integer fits no clause, as in ecto_sql since 3.9.2.
  defp pending_to(version, :up, target) when is_integer(target), do: version <= target
  defp pending_to(version, :down, target) when is_integer(target), do: version >= target

  # Each migration has a process of its own, so that what it leaves behind ends with it.
  defp one(repo, direction, version, module, options) do
    task = Task.async(fn -> guarded(fn -> migrate(repo, direction, version, module, options) end) end)

    case Task.await(task, :infinity) do
      {:ok, :ran} -> version
      {:ok, {:error, error}} -> raise error
      {:raised, error, trace} -> reraise error, trace
    end
  end

  defp guarded(fun) do
    {:ok, fun.()}
  rescue
    error -> {:raised, error, __STACKTRACE__}
  end

  defp migrate(repo, direction, version, module, options) do
    work = fn ->
      outcome = attempt(repo, direction, version, module, options)
      # As Ecto does it: the row follows the function's return, whatever that was.
      Versions.write(repo, direction, version)
      outcome
    end

    if module.__migration__()[:disable_ddl_transaction],
      do: work.(),
      else: Ecto.Adapters.SQL.transaction(repo, work)
  end

  defp attempt(repo, direction, version, module, options) do
    Code.ensure_loaded!(module)

    cond do
      function_exported?(module, direction, 0) ->
        carry_out(repo, direction, version, module, {direction, :forward}, options)

      function_exported?(module, :change, 0) ->
        way = if direction == :up, do: :forward, else: :backward
        carry_out(repo, direction, version, module, {:change, way}, options)

      true ->
        {:error,
         %Ecto.MigrationError{
           message:
             "#{inspect(module)} does not implement a `#{direction}/0` or `change/0` function"
         }}
    end
  end

  defp carry_out(repo, direction, version, module, {function, way}, options) do
    log = if Keyword.get(options, :log, :info), do: &Logger.info/1, else: fn _ -> :ok end
    log.("== Running #{version} #{inspect(module)}.#{function}/0 #{way}")
    started = System.monotonic_time(:millisecond)

    Ecto.Migration.run(repo, module, function, direction, way, fn command ->
      log.(Ddl.describe(command))
      Ecto.Adapters.SQL.query!(repo, Ddl.sql(command))
    end)

    taken = (System.monotonic_time(:millisecond) - started) / 1000
    log.("== Migrated #{version} in #{Float.floor(taken, 1)}s")
    :ran
  end

  # Status reads lock too, unless told not to: facts about Ecto that surprise people in production.
  defp under_lock(repo, options, fun) do
    unless options[:skip_table_creation], do: Versions.ensure_table(repo)

    if Keyword.get(options, :migration_lock, true) do
      if Pool.size(repo) < 2, do: raise("connection pool size is less than 2")
      Versions.locked(repo, fun)
    else
      fun.()
    end
  end

  defp found([{version, module} | _] = pairs) when is_integer(version) and is_atom(module) do
    pairs |> Enum.map(fn {version, module} -> {version, inspect(module), module} end) |> Enum.sort()
  end

  defp found(paths) do
    files =
      for path <- List.wrap(paths),
          file <- Path.wildcard(Path.join([path, "**", "*.exs"])),
          [digits, name] <- [Regex.run(~r/^(\d+)_(.+)\.exs$/, Path.basename(file), capture: :all_but_first)],
          do: {String.to_integer(digits), name, file}

    for {what, place} <- [{"version", 0}, {"name", 1}] do
      keys = Enum.map(files, &elem(&1, place))

      with [twice | _] <- keys -- Enum.uniq(keys) do
        raise Ecto.MigrationError,
          message: "migrations can't be executed, migration #{what} #{twice} is duplicated"
      end
    end

    Enum.sort(files)
  end

  defp module(module) when is_atom(module), do: module

  defp module(file) do
    before = Code.get_compiler_option(:ignore_module_conflict)
    Code.put_compiler_option(:ignore_module_conflict, true)
    modules = file |> Code.compile_file() |> Enum.map(&elem(&1, 0))
    Code.put_compiler_option(:ignore_module_conflict, before)

    Enum.find(modules, &function_exported?(&1, :__migration__, 0)) ||
      raise Ecto.MigrationError, message: "file #{Path.relative_to_cwd(file)} does not define an Ecto.Migration"
  end
end

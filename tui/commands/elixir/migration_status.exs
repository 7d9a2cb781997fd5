# What the code of `app` and its database say of migrations, repo by repo. Changes nothing: with
# these two options Ecto (3.6 on) neither creates its table nor takes its lock, under which a read
# would wait for a migration under way. Each line begins with `mark`; texts are base64.
say = fn line -> IO.puts(mark <> " " <> line) end
text = fn value -> Base.encode64(to_string(value)) end

say.("began")
Application.load(app)
say.("boot " <> text.(elem(:init.script_id(), 1)))
say.("env " <> text.(System.get_env("RELEASE_VSN") || System.get_env("REL_VSN") || "-"))
say.("app " <> text.(Application.spec(app, :vsn) || "-"))
Code.ensure_loaded(Ecto.Migrator)

read = fn repo, path ->
  options = [skip_table_creation: true, migration_lock: false]
  ask = fn repo -> Ecto.Migrator.migrations(repo, path, options) end

  try do
    case Ecto.Migrator.with_repo(repo, ask, mode: :temporary) do
      {:ok, rows, _} -> {:ok, rows}
      {:error, reason} -> {:failed, "the repo did not start: " <> inspect(reason)}
    end
  rescue
    error ->
      told = Map.get(error, :postgres) || Map.get(error, :mysql) || %{}

      if Map.get(told, :code) in [:undefined_table, 1146] do
        :never
      else
        {:failed, inspect(Map.get(error, :__struct__)) <> ": " <> Exception.message(error)}
      end
  catch
    kind, reason -> {:failed, inspect(kind) <> ": " <> inspect(reason)}
  end
end

name = fn value -> if is_binary(value), do: value, else: inspect(value) end

rows = fn rows ->
  Enum.each(rows, fn {state, version, called} ->
    say.("row " <> to_string(state) <> " " <> to_string(version) <> " " <> text.(name.(called)))
  end)
end

cond do
  function_exported?(Ecto.Migrator, :migrations, 3) ->
    for repo <- Application.get_env(app, :ecto_repos) || [] do
      say.("repo " <> inspect(repo))
      path = Ecto.Migrator.migrations_path(repo)
      say.("path " <> text.(path))

      case read.(repo, path) do
        {:ok, found} ->
          rows.(found)

        :never ->
          say.("never")
          files = Path.wildcard(Path.join([path, "**", "*.exs"]))

          for file <- files do
            case Integer.parse(Path.basename(file, ".exs")) do
              {version, "_" <> called} -> rows.([{:down, version, called}])
              _ -> :none
            end
          end

        {:failed, why} ->
          say.("failed " <> text.(why))
      end
    end

  function_exported?(Ecto.Migrator, :run, 4) ->
    say.("old")

  true ->
    say.("none")
end

say.("ended")
:ok

# Run exactly one migration of `repo`, `way` "up" or "down". `Ecto.Migrator.run(repo, :down, to: V)`
# would undo every newer one too, so the file is loaded and handed over alone, after this last look:
# V must be pending (applied), and the newest applied version must be `newest`, which the plan saw
# (nil: none). Otherwise nothing is changed. Lines as in migration_status.exs.
say = fn line -> IO.puts(mark <> " " <> line) end
text = fn value -> Base.encode64(to_string(value)) end
down = way == "down"

refuse = fn why ->
  say.("refused " <> text.(why))
  :not_done
end

fail = fn why ->
  say.("failed " <> text.(why))
  :not_done
end

say.("began")
Application.load(app)
Code.ensure_loaded(Ecto.Migrator)
path = Ecto.Migrator.migrations_path(repo)

versions = fn repo ->
  options = [skip_table_creation: true, migration_lock: false]

  try do
    for {:up, applied, _} <- Ecto.Migrator.migrations(repo, path, options), do: applied
  rescue
    error ->
      told = Map.get(error, :postgres) || Map.get(error, :mysql) || %{}
      if Map.get(told, :code) in [:undefined_table, 1146], do: [], else: raise(error)
  end
end

mine = fn file ->
  case Integer.parse(Path.basename(file, ".exs")) do
    {number, "_" <> _} -> number == version
    _ -> false
  end
end

module = fn file ->
  file
  |> Code.compile_file()
  |> Enum.map(fn {loaded, _} -> loaded end)
  |> Enum.find(fn loaded -> function_exported?(loaded, :__migration__, 0) end)
end

lacks = fn loaded ->
  not (function_exported?(loaded, :change, 0) or
         function_exported?(loaded, if(down, do: :down, else: :up), 0))
end

work = fn repo ->
  applied = versions.(repo)
  last = List.last(Enum.sort(applied))
  say.("newest " <> inspect(last))
  files = Enum.filter(Path.wildcard(Path.join([path, "**", "*.exs"])), mine)

  cond do
    Enum.member?(applied, version) != down ->
      refuse.(if down, do: "it is not applied", else: "it is already applied")

    last != newest ->
      refuse.("the newest applied migration is now " <> inspect(last))

    length(files) != 1 ->
      refuse.("this release has " <> inspect(length(files)) <> " files of it")

    true ->
      loaded = module.(hd(files))

      cond do
        loaded == nil ->
          refuse.("its file defines no migration")

        # Ecto would raise, and delete its row all the same although nothing is undone.
        lacks.(loaded) ->
          refuse.("it has neither " <> way <> "/0 nor change/0")

        true ->
          direction = if down, do: :down, else: :up
          say.("began_one " <> text.(inspect(loaded)))
          ran = Ecto.Migrator.run(repo, [{version, loaded}], direction, to: version)
          say.("ran " <> Enum.join(ran, " "))
          :done
      end
  end
end

outcome =
  try do
    if function_exported?(Ecto.Migrator, :migrations, 3) do
      case Ecto.Migrator.with_repo(repo, work, mode: :temporary) do
        {:ok, done, _} -> done
        {:error, reason} -> fail.("the repo did not start: " <> inspect(reason))
      end
    else
      refuse.("its Ecto is older than 3.5")
    end
  rescue
    error -> fail.(inspect(Map.get(error, :__struct__)) <> ": " <> Exception.message(error))
  catch
    kind, reason -> fail.(inspect(kind) <> ": " <> inspect(reason))
  end

say.("ended")
if outcome != :done, do: raise("the migration was not run to its end")
:ok

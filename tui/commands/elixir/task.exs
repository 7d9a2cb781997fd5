# Run a task of the app's configuration: `code` is its expression as hex, so that no quoting is in
# the way. The mark tells its end from an end of the VM: an exit status alone proves nothing.
say = fn line -> IO.puts(mark <> " " <> line) end
text = fn value -> Base.encode64(to_string(value)) end

say.("began")
Application.load(app)

outcome =
  try do
    {value, _} = Code.eval_string(Base.decode16!(code, case: :lower))
    say.("value " <> text.(inspect(value)))
    :done
  rescue
    error ->
      say.("failed " <> text.(inspect(Map.get(error, :__struct__)) <> ": " <> Exception.message(error)))
      :failed
  catch
    kind, reason ->
      say.("failed " <> text.(inspect(kind) <> ": " <> inspect(reason)))
      :failed
  end

say.("ended")
if outcome != :done, do: raise("the task was not run to its end")
:ok

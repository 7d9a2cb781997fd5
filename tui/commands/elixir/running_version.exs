# Which release the node was started from, the version of `app` in it, and whether it is ready.
# Changes nothing. `mark` frames the answer: what else a launcher prints is left aside.
IO.puts(mark <> " began")
IO.puts(elem(:init.script_id(), 1))
IO.puts(Application.spec(app, :vsn) || "-")
IO.puts(elem(:init.get_status(), 0))
started = Enum.any?(Application.started_applications(), fn known -> elem(known, 0) == app end)
IO.puts(if(started, do: "yes", else: "no"))
IO.puts(mark <> " ended")

# Which release the node was started from, and the version of `app` in it. Changes nothing.
# `mark` frames the answer: what else a launcher prints is left aside.
IO.puts(mark <> " began")
IO.puts(elem(:init.script_id(), 1))
IO.puts(Application.spec(app, :vsn) || "-")
IO.puts(mark <> " ended")

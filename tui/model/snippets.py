"""The shelf: Elixir to be put into a console's prompt, never run by itself. Reads only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Snippet:
    """An expression of one line that reads the node, and what it answers."""

    name: str
    answers: str
    expression: str


SNIPPETS = (
    Snippet(
        "run queue",
        "processes that wait for a scheduler; above a few times the schedulers is trouble",
        "{:erlang.statistics(:run_queue), :erlang.system_info(:schedulers_online)}",
    ),
    Snippet(
        "longest mailboxes",
        "the ten processes with most messages waiting",
        "Process.list() |> Enum.map(&{elem(Process.info(&1, :message_queue_len) || {0, 0}, 1), &1})"
        " |> Enum.sort(:desc) |> Enum.take(10)",
    ),
    Snippet(
        "memory by kind",
        "megabytes of processes, binaries, ETS, code",
        "Enum.map(:erlang.memory(), fn {k, v} -> {k, Float.round(v / 1048576, 1)} end)",
    ),
    Snippet(
        "largest processes",
        "the ten that hold most memory, in kilobytes",
        "Process.list() |> Enum.map(&{div(elem(Process.info(&1, :memory) || {0, 0}, 1), 1024), &1})"
        " |> Enum.sort(:desc) |> Enum.take(10)",
    ),
    Snippet(
        "database pools",
        "connections that are ready, and callers that wait, by repo",
        "for repo <- Ecto.Repo.all_running(), "
        "do: {repo, DBConnection.get_connection_metrics(Ecto.Adapter.lookup_meta(repo).pid)}",
    ),
    Snippet(
        "largest ETS tables",
        "the ten largest, with rows and kilobytes",
        ":ets.all() |> Enum.map(&{div((:ets.info(&1, :memory) || 0) * "
        ":erlang.system_info(:wordsize), 1024), :ets.info(&1, :size), :ets.info(&1, :name)})"
        " |> Enum.sort(:desc) |> Enum.take(10)",
    ),
    Snippet(
        "scheduler use",
        "how busy each scheduler was during one second",
        ":scheduler.utilization(1)",
    ),
    Snippet(
        "process count",
        "processes, and the most there may be",
        "{:erlang.system_info(:process_count), :erlang.system_info(:process_limit)}",
    ),
)

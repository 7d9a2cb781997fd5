defmodule Billing.Traffic do
  @moduledoc """
  What a busy service logs: two requests a second, the odd error, now and then a process that dies
  with a trace of several lines. Every twentieth request stores an invoice.
  """
  use GenServer
  require Logger

  @period_ms 500

  def start_link(_), do: GenServer.start_link(__MODULE__, nil, name: __MODULE__)

  def init(nil), do: {:ok, 1, {:continue, :request}}

  def handle_continue(:request, count), do: request(count)
  def handle_info(:request, count), do: request(count)

  def handle_info({:flood, run, rate, total}, count) do
    {:ok, _} = Task.start(fn -> flood(run, rate, total) end)
    {:noreply, count}
  end

  defp request(count) do
    Process.send_after(self(), :request, @period_ms)
    Logger.info("request_id=#{count} GET /v1/users/#{rem(count, 17)} Sent 200 in #{rem(count * 7, 90)}ms")
    if rem(count, 40) == 39, do: Logger.error("upstream timed out request_id=#{count}")
    if rem(count, 120) == 119, do: Task.start(fn -> bill!(count) end)
    if rem(count, 20) == 0, do: Task.start(fn -> store(count) end)
    {:noreply, count + 1}
  end

  defp bill!(count), do: raise(ArgumentError, "no amount in request_id=#{count}")

  defp store(count) do
    Billing.Repo.query!("INSERT INTO t_create_invoices (user_id) VALUES ($1)", [rem(count, 17)])
  rescue
    error ->
      words = error |> Exception.message() |> String.split("\n") |> hd()
      Logger.error("invoice not stored request_id=#{count}: #{words}")
  end

  # Paced by the clock, not by sleeping a fixed time, so that the rate holds.
  defp flood(run, rate, total) do
    started = System.monotonic_time(:microsecond)

    for number <- 1..total do
      due = started + div(number * 1_000_000, rate)
      wait_ms = div(due - System.monotonic_time(:microsecond), 1000)
      if wait_ms > 0, do: Process.sleep(wait_ms)
      Logger.info("flood #{number} of #{total} run=#{run}")
    end
  end
end

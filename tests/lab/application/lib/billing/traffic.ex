defmodule Billing.Traffic do
  @moduledoc "What a busy service logs: two requests a second, the odd error, now and then a trace."
  use GenServer
  require Logger

  def start_link(_), do: GenServer.start_link(__MODULE__, nil, name: __MODULE__)

  def init(nil), do: {:ok, 0, {:continue, :tick}}

  def handle_continue(:tick, count), do: tick(count)
  def handle_info(:tick, count), do: tick(count)

  defp tick(count) do
    Logger.info("request_id=#{count} GET /v1/users/#{rem(count, 17)} Sent 200 in #{rem(count * 7, 70)}ms")
    if rem(count, 20) == 19, do: Logger.error("upstream timed out request_id=#{count}")
    if rem(count, 120) == 119, do: trace(count)
    Process.send_after(self(), :tick, 500)
    {:noreply, count + 1}
  end

  defp trace(count) do
    raise ArgumentError, "no amount in request_id=#{count}"
  rescue
    error -> Logger.error(Exception.format(:error, error, __STACKTRACE__))
  end

  @doc "Log `rate` numbered lines a second for some seconds, in a process of its own."
  def flood(rate, seconds) do
    spawn(fn ->
      started = System.monotonic_time(:microsecond)

      for number <- 1..(rate * seconds) do
        due = started + div(number * 1_000_000, rate)
        wait = div(due - System.monotonic_time(:microsecond), 1000)
        if wait > 0, do: Process.sleep(wait)
        IO.puts("[info] flood #{number} of #{rate * seconds}")
      end
    end)
  end
end

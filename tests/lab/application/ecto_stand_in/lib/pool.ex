defmodule Ecto.StandIn.Pool do
  @moduledoc """
  The connections of one repo, opened when first needed. Whoever has one asks it itself; who dies
  with one takes it along. Who gets none within three seconds is told so, as by DBConnection.
  """
  use GenServer
  alias Ecto.StandIn.Psql

  @patience_ms 2_950

  def start_link(repo, config) do
    GenServer.start_link(__MODULE__, config, name: repo)
  end

  @doc "Run `fun` with a connection; one that the process already has for the repo is used again."
  def with_connection(repo, fun) do
    case Process.get({__MODULE__, repo}) do
      nil -> with_new_connection(repo, fun)
      connection -> fun.(connection)
    end
  end

  @doc "As with_connection/2, but always one more, which only `fun` knows."
  def with_another(repo, fun) do
    connection = take(repo)

    try do
      fun.(connection)
    after
      give_back(repo, connection)
    end
  end

  def size(repo), do: GenServer.call(repo, :size)

  defp with_new_connection(repo, fun) do
    with_another(repo, fn connection ->
      Process.put({__MODULE__, repo}, connection)

      try do
        fun.(connection)
      after
        Process.delete({__MODULE__, repo})
      end
    end)
  end

  defp take(repo) do
    url = seat(repo)
    started = now()
    connect(repo, url, started)
  end

  # A seat is the right to have one connection; the pool only counts them.
  defp seat(repo) do
    case GenServer.call(repo, :seat, @patience_ms * 2) do
      {:ok, url} -> url
      {:dropped, waited_ms} -> raise DBConnection.ConnectionError.dropped(waited_ms)
    end
  end

  defp connect(repo, url, started) do
    left = @patience_ms - (now() - started)

    case left > 0 && Psql.open(url, left) do
      {:ok, connection} ->
        connection

      {:error, _} ->
        Process.sleep(min(200, max(left, 0)))
        connect(repo, url, started)

      false ->
        GenServer.cast(repo, {:free, self()})
        raise DBConnection.ConnectionError.dropped(now() - started)
    end
  end

  defp give_back(repo, connection) do
    Psql.close(connection)
    GenServer.cast(repo, {:free, self()})
  end

  defp now, do: System.monotonic_time(:millisecond)

  def init(config) do
    size = Keyword.get(config, :pool_size, 10)
    {:ok, %{url: Keyword.fetch!(config, :url), size: size, free: size, held: [], waiting: []}}
  end

  def handle_call(:size, _from, state), do: {:reply, state.size, state}

  def handle_call(:seat, {pid, _} = from, state) do
    if state.free > 0 do
      {:reply, {:ok, state.url}, hold(state, pid)}
    else
      timer = Process.send_after(self(), {:give_up, from, now()}, @patience_ms)
      {:noreply, %{state | waiting: state.waiting ++ [{from, timer}]}}
    end
  end

  def handle_cast({:free, pid}, state), do: {:noreply, free(state, pid)}

  def handle_info({:DOWN, _, :process, pid, _}, state), do: {:noreply, free(state, pid)}

  def handle_info({:give_up, from, since}, state) do
    if List.keymember?(state.waiting, from, 0) do
      GenServer.reply(from, {:dropped, now() - since})
    end

    {:noreply, %{state | waiting: List.keydelete(state.waiting, from, 0)}}
  end

  defp hold(state, pid) do
    %{state | free: state.free - 1, held: [{pid, Process.monitor(pid)} | state.held]}
  end

  defp free(state, pid) do
    case List.keytake(state.held, pid, 0) do
      nil ->
        state

      {{_, monitor}, held} ->
        Process.demonitor(monitor, [:flush])
        serve(%{state | free: state.free + 1, held: held})
    end
  end

  defp serve(%{waiting: []} = state), do: state

  defp serve(%{waiting: [{{pid, _} = from, timer} | rest]} = state) do
    Process.cancel_timer(timer)
    GenServer.reply(from, {:ok, state.url})
    hold(%{state | waiting: rest}, pid)
  end
end

defmodule Billing do
  @moduledoc "What can be asked of the running application by rpc."

  @doc """
  Log `rate` numbered lines a second for some seconds, from a process of the application itself
  (so that they are in its unit's journal, whoever asks). Returns the run's name, which ends
  every line.
  """
  def flood(rate, seconds) do
    run = Base.encode16(:crypto.strong_rand_bytes(3), case: :lower)
    send(Billing.Traffic, {:flood, run, rate, rate * seconds})
    run
  end
end

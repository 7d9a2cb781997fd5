defmodule Billing.Repo do
  @moduledoc "State in PostgreSQL, through psql: the package registries have no database driver."
  use Agent

  def start_link(_), do: Agent.start_link(fn -> :running end, name: __MODULE__)
  def config, do: Application.get_env(:billing, __MODULE__, [])

  @doc "Run SQL; rows of strings, or `{:error, text}`. The password goes by the environment."
  def sql(statements) do
    uri = URI.parse(Keyword.fetch!(config(), :url))
    [user, password] = String.split(uri.userinfo, ":", parts: 2)

    args = ~w(-X -q -A -t -v ON_ERROR_STOP=1 -F) ++
      ["\t", "-h", uri.host, "-p", to_string(uri.port || 5432), "-U", user,
       "-d", String.trim_leading(uri.path, "/"), "-c", statements]

    env = [{"PGPASSWORD", password}, {"PGCONNECT_TIMEOUT", "3"}, {"LC_ALL", "C.UTF-8"}]

    case System.cmd("psql", args, env: env, stderr_to_stdout: true) do
      {out, 0} -> {:ok, out |> String.split("\n", trim: true) |> Enum.map(&String.split(&1, "\t"))}
      {text, 2} -> {:error, :unreachable, String.trim(text)}
      {text, _} -> {:error, :refused, String.trim(text)}
    end
  end
end

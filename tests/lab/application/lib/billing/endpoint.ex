defmodule Billing.Endpoint do
  @moduledoc """
  A small HTTP server: `/health` (200, or 503 while /tmp/unhealthy exists), `/log?text=…` (one line
  as it stands), `/flood?rate=…&seconds=…` (answers with the run's name).
  """
  use GenServer
  require Logger

  def start_link(_), do: GenServer.start_link(__MODULE__, nil, name: __MODULE__)

  def init(nil) do
    port = Application.get_env(:billing, :port, 4000)
    options = [:binary, packet: :http_bin, active: false, reuseaddr: true, backlog: 64]

    case :gen_tcp.listen(port, options) do
      {:ok, socket} ->
        Logger.info("Running Billing.Endpoint at 0.0.0.0:#{port} (http)")
        spawn_link(fn -> accept(socket) end)
        {:ok, socket}

      {:error, reason} ->
        {:stop, {:listen, reason}}
    end
  end

  defp accept(socket) do
    {:ok, client} = :gen_tcp.accept(socket)
    pid = spawn(fn -> receive do: (:go -> serve(client)) end)
    :gen_tcp.controlling_process(client, pid)
    send(pid, :go)
    accept(socket)
  end

  defp serve(client) do
    with {:ok, {:http_request, _method, {:abs_path, path}, _}} <- :gen_tcp.recv(client, 0, 5000),
         :ok <- skip_headers(client) do
      {status, body} = answer(URI.parse(path))
      head = "HTTP/1.1 #{status}\r\ncontent-type: text/plain\r\ncontent-length: #{byte_size(body)}\r\nconnection: close\r\n\r\n"
      :gen_tcp.send(client, [head, body])
    end

    :gen_tcp.close(client)
  end

  defp skip_headers(client) do
    case :gen_tcp.recv(client, 0, 5000) do
      {:ok, :http_eoh} -> :ok
      {:ok, {:http_header, _, _, _, _}} -> skip_headers(client)
      other -> other
    end
  end

  # A file, so that a test can make the service unwell without a word to the node.
  defp answer(%URI{path: "/health"}) do
    version = Application.spec(:billing, :vsn)

    if File.exists?("/tmp/unhealthy"),
      do: {"503 Service Unavailable", "unhealthy #{version}\n"},
      else: {"200 OK", "ok #{version}\n"}
  end

  defp answer(%URI{path: "/log", query: query}) do
    %{"text" => text} = URI.decode_query(query || "text=")
    IO.puts(:user, text)
    {"200 OK", "logged\n"}
  end

  defp answer(%URI{path: "/flood", query: query}) do
    %{"rate" => rate, "seconds" => seconds} = URI.decode_query(query || "")
    {"202 Accepted", Billing.flood(String.to_integer(rate), String.to_integer(seconds)) <> "\n"}
  end

  defp answer(_), do: {"404 Not Found", "not here\n"}
end

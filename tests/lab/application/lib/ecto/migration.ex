defmodule Ecto.MigrationError do
  defexception [:message]
end

defmodule DBConnection.ConnectionError do
  defexception [:message]
end

defmodule Ecto.Migration do
  @moduledoc """
  A stand-in with the calls of Ecto.Migration that the lab's migrations use. Commands are kept in
  the process and turned into SQL by Ecto.Migrator; backwards, each is turned round or refused.
  """

  defmacro __using__(_) do
    quote do
      import Ecto.Migration
    end
  end

  defmacro create(object, do: block), do: table_block(:create, object, block)
  defmacro alter(object, do: block), do: table_block(:alter, object, block)

  defp table_block(kind, object, block) do
    quote do
      Process.put(:columns, [])
      unquote(block)
      Ecto.Migration.push({unquote(kind), unquote(object), Enum.reverse(Process.get(:columns))})
    end
  end

  def table(name, _options \\ []), do: {:table, name}
  def index(table, columns, _options \\ []), do: {:index, table, List.wrap(columns)}
  def create({:index, _, _} = index), do: push({:create_index, index})
  def drop({:index, _, _} = index), do: push({:drop_index, index})
  def drop({:table, _} = table), do: push({:drop, table})
  def execute(sql), do: push({:execute, sql})
  def execute(up, down), do: push({:execute, up, down})
  def add(name, type, _options \\ []), do: column({:add, name, type})
  def remove(name), do: column({:remove, name})
  def remove(name, type, _options \\ []), do: column({:remove, name, type})

  defp column(change), do: Process.put(:columns, [change | Process.get(:columns)])
  def push(command), do: Process.put(:commands, [command | Process.get(:commands, [])])

  @doc "The commands of one function of a migration, as SQL, in the given direction."
  def commands(module, function, direction) do
    Process.put(:commands, [])
    apply(module, function, [])
    collected = Process.get(:commands)
    if direction == :forward, do: Enum.reverse(collected), else: Enum.map(collected, &reverse/1)
  end

  defp reverse({:create, table, _}), do: {:drop, table}
  defp reverse({:create_index, index}), do: {:drop_index, index}
  defp reverse({:drop_index, index}), do: {:create_index, index}
  defp reverse({:execute, up, down}), do: {:execute, down, up}
  defp reverse({:alter, table, changes} = command) do
    {:alter, table, changes |> Enum.reverse() |> Enum.map(&reverse_column(&1, command))}
  end
  defp reverse(command), do: irreversible(command)

  defp reverse_column({:add, name, type}, _), do: {:remove, name, type}
  defp reverse_column({:remove, name, type}, _), do: {:add, name, type}
  defp reverse_column(_, command), do: irreversible(command)

  defp irreversible(command) do
    raise Ecto.MigrationError,
      message: "cannot reverse migration command: #{inspect(command)}. You will need to explicitly define up/0 and down/0 in your migration"
  end

  def sql({:create, {:table, table}, columns}) do
    list = Enum.map_join(columns, "", fn {:add, name, type} -> ", \"#{name}\" #{type(type)}" end)
    "CREATE TABLE \"#{table}\" (id bigserial PRIMARY KEY#{list})"
  end
  def sql({:alter, {:table, table}, changes}) do
    "ALTER TABLE \"#{table}\" " <> Enum.map_join(changes, ", ", &column_sql/1)
  end
  def sql({:drop, {:table, table}}), do: "DROP TABLE \"#{table}\""
  def sql({:create_index, {:index, table, columns} = index}) do
    "CREATE INDEX \"#{index_name(index)}\" ON \"#{table}\" (#{Enum.join(columns, ", ")})"
  end
  def sql({:drop_index, index}), do: "DROP INDEX \"#{index_name(index)}\""
  def sql({:execute, sql}), do: sql
  def sql({:execute, up, _down}), do: up

  defp column_sql({:add, name, type}), do: "ADD COLUMN \"#{name}\" #{type(type)}"
  defp column_sql({:remove, name}), do: "DROP COLUMN \"#{name}\""
  defp column_sql({:remove, name, _}), do: "DROP COLUMN \"#{name}\""

  defp index_name({:index, table, columns}), do: Enum.join([table | columns], "_") <> "_index"

  defp type(:string), do: "varchar(255)"
  defp type(:utc_datetime), do: "timestamp(0)"
  defp type(other), do: to_string(other)

  def describe({:execute, sql}), do: "execute #{inspect(sql)}"
  def describe({:execute, up, _}), do: "execute #{inspect(up)}"
  def describe({:create, {:table, table}, _}), do: "create table #{table}"
  def describe({:alter, {:table, table}, _}), do: "alter table #{table}"
  def describe({:drop, {:table, table}}), do: "drop table #{table}"
  def describe({:create_index, index}), do: "create index #{index_name(index)}"
  def describe({:drop_index, index}), do: "drop index #{index_name(index)}"
end

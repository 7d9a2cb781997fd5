defmodule Ecto.StandIn.Ddl do
  @moduledoc "A migration's commands as PostgreSQL's SQL, and as the words of the log. Pure."

  def sql({:create, {:table, table}, columns}) do
    own = Enum.map(columns, fn {:add, name, type, options} -> column(name, type, options) end)
    "CREATE TABLE \"#{table}\" (#{Enum.join(["\"id\" bigserial PRIMARY KEY" | own], ", ")})"
  end

  def sql({:alter, {:table, table}, changes}) do
    "ALTER TABLE \"#{table}\" #{Enum.map_join(changes, ", ", &change/1)}"
  end

  def sql({:drop, {:table, table}}), do: "DROP TABLE \"#{table}\""

  def sql({:rename, {:table, table}, old, new}) do
    "ALTER TABLE \"#{table}\" RENAME \"#{old}\" TO \"#{new}\""
  end

  def sql({:create_index, {:index, table, columns, options} = index}) do
    unique = if options[:unique], do: "UNIQUE ", else: ""
    "CREATE #{unique}INDEX \"#{index_name(index)}\" ON \"#{table}\" (#{Enum.join(columns, ", ")})"
  end

  def sql({:drop_index, index}), do: "DROP INDEX \"#{index_name(index)}\""
  def sql({:execute, sql}), do: sql
  def sql({:execute, up, _down}), do: up

  def describe({:execute, sql}), do: "execute #{inspect(sql)}"
  def describe({:execute, up, _down}), do: "execute #{inspect(up)}"
  def describe({:create, {:table, table}, _}), do: "create table #{table}"
  def describe({:alter, {:table, table}, _}), do: "alter table #{table}"
  def describe({:drop, {:table, table}}), do: "drop table #{table}"
  def describe({:create_index, index}), do: "create index #{index_name(index)}"
  def describe({:drop_index, index}), do: "drop index #{index_name(index)}"

  def describe({:rename, {:table, table}, old, new}) do
    "rename column #{old} to #{new} on table #{table}"
  end

  defp change({:add, name, type, options}), do: "ADD COLUMN " <> column(name, type, options)
  defp change({:remove, name}), do: "DROP COLUMN \"#{name}\""
  defp change({:remove, name, _, _}), do: "DROP COLUMN \"#{name}\""
  defp change({:modify, name, type, _}), do: "ALTER COLUMN \"#{name}\" TYPE #{type(type)}"

  defp column(name, type, options) do
    null = if options[:null] == false, do: " NOT NULL", else: ""
    default = if Keyword.has_key?(options, :default), do: " DEFAULT #{default(options)}", else: ""
    "\"#{name}\" #{type(type)}#{default}#{null}"
  end

  defp default(options) do
    case options[:default] do
      text when is_binary(text) -> "'#{String.replace(text, "'", "''")}'"
      other -> to_string(other)
    end
  end

  defp index_name({:index, table, columns, _}), do: Enum.join([table | columns] ++ ["index"], "_")

  defp type(:string), do: "varchar(255)"
  defp type(type) when type in [:utc_datetime, :naive_datetime], do: "timestamp(0)"
  defp type(other), do: to_string(other)
end

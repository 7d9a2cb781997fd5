defmodule Ecto.Migration do
  @moduledoc """
  The calls of Ecto.Migration that the lab's migrations use. Commands are gathered in the process
  that runs the migration and carried out at `flush/0` or at the end; undoing a `change` turns
  each round, last first, or refuses.
  """

  defmacro __using__(_) do
    quote do
      import Ecto.Migration
      Module.register_attribute(__MODULE__, :disable_ddl_transaction, [])
      Module.register_attribute(__MODULE__, :disable_migration_lock, [])
      @disable_ddl_transaction false
      @disable_migration_lock false
      @before_compile Ecto.Migration
    end
  end

  defmacro __before_compile__(_) do
    quote do
      def __migration__ do
        [
          disable_ddl_transaction: @disable_ddl_transaction,
          disable_migration_lock: @disable_migration_lock
        ]
      end
    end
  end

  defmacro create(object, do: block), do: columns_of(:create, object, block)
  defmacro alter(object, do: block), do: columns_of(:alter, object, block)

  defp columns_of(kind, object, block) do
    quote do
      table = unquote(object)
      Process.put(:columns, [])
      unquote(block)
      Ecto.Migration.push({unquote(kind), table, Enum.reverse(Process.delete(:columns))})
    end
  end

  def table(name, _options \\ []), do: {:table, name}

  def index(table, columns, options \\ []), do: {:index, table, List.wrap(columns), options}
  def unique_index(table, columns), do: index(table, columns, unique: true)

  def create({:index, _, _, _} = index), do: push({:create_index, index})
  def create({:table, _} = table), do: push({:create, table, []})
  def drop({:index, _, _, _} = index), do: push({:drop_index, index})
  def drop({:table, _} = table), do: push({:drop, table})
  def rename({:table, _} = table, column, to: new), do: push({:rename, table, column, new})
  def execute(sql) when is_binary(sql), do: push({:execute, sql})
  def execute(up, down), do: push({:execute, up, down})

  def add(name, type, options \\ []), do: column({:add, name, type, options})
  def remove(name), do: column({:remove, name})
  def remove(name, type, options \\ []), do: column({:remove, name, type, options})
  def modify(name, type, options \\ []), do: column({:modify, name, type, options})

  def timestamps do
    add(:inserted_at, :naive_datetime, null: false)
    add(:updated_at, :naive_datetime, null: false)
  end

  def repo, do: Process.get(:migration_repo)
  def direction, do: Process.get(:migration_direction)

  @doc "Carry out what was gathered so far."
  def flush do
    commands = Process.put(:migration_commands, [])
    way = Process.get(:migration_way)
    ordered = if way == :forward, do: Enum.reverse(commands), else: Enum.map(commands, &reverse/1)
    Enum.each(ordered, Process.get(:migration_carry_out))
  end

  @doc "Run one function of a migration, forward or turned round; `carry_out` gets each command."
  def run(repo, module, function, direction, way, carry_out) do
    Process.put(:migration_repo, repo)
    Process.put(:migration_direction, direction)
    Process.put(:migration_way, way)
    Process.put(:migration_carry_out, carry_out)
    Process.put(:migration_commands, [])
    apply(module, function, [])
    flush()
  after
    for key <- ~w(repo direction way carry_out commands)a, do: Process.delete(:"migration_#{key}")
  end

  def push(command) do
    Process.put(:migration_commands, [command | Process.get(:migration_commands)])
    :ok
  end

  defp column(change), do: Process.put(:columns, [change | Process.get(:columns)])

  defp reverse({:create, table, _}), do: {:drop, table}
  defp reverse({:create_index, index}), do: {:drop_index, index}
  defp reverse({:drop_index, index}), do: {:create_index, index}
  defp reverse({:rename, table, column, new}), do: {:rename, table, new, column}
  defp reverse({:execute, up, down}), do: {:execute, down, up}

  defp reverse({:alter, table, changes} = command) do
    {:alter, table, changes |> Enum.reverse() |> Enum.map(&reverse_column(&1, command))}
  end

  defp reverse(command), do: irreversible(command)

  defp reverse_column({:add, name, type, options}, _), do: {:remove, name, type, options}
  defp reverse_column({:remove, name, type, options}, _), do: {:add, name, type, options}

  defp reverse_column({:modify, name, type, options}, command) do
    case options[:from] do
      nil -> irreversible(command)
      from -> {:modify, name, from, from: type}
    end
  end

  defp reverse_column(_, command), do: irreversible(command)

  defp irreversible(command) do
    raise Ecto.MigrationError,
      message:
        "cannot reverse migration command: #{Ecto.StandIn.Ddl.describe(command)}. " <>
          "You will need to explicitly define up/0 and down/0 in your migration"
  end
end

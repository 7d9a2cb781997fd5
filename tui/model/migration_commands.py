"""The commands of Ecto.Migration: what each loses forwards and backwards, can it be reversed. Pure.

As Ecto reverses them (its runner): create, add, rename, index, constraint are; remove with a type
is; drop of a table or constraint, remove without a type, execute/1, modify without `from:` and
the `…_if_(not_)exists` columns are not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tui.model.elixir_calls import Argument, Call, call_of, literal, written
from tui.model.elixir_groups import Group, Statement
from tui.model.elixir_tokens import Token

Lost = tuple[str, ...] | None
"""The names of what is lost; () is nothing, None cannot be told."""

CANNOT_TELL = "it cannot be told what this does"


@dataclass(frozen=True, slots=True)
class Effect:
    """One command: its line, what it loses each way, whether it can be reversed (None: cannot be
    told), and why where that is not plain; `unsure` is why a loss cannot be told."""

    line: int
    forward: Lost = ()
    backward: Lost = ()
    reversible: bool | None = True
    why: str = ""
    unsure: str = ""
    raises: bool = False


def unknown(line: int, why: str = CANNOT_TELL, *, reversible: bool | None = None) -> Effect:
    """An effect that cannot be told either way."""
    return Effect(line, None, None, reversible, why)


def effects_of(statement: Statement) -> list[Effect]:
    """What a statement of `up`, `down` or `change` does."""
    line = statement[0].line
    if len(statement) == 1 and isinstance(statement[0], Token):
        token = statement[0]
        if token.kind in ("atom", "string", "number") and not token.woven:
            return []
        if token.text in ("nil", "true", "false"):
            return []
    call = call_of(statement)
    if call is None:
        return [unknown(line)]
    command = COMMANDS.get(call.name)
    return command(call) if command is not None else [unknown(line)]


@dataclass(frozen=True, slots=True)
class _Object:
    """What a command is about: `kind` is table, index or constraint."""

    kind: str
    name: str


_OBJECTS = {"table": "table", "index": "index", "unique_index": "index", "constraint": "constraint"}


def _object(argument: Argument | None) -> _Object | None:
    call = call_of(argument) if argument else None
    if call is None or not call.args or call.block is not None:
        return None
    if call.name not in _OBJECTS:
        return None
    return _Object(_OBJECTS[call.name], _table_name(call))


def _table_name(call: Call) -> str:
    name = literal(call.args[0])
    prefix = call.options.get("prefix")
    shown = name if name is not None else written(call.args[0])
    if prefix is None:
        return shown
    space = literal(prefix)
    return f"{space if space is not None else written(prefix)}.{shown}"


def _create(call: Call) -> list[Effect]:
    found = _object(call.args[0]) if len(call.args) == 1 and not call.options else None
    if found is None:
        return [unknown(call.line)]
    if found.kind != "table":
        return [] if call.block is None else [unknown(call.line)]
    # Columns of a table that is created are lost with it, and by nothing else.
    inside = [e for e in _columns(call, found.name) if e.reversible is None]
    return [Effect(call.line, (), (f"table {found.name}",)), *inside]


def _alter(call: Call) -> list[Effect]:
    found = _object(call.args[0]) if len(call.args) == 1 else None
    if found is None or found.kind != "table" or call.body is None:
        return [unknown(call.line)]
    return _columns(call, found.name)


def _columns(call: Call, table: str) -> list[Effect]:
    if call.body is None:
        return [] if call.block is None else [unknown(call.line)]
    found: list[Effect] = []
    for statement in call.body:
        inner = call_of(statement)
        column = _COLUMNS.get(inner.name) if inner is not None else None
        if inner is None or column is None or inner.block is not None:
            found.append(unknown(statement[0].line))
        else:
            found += column(inner, table)
    return found


def _column(call: Call, table: str) -> str:
    name = literal(call.args[0]) if call.args else None
    shown = name if name is not None else written(call.args[0]) if call.args else "?"
    return f"column {table}.{shown}"


def _add(call: Call, table: str) -> list[Effect]:
    if not call.args:
        return [unknown(call.line)]
    return [Effect(call.line, (), (_column(call, table),))]


def _add_if_not_exists(call: Call, table: str) -> list[Effect]:
    why = "Ecto cannot tell whether the column was there before"
    lost = (_column(call, table),)
    return [Effect(call.line, (), lost, False, why)]


def _remove(call: Call, table: str) -> list[Effect]:
    if not call.args:
        return [unknown(call.line)]
    lost = (_column(call, table),)
    if call.arity > 1:
        return [Effect(call.line, lost, ())]
    return [Effect(call.line, lost, (), False, "no type is given")]


def _remove_if_exists(call: Call, table: str) -> list[Effect]:
    why = "Ecto cannot tell whether the column was there before"
    return [Effect(call.line, (_column(call, table),), (), False, why)]


def _modify(call: Call, table: str) -> list[Effect]:
    origin = call.options.get("from")
    if len(call.args) != 2:
        return [unknown(call.line)]
    if origin is None:
        return [Effect(call.line, None, None, False, "no `from:` is given", _UNFIT)]
    before, after = _type(origin), _type(call.args[1])
    if before and before == after:
        return [Effect(call.line)]
    forward: Lost = () if (before, after) in _WIDER else None
    return [Effect(call.line, forward, () if (after, before) in _WIDER else None, unsure=_UNFIT)]


_UNFIT = "whether every value fits the other type cannot be told"
_WIDER = frozenset({("string", "text"), ("integer", "bigint"), ("string", "citext")})


def _type(argument: Argument) -> str:
    """A column's type as far as it is plain; references keep the column as it is."""
    name = literal(argument)
    if name is not None:
        return name
    call = call_of(argument)
    if call is not None and call.name == "references":
        kind = call.options.get("type")
        return "references " + (written(kind) if kind is not None else "id")
    if len(argument) == 1 and isinstance(argument[0], Group) and argument[0].items:
        # `{type, options}` in `from:`.
        return literal(argument[0].items[:1]) or ""
    return ""


def _timestamps(call: Call, table: str) -> list[Effect]:
    names = []
    for key in ("inserted_at", "updated_at"):
        given = call.options.get(key)
        off = given is not None and written(given) == "false"
        if not off:
            names.append(key if given is None else literal(given) or written(given))
    if call.args:
        return [unknown(call.line)]
    return [Effect(call.line, (), tuple(f"column {table}.{name}" for name in names))]


def _drop(call: Call) -> list[Effect]:
    found = _object(call.args[0]) if len(call.args) == 1 else None
    if found is None or call.block is not None:
        return [unknown(call.line)]
    if found.kind == "index":
        return [Effect(call.line)]
    if found.kind == "constraint":
        return [Effect(call.line, (), (), False, "Ecto does not bring a constraint back")]
    beside = " and what depends on it" if literal(call.options.get("mode")) == "cascade" else ""
    lost = (f"table {found.name}{beside}",)
    return [Effect(call.line, lost, (), False, "Ecto cannot bring a table back")]


def _rename(call: Call) -> list[Effect]:
    plain = call.args and _object(call.args[0]) is not None and "to" in call.options
    return [Effect(call.line)] if plain else [unknown(call.line)]


def _execute(call: Call) -> list[Effect]:
    if call.block is not None or not 1 <= call.arity <= 2:
        return [unknown(call.line)]
    why = "what its SQL or function does cannot be told"
    if call.arity == 2:
        return [Effect(call.line, None, None, True, why)]
    return [Effect(call.line, None, None, False, "only one way of it is given", why)]


def _flush(call: Call) -> list[Effect]:
    return [] if not call.arity and call.block is None else [unknown(call.line)]


def _raise(call: Call) -> list[Effect]:
    return [Effect(call.line, (), (), False, "it raises", raises=True)]


COMMANDS: dict[str, Callable[[Call], list[Effect]]] = {
    "create": _create,
    "create_if_not_exists": _create,
    "alter": _alter,
    "drop": _drop,
    "drop_if_exists": _drop,
    "rename": _rename,
    "execute": _execute,
    "execute_file": _execute,
    "flush": _flush,
    "raise": _raise,
}
"""What may stand in a migration's function, by name."""

_COLUMNS: dict[str, Callable[[Call, str], list[Effect]]] = {
    "add": _add,
    "add_if_not_exists": _add_if_not_exists,
    "remove": _remove,
    "remove_if_exists": _remove_if_exists,
    "modify": _modify,
    "timestamps": _timestamps,
}

NAMES = frozenset({*COMMANDS, *_COLUMNS, *_OBJECTS, "references", "fragment", "repo", "direction"})
"""The names of Ecto.Migration that a module's own function would stand in for."""

"""Elixir's values in Python: integers, strings, lists, tuples and maps are Python's own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Atom:
    """An atom; nil, true and false are Python's."""

    name: str


@dataclass(frozen=True, slots=True)
class Opaque:
    """A value that is only shown: a pid, a reference, a function's name."""

    shown: str


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """An anonymous function."""

    arity: int
    call: Callable[[list[object]], Awaitable[object]]
    shown: str = "#Function<42.3316493/1 in :erl_eval.expr/6>"


def module_atom(name: str) -> Atom:
    """The atom that a module's name stands for."""
    return Atom(f"Elixir.{name}")


def module_name(atom: object) -> str:
    """How a module is written: `Billing.Repo`, `:init`; `""` if it is none."""
    if not isinstance(atom, Atom):
        return ""
    return atom.name[7:] if atom.name.startswith("Elixir.") else f":{atom.name}"


def is_charlist(value: object) -> bool:
    """Whether a list shows as 'text'."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(c, int) and (32 <= c < 127 or c in (7, 8, 9, 10, 13)) for c in value)
    )


def text_of(value: object) -> str:
    """`to_string`. TypeError where Elixir has no String.Chars for it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, str):
        return value
    if isinstance(value, Atom):
        return value.name
    if isinstance(value, list):
        return "".join(chr(item) if isinstance(item, int) else text_of(item) for item in value)
    raise TypeError(value)


def keyword(options: object, name: str, default: object = None) -> object:
    """A keyword list's value."""
    if isinstance(options, list):
        for item in options:
            if isinstance(item, tuple) and len(item) == 2 and item[0] == Atom(name):
                return item[1]
    return default


def truthy(value: object) -> bool:
    """All but nil and false."""
    return value is not None and value is not False

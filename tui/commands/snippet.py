"""Elixir that travels as data: a file beside this one, base64, with bindings that were checked.

No shell and no reader of a command line sees Elixir; nothing from a host becomes part of it
but what passed an allowlist.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import cache
from importlib import resources

from tui.model.migration import repo_fits
from tui.model.names import app_name_fits


@dataclass(frozen=True, slots=True)
class Atom:
    """An atom with a plain name: an app's."""

    name: str


@dataclass(frozen=True, slots=True)
class Module:
    """A module by its name."""

    name: str


Bound = Atom | Module | int | str | None


def expression(file: str, **bindings: Bound) -> str:
    """One Elixir expression that evaluates a file of `elixir/` with these bindings.

    ValueError if a binding is none that may be written: a string must be alphanumeric.
    """
    text = base64.b64encode(_snippet(file)).decode()
    words = ", ".join(f"{name}: {_literal(value)}" for name, value in bindings.items())
    return f'Code.eval_string(Base.decode64!("{text}"), [{words}])'


def _literal(value: Bound) -> str:
    match value:
        case None:
            return "nil"
        case Atom(name) if app_name_fits(name):
            return f":{name}"
        case Module(name) if repo_fits(name):
            return name
        case int() if value >= 0:
            return str(int(value))
        case str() if value.isascii() and value.isalnum():
            return f'"{value}"'
    raise ValueError(f"{value!r} cannot be handed to a snippet")


@cache
def _snippet(file: str) -> bytes:
    return (resources.files("tui.commands") / "elixir" / file).read_bytes()

"""Binary operators and `to_string`. Pure."""

from __future__ import annotations

import operator
from collections.abc import Callable

from tui.demo.elixir.errors import ElixirError, NotSimulated
from tui.demo.elixir.inspect_text import inspect
from tui.demo.elixir.values import text_of


def to_string(value: object) -> str:
    """`to_string`, or Protocol.UndefinedError as Elixir raises it."""
    try:
        return text_of(value)
    except TypeError:
        raise ElixirError(
            "Protocol.UndefinedError",
            f"protocol String.Chars not implemented for {inspect(value)} of type "
            f"{'Tuple' if isinstance(value, tuple) else 'Map'}",
        ) from None


_ARITHMETIC: dict[str, Callable[[float, float], object]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
_COMPARED: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


def operated(name: str, left: object, right: object) -> object:
    """The value of a binary operator that does not decide what is evaluated."""
    if name in ("==", "==="):
        return left == right and isinstance(left, str) == isinstance(right, str)
    if name in ("!=", "!=="):
        return left != right
    if name == "<>" and isinstance(left, str) and isinstance(right, str):
        return left + right
    if isinstance(right, list) and name in ("in", "++", "--"):
        return _with_list(name, left, right)
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        if name in _ARITHMETIC:
            return _ARITHMETIC[name](left, right)
        if name in _COMPARED:
            return _COMPARED[name](left, right)
    if name in _ARITHMETIC:
        raise ElixirError("ArithmeticError", "bad argument in arithmetic expression")
    raise NotSimulated(f"{inspect(left)} {name} {inspect(right)}")


def _with_list(name: str, left: object, right: list[object]) -> object:
    if name == "in":
        return left in right
    if not isinstance(left, list):
        raise ElixirError("ArgumentError", "argument error")
    if name == "++":
        return left + right
    rest = list(left)
    for item in right:
        if item in rest:
            rest.remove(item)
    return rest

"""Pattern matching: whether a value fits, and what it binds. Pure."""

from __future__ import annotations

from tui.demo.elixir import syntax as ast
from tui.demo.elixir.errors import NotSimulated


def match(pattern: ast.Node, value: object, scope: dict[str, object]) -> bool:
    """Whether `value` fits `pattern`; the pattern's variables are bound in `scope`."""
    if isinstance(pattern, ast.Name):
        if pattern.name != "_":
            scope[pattern.name] = value
        return True
    if isinstance(pattern, ast.Pin):
        return scope.get(pattern.name) == value
    if isinstance(pattern, ast.Literal):
        return pattern.value == value and type(pattern.value) is type(value)
    if isinstance(pattern, ast.Binary):
        return _binary(pattern, value, scope)
    if isinstance(pattern, ast.Text):
        return value == "".join(part for part in pattern.parts if isinstance(part, str))
    if isinstance(pattern, ast.Mapping):
        return _mapping(pattern, value, scope)
    if isinstance(pattern, ast.Sequence):
        return _sequence(pattern, value, scope)
    raise NotSimulated("such a pattern")


def _binary(pattern: ast.Binary, value: object, scope: dict[str, object]) -> bool:
    if pattern.operator == "=":
        return match(pattern.left, value, scope) and match(pattern.right, value, scope)
    if pattern.operator == "<>" and isinstance(pattern.left, ast.Text):
        head = "".join(part for part in pattern.left.parts if isinstance(part, str))
        if not isinstance(value, str) or not value.startswith(head):
            return False
        return match(pattern.right, value[len(head) :], scope)
    raise NotSimulated(f"a pattern with {pattern.operator}")


def _mapping(pattern: ast.Mapping, value: object, scope: dict[str, object]) -> bool:
    if not isinstance(value, dict):
        return False
    for key, wanted in pattern.pairs:
        if not isinstance(key, ast.Literal):
            raise NotSimulated("such a key in a pattern")
        if key.value not in value or not match(wanted, value[key.value], scope):
            return False
    return True


def _sequence(pattern: ast.Sequence, value: object, scope: dict[str, object]) -> bool:
    if not isinstance(value, tuple if pattern.kind == "tuple" else list):
        return False
    count = len(pattern.items)
    if len(value) < count or (pattern.tail is None and len(value) != count):
        return False
    if not all(match(p, v, scope) for p, v in zip(pattern.items, value[:count], strict=True)):
        return False
    return pattern.tail is None or match(pattern.tail, list(value[count:]), scope)

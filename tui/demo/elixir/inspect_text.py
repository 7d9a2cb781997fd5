"""`inspect`: values as Elixir 1.14 writes and breaks them (Inspect.Algebra). Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tui.demo.elixir.values import Atom, Function, Opaque, is_charlist, module_name

_PLAIN_ATOM = re.compile(r"[A-Za-z_][\w@]*[?!]?\Z")
_MODULE = re.compile(r"Elixir(\.[A-Z]\w*)+\Z")
_ESCAPES = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\x1b": "\\e", "\\": "\\\\", "#{": "\\#{"}


@dataclass(frozen=True)
class _Group:
    """Items between brackets: on one line if they fit, else broken by `flex` or one a line."""

    left: str
    items: tuple[str | _Group, ...]
    right: str
    flex: bool

    def flat(self) -> str:
        shown = ", ".join(i if isinstance(i, str) else i.flat() for i in self.items)
        return f"{self.left}{shown}{self.right}"


def inspect(value: object, *, limit: float = 50, width: float = 80) -> str:
    """The text of a value; `limit` counts items of collections, `width` columns."""
    shown = _Limits(limit).shown(value)
    return shown if isinstance(shown, str) else _laid_out(shown, 0, width)


class _Limits:
    """The items that may still be shown."""

    def __init__(self, limit: float) -> None:
        self._left = limit

    def shown(self, value: object) -> str | _Group:
        if isinstance(value, list) and not is_charlist(value):
            return self._list(value)
        if isinstance(value, tuple):
            return _Group("{", self._items(value), "}", flex=True)
        if isinstance(value, dict):
            return self._map(value)
        return _scalar(value)

    def _items(self, values: Sequence[object]) -> tuple[str | _Group, ...]:
        items: list[str | _Group] = []
        for value in values:
            if self._left <= 0:
                items.append("...")
                break
            self._left -= 1
            items.append(self.shown(value))
        return tuple(items)

    def _list(self, values: list[object]) -> str | _Group:
        if not values:
            return "[]"
        if all(isinstance(v, tuple) and len(v) == 2 and isinstance(v[0], Atom) for v in values):
            pairs = [self._pair(v) for v in values if isinstance(v, tuple)]
            return _Group("[", tuple(pairs), "]", flex=all(isinstance(p, str) for p in pairs))
        items = self._items(values)
        return _Group("[", items, "]", flex=all(isinstance(item, str) for item in items))

    def _pair(self, pair: tuple[object, ...]) -> str | _Group:
        key = f"{_key(pair[0])} "
        value = self.shown(pair[1])
        if isinstance(value, str):
            return key + value
        return _Group(key + value.left, value.items, value.right, value.flex)

    def _map(self, value: dict[object, object]) -> str | _Group:
        if not value:
            return "%{}"
        if all(isinstance(key, Atom) for key in value):
            pairs: tuple[str | _Group, ...] = tuple(self._pair((k, value[k])) for k in value)
        else:
            pairs = tuple(
                f"{inspect(key)} => {inspect(item)}"  # keys of other kinds stay on their line
                for key, item in sorted(value.items(), key=_rank)
            )
        return _Group("%{", pairs, "}", flex=all(isinstance(p, str) for p in pairs))


def _laid_out(group: _Group, column: int, width: float, *, after: int = 0) -> str:
    """A group that begins in `column`, with `after` columns of text right behind it."""
    flat = group.flat()
    if column + len(flat) + after <= width:
        return flat
    return _flexed(group, column, width) if group.flex else _stacked(group, column, width)


def _flexed(group: _Group, column: int, width: float) -> str:
    """Break only where the next item would not fit on the line."""
    indent = column + len(group.left) if len(group.left) == 1 else column + 1
    text, at = group.left, column + len(group.left)
    for number, item in enumerate(group.items):
        last = number == len(group.items) - 1
        flat = item if isinstance(item, str) else item.flat()
        if number:
            if at + 1 + len(flat) + 1 <= width:
                text, at = text + " ", at + 1
            else:
                text, at = text + "\n" + " " * indent, indent
        shown = item if isinstance(item, str) else _laid_out(item, at, width, after=1)
        shown += group.right if last else ","
        text += shown
        at = at + len(shown) if "\n" not in shown else len(shown) - shown.rfind("\n") - 1
    return text


def _stacked(group: _Group, column: int, width: float) -> str:
    """One item a line."""
    indent = column + 2
    lines = []
    for number, item in enumerate(group.items):
        shown = item if isinstance(item, str) else _laid_out(item, indent, width, after=1)
        lines.append(" " * indent + shown + ("," if number < len(group.items) - 1 else ""))
    return f"{group.left}\n" + "\n".join(lines) + f"\n{' ' * column}{group.right}"


def _scalar(value: object) -> str:
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{_escaped(value, chr(34))}"'
    if isinstance(value, Atom):
        return atom_text(value)
    if isinstance(value, list):
        return f"'{_escaped(''.join(map(chr, value)), chr(39))}'"
    if isinstance(value, (Opaque, Function)):
        return value.shown
    return str(value)


def atom_text(atom: Atom) -> str:
    """`:name`, `Module`, `:"odd name"`."""
    if _MODULE.match(atom.name):
        return module_name(atom)
    return f":{atom.name}" if _PLAIN_ATOM.match(atom.name) else f':"{_escaped(atom.name, chr(34))}"'


def _rank(pair: tuple[object, object]) -> tuple[int, str]:
    """Elixir's order of keys: numbers, atoms, tuples, lists, strings."""
    kinds: tuple[type | tuple[type, ...], ...] = ((int, float), Atom, tuple, list, str)
    place = next((n for n, kind in enumerate(kinds) if isinstance(pair[0], kind)), 9)
    return place, str(pair[0])


def _key(key: object) -> str:
    name = key.name if isinstance(key, Atom) else str(key)
    return f"{name}:" if _PLAIN_ATOM.match(name) else f'"{_escaped(name, chr(34))}":'


def _escaped(text: str, quote: str) -> str:
    shown = text.replace("\\", "\\\\").replace(quote, f"\\{quote}").replace("#{", "\\#{")
    for char, escape in _ESCAPES.items():
        if char not in ("\\", "#{"):
            shown = shown.replace(char, escape)
    return "".join(c if c.isprintable() else _code_point(ord(c)) for c in shown)


def _code_point(number: int) -> str:
    return f"\\x{number:02X}" if number < 0x100 else f"\\x{{{number:X}}}"

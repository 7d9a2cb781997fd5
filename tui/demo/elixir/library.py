"""The functions of Elixir that need nothing but their arguments and standard output."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from tui.demo.elixir.errors import ElixirError, NotSimulated
from tui.demo.elixir.inspect_text import inspect
from tui.demo.elixir.operators import to_string
from tui.demo.elixir.values import Atom, Function, is_charlist, keyword, text_of, truthy

if TYPE_CHECKING:
    from tui.demo.elixir.evaluate import Evaluation

Builtin = Callable[["Evaluation", list[object]], object | Awaitable[object]]


def arguments(args: list[object], least: int, most: int | None = None) -> list[object]:
    """The arguments, missing optional ones as None; ValueError ("unpack") for another arity."""
    if not least <= len(args) <= (most or least):
        raise ValueError("cannot unpack so many arguments")
    return args + [None] * ((most or least) - len(args))


def _device(args: list[object], least: int, most: int) -> list[object]:
    """IO's arguments without a leading device."""
    if len(args) > least and args[0] in (Atom("stdio"), Atom("stderr")):
        args = args[1:]
    return arguments(args, least, most)


def _puts(run: Evaluation, args: list[object]) -> object:
    (value,) = _device(args, 1, 1)
    run.world.write(to_string(value) + "\n")
    return Atom("ok")


def _write(run: Evaluation, args: list[object]) -> object:
    (value,) = _device(args, 1, 1)
    run.world.write(to_string(value))
    return Atom("ok")


def _io_inspect(run: Evaluation, args: list[object]) -> object:
    value, options = _device(args, 1, 2)
    label = keyword(options, "label")
    prefix = f"{to_string(label)}: " if label is not None else ""
    run.world.write(prefix + _inspected(value, options) + "\n")
    return value


def _inspected(value: object, options: object) -> str:
    limit, width = keyword(options, "limit", 50), keyword(options, "width", 80)
    return inspect(
        value,
        limit=limit if isinstance(limit, (int, float)) else math.inf,
        width=width if isinstance(width, (int, float)) else math.inf,
    )


def _inspect(_run: Evaluation, args: list[object]) -> object:
    value, options = arguments(args, 1, 2)
    return _inspected(value, options)


def pure(least: int, function: Callable[..., object], most: int | None = None) -> Builtin:
    """A library function from a Python function of its arguments."""

    def call(_run: Evaluation, args: list[object]) -> object:
        arguments(args, least, most)
        return function(*args)

    return call


def items(value: object) -> list[object]:
    """What an Enum function goes through. ElixirError if it is not enumerable."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        return list(value.items())
    shown = f"protocol Enumerable not implemented for {inspect(value)}"
    raise ElixirError("Protocol.UndefinedError", shown)


def _mapping(
    gather: Callable[[list[object], list[object]], object],
) -> Builtin:
    """An Enum function that calls a function on every item, then gathers items and results."""

    async def call(run: Evaluation, args: list[object]) -> object:
        collection, function = arguments(args, 2)
        values = items(collection)
        return gather(values, [await run.apply(function, [value]) for value in values])

    return call


def _kept(values: list[object], results: list[object], *, wanted: bool = True) -> list[object]:
    return [v for v, r in zip(values, results, strict=True) if truthy(r) is wanted]


async def _reduce(run: Evaluation, args: list[object]) -> object:
    collection, total, function = arguments(args, 3)
    for value in items(collection):
        total = await run.apply(function, [value, total])
    return total


async def _apply(run: Evaluation, args: list[object]) -> object:
    function, given = arguments(args, 2)
    return await run.apply(function, items(given))


def _join(collection: object, joiner: object = "") -> str:
    return to_string(joiner).join(to_string(item) for item in items(collection))


def _sorted(values: object) -> list[object]:
    return sorted(items(values), key=lambda value: (str(type(value)), value))


def _decoded(text: object) -> str:
    try:
        return base64.b64decode(to_string(text), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise ElixirError("ArgumentError", "incorrect padding or not base64") from None


def _to_integer(text: object) -> int:
    try:
        return int(to_string(text))
    except ValueError:
        raise ElixirError(
            "ArgumentError",
            "errors were found at the given arguments:\n\n  * 1st argument: not a textual "
            "representation of an integer\n",
        ) from None


def _at(values: object, place: object, default: object = None) -> object:
    found = items(values)
    if isinstance(place, int) and -len(found) <= place < len(found):
        return found[place]
    return default


def _element(value: object, place: object) -> object:
    if isinstance(value, tuple) and isinstance(place, int) and 0 <= place < len(value):
        return value[place]
    raise ElixirError("ArgumentError", "errors were found at the given arguments")


def _get(value: object, key: object, default: object = None) -> object:
    if isinstance(value, dict):
        return value.get(key, default)
    if isinstance(value, list) and isinstance(key, Atom):
        return keyword(value, key.name, default)
    if value is None:
        return None
    raise NotSimulated(f"reading {inspect(key)} of {inspect(value)}")


def _size(value: object) -> int:
    if isinstance(value, Sequence):
        return len(value)
    raise ElixirError("ArgumentError", "errors were found at the given arguments")


def _extreme(pick: Callable[[list[object]], object]) -> Callable[[object], object]:
    def found(values: object) -> object:
        given = items(values)
        if not given:
            raise ElixirError("Enum.EmptyError", "empty error")
        return pick(_sorted(given))

    return found


def _is(*kinds: type) -> Builtin:
    return pure(1, lambda v: isinstance(v, kinds) and (bool in kinds or not isinstance(v, bool)))


PURE: dict[str, Builtin] = {
    "IO.puts": _puts,
    "IO.write": _write,
    "IO.inspect": _io_inspect,
    "Kernel.inspect": _inspect,
    "Kernel.to_string": pure(1, to_string),
    "Kernel.length": pure(1, _size),
    "Kernel.hd": pure(1, lambda v: items(v)[0]),
    "Kernel.tl": pure(1, lambda v: items(v)[1:]),
    "Kernel.elem": pure(2, _element),
    "Kernel.tuple_size": pure(1, _size),
    "Kernel.is_list": _is(list),
    "Kernel.is_binary": _is(str),
    "Kernel.is_integer": _is(int),
    "Kernel.is_tuple": _is(tuple),
    "Kernel.is_map": _is(dict),
    "Kernel.is_nil": pure(1, lambda v: v is None),
    "Kernel.is_atom": pure(1, lambda v: v is None or isinstance(v, (Atom, bool))),
    "Kernel.is_function": pure(1, lambda v: isinstance(v, Function)),
    "Kernel.apply": _apply,
    "Enum.map": _mapping(lambda _values, results: results),
    "Enum.each": _mapping(lambda _values, _results: Atom("ok")),
    "Enum.filter": _mapping(_kept),
    "Enum.reject": _mapping(lambda v, r: _kept(v, r, wanted=False)),
    "Enum.find": _mapping(lambda v, r: next(iter(_kept(v, r)), None)),
    "Enum.any?": _mapping(lambda _v, r: any(truthy(x) for x in r)),
    "Enum.all?": _mapping(lambda _v, r: all(truthy(x) for x in r)),
    "Enum.flat_map": _mapping(lambda _v, r: [x for part in r for x in items(part)]),
    "Enum.reduce": _reduce,
    "Enum.join": pure(1, _join, 2),
    "Enum.count": pure(1, lambda v: len(items(v))),
    "Enum.member?": pure(2, lambda v, x: x in items(v)),
    "Enum.reverse": pure(1, lambda v: items(v)[::-1]),
    "Enum.sort": pure(1, _sorted),
    "Enum.max": pure(1, _extreme(lambda v: v[-1])),
    "Enum.min": pure(1, _extreme(lambda v: v[0])),
    "Enum.at": pure(2, _at, 3),
    "List.first": pure(1, lambda v: _at(v, 0), 2),
    "List.last": pure(1, lambda v: _at(v, -1), 2),
    "List.to_string": pure(1, to_string),
    "Access.get": pure(2, _get, 3),
    "Map.get": pure(2, _get, 3),
    "Map.keys": pure(1, lambda v: list(v)),
    "Map.values": pure(1, lambda v: list(v.values())),
    "Keyword.get": pure(2, _get, 3),
    "String.to_integer": pure(1, _to_integer),
    "String.trim": pure(1, lambda v: to_string(v).strip()),
    "String.split": pure(2, lambda v, by: to_string(v).split(to_string(by))),
    "String.starts_with?": pure(2, lambda v, head: to_string(v).startswith(to_string(head))),
    "Integer.to_string": pure(1, to_string),
    "Base.encode64": pure(1, lambda v: base64.b64encode(to_string(v).encode()).decode()),
    "Base.decode16!": pure(1, lambda v, _how=None: bytes.fromhex(to_string(v)).decode(), 2),
    "Base.decode64!": pure(1, _decoded),
    "List.to_charlist": pure(1, lambda v: [ord(c) for c in text_of(v)]),
    "String.to_charlist": pure(1, lambda v: [ord(c) for c in text_of(v)]),
    "List.ascii_printable?": pure(1, is_charlist),
}

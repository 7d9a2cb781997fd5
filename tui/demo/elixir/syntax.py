"""The tree of an Elixir expression. Values only."""

from __future__ import annotations

from dataclasses import dataclass, field


class Node:
    """Any expression."""


@dataclass(frozen=True)
class Literal(Node):
    """A number, an atom, nil, true, false."""

    value: object


@dataclass(frozen=True)
class Text(Node):
    """A string (or charlist) with its interpolated expressions."""

    parts: tuple[str | Node, ...]
    charlist: bool = False


@dataclass(frozen=True)
class Sequence(Node):
    """A list or a tuple; `tail` is what stands after `|` in a list."""

    items: tuple[Node, ...]
    kind: str
    tail: Node | None = None


@dataclass(frozen=True)
class Keywords(Sequence):
    """`key: value` pairs written without brackets of their own."""


@dataclass(frozen=True)
class Mapping(Node):
    """A map."""

    pairs: tuple[tuple[Node, Node], ...]


@dataclass(frozen=True)
class Name(Node):
    """A variable, or a call without arguments: the scope decides."""

    name: str


@dataclass(frozen=True)
class Pin(Node):
    """`^variable` in a pattern."""

    name: str


@dataclass(frozen=True)
class Call(Node):
    """`target.name(args)`; no target is a local call or a special form.

    A do block is a keyword list as last argument, as in Elixir itself.
    """

    target: Node | None
    name: str
    args: tuple[Node, ...] = ()
    dotted: bool = False


@dataclass(frozen=True)
class Apply(Node):
    """`fun.(args)`."""

    function: Node
    args: tuple[Node, ...]


@dataclass(frozen=True)
class Clause:
    """`patterns when guard -> body`."""

    patterns: tuple[Node, ...]
    guard: Node | None
    body: Node


@dataclass(frozen=True)
class Clauses(Node):
    """The clauses of a case, a rescue, or (`fn`) of an anonymous function."""

    clauses: tuple[Clause, ...]
    function: bool = False


@dataclass(frozen=True)
class Capture(Node):
    """`&…`: a function by name and arity, or an expression with &1, &2."""

    body: Node


@dataclass(frozen=True)
class Argument(Node):
    """`&1`."""

    number: int


@dataclass(frozen=True)
class Binary(Node):
    """`left operator right`."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True)
class Unary(Node):
    """`operator operand`."""

    operator: str
    operand: Node


@dataclass(frozen=True)
class Block(Node):
    """Expressions one after the other; the value is the last one's."""

    items: tuple[Node, ...] = field(default=())

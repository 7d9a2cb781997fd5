"""Calls in Elixir source: a name, its arguments, options and do block, with parentheses or without.

Syntax only. What is not a plain call (a pipe, an operator, a call on a module) is none here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tui.model.elixir_groups import Block, Group, Node, Statement
from tui.model.elixir_tokens import Token

Argument = tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """`name arg, arg, key: value do … end`.

    `options` are the trailing keywords; `opaque` if a last argument may hold options that are
    not written here (a variable). `block` is the do block; `body` its statements, or `do:`'s.
    """

    name: str
    line: int
    args: tuple[Argument, ...]
    options: Mapping[str, Argument] = field(default_factory=dict)
    block: Block | None = None
    body: tuple[Statement, ...] | None = None

    @property
    def arity(self) -> int:
        """The number of arguments; options count as one, a do block as none."""
        return len(self.args) + bool(self.options)


def call_of(nodes: Sequence[Node]) -> Call | None:
    """The call that a statement or an argument is; None if it is something else."""
    if not nodes or not (isinstance(nodes[0], Token) and nodes[0].kind == "word"):
        return None
    name, rest = nodes[0], list(nodes[1:])
    block = None
    if rest and isinstance(last := rest[-1], Block) and last.opening == "do":
        block = last
        rest.pop()
    inner: Sequence[Node] = rest
    if rest and isinstance(rest[0], Group) and rest[0].opening == "(" and not rest[0].spaced:
        if len(rest) > 1:
            return None
        inner = rest[0].items
    elif rest and isinstance(rest[0], Token) and rest[0].kind == "op" and not _begins(rest[0]):
        return None
    parts = _split(inner)
    if parts is None:
        return None
    args, options = _options(parts)
    return _call(name, args, options, block)


def _call(
    name: Token, args: list[Argument], options: dict[str, Argument], block: Block | None
) -> Call:
    body = block.statements if block is not None and not block.more else None
    inline = options.pop("do", None)
    if inline is not None and block is None and "else" not in options:
        body = (inline,)
    return Call(name.text, name.line, tuple(args), options, block, body)


def _begins(token: Token) -> bool:
    """Whether an operator may begin an argument."""
    return token.text in ("@", "&", "%", "-")


def _is_comma(node: Node) -> bool:
    return isinstance(node, Token) and node.kind == "op" and node.text == ","


def _split(nodes: Sequence[Node]) -> list[Argument] | None:
    """Arguments between commas; None if one is empty."""
    if not nodes:
        return []
    parts: list[list[Node]] = [[]]
    for node in nodes:
        if _is_comma(node):
            parts.append([])
        else:
            parts[-1].append(node)
    return None if not all(parts) else [tuple(part) for part in parts]


def _options(parts: list[Argument]) -> tuple[list[Argument], dict[str, Argument]]:
    """Arguments, and the keywords that end them (`key: value`, or a list of such)."""
    args: list[Argument] = []
    options: dict[str, Argument] = {}
    for part in parts:
        first = part[0]
        if isinstance(first, Token) and first.kind == "key":
            options[first.text] = part[1:]
        else:
            args.append(part)
    if not options and args and (listed := _keyword_list(args[-1])) is not None:
        args, options = args[:-1], listed
    return args, options


def _keyword_list(argument: Argument) -> dict[str, Argument] | None:
    """`[key: value, …]` as options; None for any other list."""
    if len(argument) != 1 or not isinstance(argument[0], Group) or argument[0].opening != "[":
        return None
    parts = _split(argument[0].items)
    if not parts:
        return None
    found: dict[str, Argument] = {}
    for part in parts:
        first = part[0]
        if not (isinstance(first, Token) and first.kind == "key"):
            return None
        found[first.text] = part[1:]
    return found


def literal(argument: Argument | None) -> str | None:
    """The text of a plain atom or string; None for what is worked out at run time."""
    if argument is None or len(argument) != 1 or not isinstance(argument[0], Token):
        return None
    token = argument[0]
    return token.text if token.kind in ("atom", "string") and not token.woven else None


def plain_name(args: Sequence[Argument]) -> str:
    """The name that a `def` defines, if it takes no arguments; else its bare name or nothing."""
    if not args:
        return ""
    nodes = args[0]
    if not (isinstance(nodes[0], Token) and nodes[0].kind == "word"):
        return ""
    if len(nodes) == 1:
        return nodes[0].text
    if len(nodes) == 2 and isinstance(nodes[1], Group) and nodes[1].opening == "(":
        # up(x) is not what Ecto calls.
        return nodes[0].text if not nodes[1].items else f"{nodes[0].text}/n"
    return f"{nodes[0].text}/n" if len(nodes) > 2 else ""


def written(argument: Argument) -> str:
    """How an argument is written, on one line: for texts, never to be taken apart again."""
    return "".join(_written(node) for node in argument).strip()


def _written(node: Node) -> str:
    if isinstance(node, Group):
        return f"{node.opening}{''.join(map(_written, node.items))}{_CLOSING[node.opening]}"
    if isinstance(node, Block):
        return " do … end" if node.opening == "do" else "fn … end"
    shown = {"atom": f":{node.text}", "key": f"{node.text}:", "string": f'"{node.text}"'}
    blank = " " if node.spaced and node.text not in (",", ")") else ""
    return blank + shown.get(node.kind, node.text)


_CLOSING = {"(": ")", "[": "]", "{": "}", "<<": ">>"}

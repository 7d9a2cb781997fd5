"""Elixir tokens to statements, with their brackets and blocks. Syntax only. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from tui.model.elixir_tokens import Token, Unreadable, tokens_of

_OPEN = {"(": ")", "[": "]", "{": "}", "<<": ">>"}
_CLOSE = frozenset(_OPEN.values())


@dataclass(frozen=True, slots=True)
class Group:
    """What stands between two brackets; `opening` is the left one."""

    opening: str
    items: tuple[Node, ...]
    line: int
    spaced: bool


@dataclass(frozen=True, slots=True)
class Block:
    """`do … end` or `fn … end`: the statements of its first section; `more` if it has others."""

    opening: str
    statements: tuple[Statement, ...]
    line: int
    end_line: int
    more: bool = False


Node = Token | Group | Block
Statement = tuple[Node, ...]
_SECTIONS = frozenset({"else", "rescue", "catch", "after"})
_GOES_ON = frozenset(
    {
        "|>",
        "++",
        "<>",
        "||",
        "&&",
        "==",
        "!=",
        "=",
        "->",
        "::",
        "<-",
        "|",
        "and",
        "or",
        "in",
        "when",
    }
)


def statements_of(source: str) -> tuple[Statement, ...]:
    """The statements of a source, brackets and blocks kept; Unreadable where there are none."""
    reader = _Reader(tokens_of(source))
    try:
        found, _ = reader.statements(frozenset())
    except RecursionError:
        raise Unreadable(1, "it is nested too deeply") from None
    if reader.at < len(reader.tokens):
        left = reader.tokens[reader.at]
        raise Unreadable(left.line, f"{left.text!a} has no beginning")
    return found


class _Reader:
    """Tokens to groups."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.at = 0

    def _ends(self, ends: frozenset[str]) -> bool:
        token = self.tokens[self.at]
        return token.kind == "word" and token.text in ends and not self._is_member()

    def _is_member(self) -> bool:
        before = self.tokens[self.at - 1] if self.at else None
        return before is not None and before.kind == "op" and before.text == "."

    def statements(self, ends: frozenset[str]) -> tuple[tuple[Statement, ...], int]:
        """Statements up to one of the words `ends`, which stays; and the last line."""
        found: list[Statement] = []
        nodes: list[Node] = []
        line = 1
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            line = token.line
            if self._ends(ends) or (token.kind == "op" and token.text in _CLOSE):
                break
            if token.kind == "newline" or (token.kind == "op" and token.text == ";"):
                self.at += 1
                if nodes and not (token.kind == "newline" and self._goes_on(nodes[-1])):
                    found.append(tuple(nodes))
                    nodes = []
                continue
            nodes.append(self._node())
        if nodes:
            found.append(tuple(nodes))
        return tuple(found), line

    def _goes_on(self, last: Node) -> bool:
        """Whether a statement goes on in the next line."""
        if isinstance(last, Token):
            if last.kind == "key" or (last.kind == "op" and last.text not in _CLOSE):
                return True
            if last.kind == "word" and last.text in ("and", "or", "in", "when", "not"):
                return True
        at = self.at
        while at < len(self.tokens) and self.tokens[at].kind == "newline":
            at += 1
        following = self.tokens[at] if at < len(self.tokens) else None
        return following is not None and (
            following.kind in ("op", "word") and following.text in _GOES_ON
        )

    def _node(self) -> Node:
        token = self.tokens[self.at]
        member = self._is_member()
        self.at += 1
        if token.kind == "op" and token.text in _OPEN:
            return self._group(token)
        if token.kind == "word" and token.text in ("do", "fn") and not member:
            return self._block(token)
        if token.kind == "word" and token.text == "end" and not member:
            raise Unreadable(token.line, "`end` has no beginning")
        return token

    def _group(self, opening: Token) -> Group:
        items: list[Node] = []
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            if token.kind == "op" and token.text in _CLOSE:
                if token.text != _OPEN[opening.text]:
                    raise Unreadable(token.line, f"{token.text!a} closes what is not open")
                self.at += 1
                return Group(opening.text, tuple(items), opening.line, opening.spaced)
            if token.kind == "newline":
                self.at += 1
                continue
            items.append(self._node())
        raise Unreadable(opening.line, f"{opening.text!a} is not closed")

    def _block(self, opening: Token) -> Block:
        first, _ = self.statements(_SECTIONS | {"end"})
        more = False
        while self.at < len(self.tokens) and self._ends(_SECTIONS):
            more = True
            self.at += 1
            self.statements(_SECTIONS | {"end"})
        if self.at >= len(self.tokens) or not self._ends(frozenset({"end"})):
            raise Unreadable(opening.line, f"`{opening.text}` has no `end`")
        line = self.tokens[self.at].line
        self.at += 1
        return Block(opening.text, first, opening.line, line, more)

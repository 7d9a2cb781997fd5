"""A place in a row of tokens, and the parts of Elixir that are blocks and clauses. Pure."""

from __future__ import annotations

from abc import abstractmethod

from tui.demo.elixir.errors import ElixirError
from tui.demo.elixir.syntax import Block, Clause, Clauses, Keywords, Literal, Node, Sequence
from tui.demo.elixir.tokens import Token, Tokens, syntax_error
from tui.demo.elixir.values import Atom

_SECTIONS = ("else", "rescue", "catch", "after")
_ABOVE_CLAUSE = 6  # `when`, `->` and what is weaker belong to the clause


class Blocks:
    """Blocks, do blocks and clauses over expressions that a subclass knows."""

    def __init__(self, tokens: Tokens) -> None:
        self.source = tokens.source
        self.tokens = tokens.tokens
        self.at = 0
        self.do_taken = 0  # inside arguments without parentheses, `do` belongs further out

    @property
    def peek(self) -> Token:
        return self.tokens[self.at]

    def next(self) -> Token:
        self.at += 1
        return self.tokens[self.at - 1]

    def ahead(self, *values: str) -> bool:
        return self.peek.kind == "op" and self.peek.value in values

    def skip_lines(self) -> None:
        while self.peek.kind == "newline" or self.ahead(";"):
            self.at += 1

    def newlines(self) -> None:
        while self.peek.kind == "newline":
            self.at += 1

    def expect(self, value: str) -> None:
        if not self.ahead(value):
            raise self.unexpected()
        self.at += 1

    def unexpected(self) -> ElixirError:
        token = self.peek
        if token.kind == "end":
            message, module = "syntax error: expression is incomplete", "TokenMissingError"
            token = self.tokens[max(0, self.at - 1)]
        else:
            message, module = f"syntax error before: {_shown(token)}", "SyntaxError"
        return syntax_error(self.source, token.at, module, message)

    @abstractmethod
    def expression(self, least: int = 0) -> Node:
        """One expression of operators at least this strong."""

    def block(self, ends: tuple[str, ...]) -> Node:
        """Expressions up to one of `ends`, which stays."""
        items = []
        self.skip_lines()
        while self.peek.kind != "end" and not self.ahead(*ends):
            items.append(self.expression())
            if not (self.peek.kind in ("newline", "end") or self.ahead(";", *ends)):
                raise self.unexpected()
            self.skip_lines()
        return items[0] if len(items) == 1 else Block(tuple(items))

    def do_block(self) -> Node:
        self.expect("do")
        taken, self.do_taken = self.do_taken, 0
        pairs: list[Node] = []
        section = "do"
        while True:
            body = self._section(("end", *_SECTIONS))
            pairs.append(Sequence((Literal(Atom(section)), body), "tuple"))
            section = str(self.next().value)
            if section not in _SECTIONS:
                break
        self.do_taken = taken
        return Keywords(tuple(pairs), "list")

    def _section(self, ends: tuple[str, ...]) -> Node:
        """A block, or clauses if its first expression is a pattern before `->`."""
        self.skip_lines()
        return self.clauses(ends) if self._clause_ahead() else self.block(ends)

    # Clauses

    def _clause_ahead(self) -> bool:
        """Whether patterns and an arrow come next; nothing is consumed."""
        at = self.at
        try:
            self._patterns()
            return self.ahead("->")
        except ElixirError:
            return False
        finally:
            self.at = at

    def _patterns(self) -> tuple[tuple[Node, ...], Node | None]:
        taken, self.do_taken = self.do_taken, 1
        try:
            bracketed = self.ahead("(") and self.peek.spaced
            if bracketed:
                self.at += 1
            patterns: tuple[Node, ...] = ()
            if not self.ahead("->", ")"):
                patterns = tuple(self._pattern_list())
            if bracketed:
                self.expect(")")
            guard = None
            if self.ahead("when"):
                self.at += 1
                guard = self.expression(_ABOVE_CLAUSE)
            return patterns, guard
        finally:
            self.do_taken = taken

    def _pattern_list(self) -> list[Node]:
        patterns = [self.expression(_ABOVE_CLAUSE)]
        while self.ahead(","):
            self.at += 1
            patterns.append(self.expression(_ABOVE_CLAUSE))
        return patterns

    def clauses(self, ends: tuple[str, ...], *, function: bool = False) -> Clauses:
        clauses = []
        self.skip_lines()
        while not self.ahead(*ends):
            patterns, guard = self._patterns()
            self.expect("->")
            clauses.append(Clause(patterns, guard, self._clause_body(ends)))
            self.skip_lines()
        return Clauses(tuple(clauses), function)

    def _clause_body(self, ends: tuple[str, ...]) -> Node:
        items: list[Node] = []
        self.skip_lines()
        while not self.ahead(*ends) and not (items and self._clause_ahead()):
            items.append(self.expression())
            self.skip_lines()
        return items[0] if len(items) == 1 else Block(tuple(items))


def _shown(token: Token) -> str:
    return f"'{token.value}'" if token.value is not None else "end of line"

"""Tokens to tree: Elixir's operators, brackets, and calls with and without parentheses. Pure."""

from __future__ import annotations

from collections.abc import Callable

from tui.demo.elixir.blocks import Blocks
from tui.demo.elixir.syntax import (
    Apply,
    Argument,
    Binary,
    Call,
    Capture,
    Keywords,
    Literal,
    Mapping,
    Name,
    Node,
    Pin,
    Sequence,
    Text,
    Unary,
)
from tui.demo.elixir.tokens import Code, Token, Tokens
from tui.demo.elixir.values import Atom, module_atom

# operator: (strength, right associative)
_BINARY: dict[str, tuple[int, bool]] = {
    "<-": (4, True),
    "\\\\": (4, True),
    "when": (5, True),
    "::": (6, True),
    "|": (7, True),
    "=>": (8, True),
    "=": (10, True),
    "||": (12, False),
    "or": (12, False),
    "&&": (13, False),
    "and": (13, False),
    **dict.fromkeys(("==", "!=", "=~", "===", "!=="), (14, False)),
    **dict.fromkeys(("<", ">", "<=", ">="), (15, False)),
    "|>": (16, False),
    "in": (17, False),
    **dict.fromkeys(("++", "--", "..", "<>"), (20, True)),
    **dict.fromkeys(("+", "-"), (21, False)),
    **dict.fromkeys(("*", "/"), (22, False)),
}
_UNARY = {"-": 30, "+": 30, "!": 30, "not": 30, "^": 30, "&": 9}
_ARGUMENT = 4


def parse(source: str) -> Node:
    """The tree of a source text. ElixirError with Elixir's words where it is none."""
    parser = _Parser(Tokens(source))
    block = parser.block(("end-of-text",))
    if parser.peek.kind != "end":
        raise parser.unexpected()
    return block


class _Parser(Blocks):
    """Expressions."""

    def expression(self, least: int = 0) -> Node:
        left = self._prefix()
        while True:
            token = self._operator_ahead()
            if token is None:
                return left
            strength, right = _BINARY[str(token.value)]
            if strength < least:
                return left
            self.newlines()
            self.at += 1
            self.newlines()
            operand = self.expression(strength if right else strength + 1)
            left = self._joined(str(token.value), left, operand)

    def _operator_ahead(self) -> Token | None:
        """The binary operator that comes next; only a pipe may stand on a line of its own."""
        at = self.at
        while self.tokens[at].kind == "newline":
            at += 1
        token = self.tokens[at]
        if token.kind != "op" or token.value not in _BINARY:
            return None
        return token if at == self.at or token.value in ("|>", "++", "<>") else None

    @staticmethod
    def _joined(operator: str, left: Node, right: Node) -> Node:
        if operator == "|>":
            if isinstance(right, Call):
                return Call(right.target, right.name, (left, *right.args))
            if isinstance(right, Name):
                return Call(None, right.name, (left,))
        return Binary(operator, left, right)

    def _prefix(self) -> Node:
        if self.peek.kind == "op" and self.peek.value in _UNARY:
            operator = str(self.next().value)
            if operator == "&" and self.peek.kind == "number":
                return self._suffixes(Argument(int(str(self.next().value))))
            operand = self.expression(_UNARY[operator])
            if operator == "&":
                return Capture(operand)
            if operator == "^" and isinstance(operand, Name):
                return Pin(operand.name)
            return Unary(operator, operand)
        return self._suffixes(self._primary())

    def _primary(self) -> Node:
        token = self.next()
        if token.kind == "number":
            return Literal(token.value)
        if token.kind in ("string", "charlist"):
            return _text(token)
        if token.kind == "atom":
            return Literal(Atom(str(token.value)))
        if token.kind == "alias":
            return Literal(module_atom(str(token.value)))
        if token.kind == "word":
            return self._word(str(token.value))
        if token.kind == "op" and token.value in _BRACKETS:
            return _BRACKETS[str(token.value)](self)
        self.at -= 1
        raise self.unexpected()

    def _word(self, word: str) -> Node:
        if word in ("nil", "true", "false"):
            return Literal({"nil": None, "true": True, "false": False}[word])
        return self._call(None, word)

    # Calls

    def _suffixes(self, node: Node) -> Node:
        while True:
            if self.ahead(".") and self.tokens[self.at + 1].kind in ("word", "op", "string"):
                self.at += 1
                if self.ahead("("):
                    self.at += 1
                    node = Apply(node, self._arguments(")"))
                    continue
                node = self._call(node, self._member())
            elif self.ahead("[") and not self.peek.spaced:
                self.at += 1
                key = self.expression()
                self.expect("]")
                node = Call(Literal(module_atom("Access")), "get", (node, key))
            else:
                return node

    def _member(self) -> str:
        token = self.next()
        if token.kind == "string" and isinstance(token.value, list):
            return str(token.value[0])
        return str(token.value)

    def _call(self, target: Node | None, name: str) -> Node:
        args: tuple[Node, ...] = ()
        called = False
        if self.ahead("(") and not self.peek.spaced:
            self.at += 1
            args, called = self._arguments(")"), True
        elif self._begins_argument():
            self.do_taken += 1
            args, called = self._bare_arguments(), True
            self.do_taken -= 1
        if self.ahead("do") and not self.do_taken:
            args, called = (*args, self.do_block()), True
        if target is None and not called:
            return Name(name)
        return Call(target, name, args, dotted=not called)

    def _begins_argument(self) -> bool:
        token = self.peek
        if not token.spaced:
            return False
        if token.kind in ("number", "string", "charlist", "atom", "word", "alias", "key"):
            return True
        if token.kind != "op":
            return False
        if token.value in ("[", "{", "%", "fn", "&", "(", "!", "not", "^", "<<"):
            return True
        after = self.tokens[self.at + 1]
        return token.value == "-" and not after.spaced

    def _bare_arguments(self) -> tuple[Node, ...]:
        return self._comma_list(lambda: False)

    def _arguments(self, closing: str) -> tuple[Node, ...]:
        taken, self.do_taken = self.do_taken, 0
        self.newlines()
        items = () if self.ahead(closing) else self._comma_list(lambda: self.ahead(closing))
        self.newlines()
        self.expect(closing)
        self.do_taken = taken
        return items

    def _comma_list(self, ended: Callable[[], bool]) -> tuple[Node, ...]:
        """Expressions divided by commas; trailing `key: value` pairs become one keyword list."""
        items: list[Node] = []
        pairs: list[Node] = []
        while True:
            self.newlines()
            if ended():
                break
            if self.peek.kind == "key":
                key = Literal(Atom(str(self.next().value)))
                self.newlines()
                pairs.append(Sequence((key, self.expression(_ARGUMENT)), "tuple"))
            else:
                items.append(self.expression(_ARGUMENT))
            if not self.ahead(","):
                break
            self.at += 1
        if pairs:
            items.append(Keywords(tuple(pairs), "list"))
        return tuple(items)

    # Brackets

    def _parenthesis(self) -> Node:
        taken, self.do_taken = self.do_taken, 0
        inside = self.block((")",))
        self.expect(")")
        self.do_taken = taken
        return inside

    def _list(self) -> Node:
        items = self._arguments("]")
        if items and isinstance(items[-1], Binary) and items[-1].operator == "|":
            return Sequence((*items[:-1], items[-1].left), "list", items[-1].right)
        last = items[-1] if items else None
        if isinstance(last, Keywords):
            return Sequence((*items[:-1], *last.items), "list")
        return Sequence(items, "list")

    def _tuple(self) -> Node:
        return Sequence(self._arguments("}"), "tuple")

    def _map(self) -> Node:
        self.expect("{")
        pairs: list[tuple[Node, Node]] = []
        for item in self._arguments("}"):
            if isinstance(item, Binary) and item.operator == "=>":
                pairs.append((item.left, item.right))
            elif isinstance(item, Sequence):
                pairs += [(p.items[0], p.items[1]) for p in item.items if isinstance(p, Sequence)]
        return Mapping(tuple(pairs))

    def _function(self) -> Node:
        taken, self.do_taken = self.do_taken, 0
        clauses = self.clauses(("end",), function=True)
        self.expect("end")
        self.do_taken = taken
        return clauses


def _text(token: Token) -> Node:
    value = token.value if isinstance(token.value, list) else []
    parts = tuple(parse(p.source) if isinstance(p, Code) else str(p) for p in value)
    return Text(parts, token.kind == "charlist")


_BRACKETS = {
    "(": _Parser._parenthesis,
    "[": _Parser._list,
    "{": _Parser._tuple,
    "%": _Parser._map,
    "fn": _Parser._function,
}

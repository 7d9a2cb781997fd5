"""Elixir source to tokens: enough for expressions on one page. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tui.demo.elixir.errors import AT_PARSE, ElixirError

_SPACE = re.compile(r"(?:[ \t\r]+|#[^\n]*)+")
_CODE_POINT = re.compile(
    r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|[xu]\{([0-9A-Fa-f]{1,5}|10[0-9A-Fa-f]{4})\})"
)
_NUMBER = re.compile(r"\d[\d_]*\.\d[\d_]*(?:[eE][+-]?\d+)?|0x[0-9a-fA-F]+|\d[\d_]*")
_ATOM = re.compile(r":(?:([A-Za-z_][\w@]*[?!]?)|\"([^\"]*)\"|([+\-*/<>=!|&.]+))")
_WORD = re.compile(r"[a-z_]\w*[?!]?")
_ALIAS = re.compile(r"[A-Z]\w*(?:\.[A-Z]\w*)*")
_OPERATOR = re.compile(
    r"<<|>>|\|>|\|\||&&|===|!==|==|!=|=~|<=|>=|<>|\+\+|--|->|<-|=>|\.\.|\\\\|::|[-+*/=<>!&|.,;%^@]"
)
_OPEN = {"(": ")", "[": "]", "{": "}"}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "e": "\x1b", "0": "\0", "s": " "}
KEYWORDS = frozenset(
    {"do", "end", "fn", "else", "rescue", "catch", "after", "when", "and", "or", "not", "in"}
)


@dataclass(frozen=True, slots=True)
class Token:
    """A token: its kind, its value, where it stands, and whether space stands before it.

    Kinds: number, string and charlist (a list of text and source parts), atom, key (`name:`),
    word, alias, op (operators, brackets, keywords), newline, end.
    """

    kind: str
    value: object
    at: int
    spaced: bool


def syntax_error(source: str, at: int, module: str, message: str) -> ElixirError:
    """A syntax error with Elixir's picture of the place."""
    line = source.count("\n", 0, at) + 1
    column = at - (source.rfind("\n", 0, at) + 1) + 1
    text = source.split("\n")[line - 1]
    gap = " " * len(str(line))
    picture = f"\n   {gap}|\n  {line} | {text}\n   {gap}| {' ' * (column - 1)}^"
    return ElixirError(module, f"nofile:{line}:{column}: {message}{picture}", AT_PARSE)


class Tokens:
    """The tokens of a source text; ElixirError where it is none."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.tokens: list[Token] = []
        self._at = 0
        self._open: list[tuple[str, int]] = []
        while self._at < len(source):
            self._one()
        if self._open:
            bracket, at = self._open[-1]
            line = source.count("\n", 0, at) + 1
            raise syntax_error(
                source,
                len(source),
                "TokenMissingError",
                f'missing terminator: {_OPEN[bracket]} (for "{bracket}" starting at line {line})',
            )
        self._add("end", None, 0, spaced=True)

    def _add(self, kind: str, value: object, length: int, *, spaced: bool) -> None:
        self.tokens.append(Token(kind, value, self._at, spaced))
        self._at += length

    def _one(self) -> None:
        source = self.source
        space = _SPACE.match(source, self._at)
        if space:
            self._at = space.end()
        spaced = space is not None or self._at == 0
        if self._at >= len(source):
            return
        char = source[self._at]
        if char == "\n":
            self._add("newline", None, 1, spaced=spaced)
        elif char in "\"'":
            self._text(char, spaced=spaced)
        elif char in "([{":
            self._open.append((char, self._at))
            self._add("op", char, 1, spaced=spaced)
        elif char in ")]}":
            self._close(char, spaced=spaced)
        else:
            self._simple(spaced=spaced)

    def _close(self, char: str, *, spaced: bool) -> None:
        if not self._open or _OPEN[self._open.pop()[0]] != char:
            raise self._unexpected(char)
        self._add("op", char, 1, spaced=spaced)

    def _unexpected(self, char: str) -> ElixirError:
        message = f"unexpected token: {char}"
        return syntax_error(self.source, self._at, "SyntaxError", message)

    def _simple(self, *, spaced: bool) -> None:
        source, at = self.source, self._at
        if found := _NUMBER.match(source, at):
            text = found[0].replace("_", "")
            value = float(text) if "." in text else int(text, 0 if text[:2] == "0x" else 10)
            self._add("number", value, len(found[0]), spaced=spaced)
        elif (found := _ATOM.match(source, at)) and source[at : at + 2] != "::":
            self._add("atom", found[1] or found[2] or found[3], len(found[0]), spaced=spaced)
        elif found := _ALIAS.match(source, at):
            self._word("alias", found[0], spaced=spaced)
        elif found := _WORD.match(source, at):
            kind = "op" if found[0] in KEYWORDS else "word"
            self._word(kind, found[0], spaced=spaced)
        elif found := _OPERATOR.match(source, at):
            self._add("op", found[0], len(found[0]), spaced=spaced)
        else:
            raise self._unexpected(source[at])

    def _word(self, kind: str, text: str, *, spaced: bool) -> None:
        after = self.source[self._at + len(text) : self._at + len(text) + 2]
        if after[:1] == ":" and after != "::" and not (self.tokens and self._after_dot()):
            self._add("key", text, len(text) + 1, spaced=spaced)
        else:
            self._add(kind, text, len(text), spaced=spaced)

    def _after_dot(self) -> bool:
        last = self.tokens[-1]
        return last.kind == "op" and last.value == "."

    def _text(self, quote: str, *, spaced: bool) -> None:
        """A string or charlist: literal text and the source of `#{…}` in turn."""
        source, begin = self.source, self._at
        triple = source.startswith(quote * 3, begin)
        closing = quote * 3 if triple else quote
        at, literal, parts = begin + len(closing), "", []
        while not source.startswith(closing, at):
            if at >= len(source):
                message = f"missing terminator: {closing} (for string starting at line 1)"
                raise syntax_error(source, len(source), "TokenMissingError", message)
            if found := _CODE_POINT.match(source, at):
                literal += chr(int(found[1] or found[2] or found[3], 16))
                at = found.end()
            elif source[at] == "\\" and at + 1 < len(source):
                literal += _ESCAPES.get(source[at + 1], source[at + 1])
                at += 2
            elif source.startswith("#{", at):
                end = _end_of_code(source, at + 2)
                parts += [literal, Code(source[at + 2 : end])]
                literal, at = "", end + 1
            else:
                literal += source[at]
                at += 1
        kind = "string" if quote == '"' else "charlist"
        if not triple and source[at + 1 : at + 2] == ":" and not parts:
            self._add("key", literal, at + 2 - begin, spaced=spaced)
            return
        parts.append(_dedented(literal) if triple else literal)
        self._add(kind, parts, at + len(closing) - begin, spaced=spaced)


@dataclass(frozen=True, slots=True)
class Code:
    """The source between `#{` and `}`."""

    source: str


def _end_of_code(source: str, at: int) -> int:
    depth = 1
    while at < len(source):
        depth += {"{": 1, "}": -1}.get(source[at], 0)
        if depth == 0:
            return at
        at += 1
    raise syntax_error(source, len(source), "TokenMissingError", 'missing terminator: } (for "{")')


def _dedented(text: str) -> str:
    lines = text.removeprefix("\n").split("\n")
    margin = len(lines[-1]) if not lines[-1].strip() else 0
    return "\n".join(line[margin:] if line[:margin].isspace() else line for line in lines)

"""Elixir source to tokens: enough to tell code from text. Pure.

Strings, heredocs, sigils, charlists and comments are taken whole, so that nothing inside them
looks like code. Nothing is evaluated; what cannot be read is Unreadable, never guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_LIMIT = 200_000
_SPACE = re.compile(r"[ \t\r\f]+|\\\r?\n")
_COMMENT = re.compile(r"#[^\n]*")
_NUMBER = re.compile(r"0x[0-9A-Fa-f_]+|0b[01_]+|0o[0-7_]+|\d[\d_]*(?:\.\d[\d_]*(?:[eE][+-]?\d+)?)?")
_WORD = re.compile(r"[^\W\dA-Z]\w*[?!]?")
_ALIAS = re.compile(r"[A-Z]\w*(?:\.[A-Z]\w*)*")
_ATOM = re.compile(r":(?:[^\W\d][\w@]*[?!]?|[-+*/<>=!|&^~.]+|\{\}|%\{\}|\[\])")
_CHAR = re.compile(r"\?(?:\\(?:x\{[0-9a-fA-F]+\}|.)|[^\s])")
_OPERATOR = re.compile(
    r"<<<|>>>|&&&|\|\|\||\.\.\.|===|!==|=~|==|!=|<=|>=|&&|\|\||<>|\+\+|--|\|>|->|<-|=>|::|\.\.|\\\\"
    r"|[-+*/<>=!|&^.,;@%~]"
)
_SIGIL = re.compile(r"~([a-z]|[A-Z][A-Z0-9]*)(?=\"|'|/|\||\(|\[|\{|<)")
_SIGIL_END = {"(": ")", "[": "]", "{": "}", "<": ">"}
_MODIFIERS = re.compile(r"[a-zA-Z]*")


class Unreadable(Exception):
    """Source that is not understood, with the line where that begins."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line = line
        self.why = why


@dataclass(frozen=True, slots=True)
class Token:
    """A token: kind, text, 1-based line, whether its text holds `#{…}`, whether space precedes.

    Kinds: word, alias, atom, key (`name:`), string, charlist, sigil, number, char, op, newline.
    """

    kind: str
    text: str
    line: int
    woven: bool = False
    spaced: bool = True


class _Scanner:
    """One pass over a source."""

    def __init__(self, source: str) -> None:
        if len(source) > _LIMIT:
            raise Unreadable(1, "it is too long to be read")
        self.source = source
        self.at = 0
        self.line = 1
        self.tokens: list[Token] = []

    def run(self) -> list[Token]:
        spaced = True
        while self.at < len(self.source):
            before = self.at
            self._blank()
            spaced = self.at > before or not self.tokens or self.tokens[-1].kind == "newline"
            if self.at >= len(self.source):
                break
            self._one(spaced)
        return self.tokens

    def _blank(self) -> None:
        while found := _SPACE.match(self.source, self.at) or _COMMENT.match(self.source, self.at):
            self._move(found.end())

    def _move(self, to: int) -> None:
        self.line += self.source.count("\n", self.at, to)
        self.at = to

    def _add(self, kind: str, text: str, to: int, spaced: bool, *, woven: bool = False) -> None:
        self.tokens.append(Token(kind, text, self.line, woven, spaced))
        self._move(to)

    def _one(self, spaced: bool) -> None:
        source, at = self.source, self.at
        char = source[at]
        if char == "\n":
            self._add("newline", "", at + 1, spaced)
        elif char in "\"'":
            self._quoted(char, at, spaced, "string" if char == '"' else "charlist")
        elif char == ":" and source[at + 1 : at + 2] in ('"', "'") and not self._after_colon():
            self._quoted(source[at + 1], at + 1, spaced, "atom")
        elif char == "~" and (found := _SIGIL.match(source, at)):
            self._sigil(found, spaced)
        elif source.startswith(("<<", ">>"), at) and source[at : at + 3] not in ("<<<", ">>>"):
            self._add("op", source[at : at + 2], at + 2, spaced)
        elif char in "()[]{}":
            self._add("op", char, at + 1, spaced)
        else:
            self._simple(spaced)

    def _after_colon(self) -> bool:
        return self.at > 0 and self.source[self.at - 1] == ":"

    def _simple(self, spaced: bool) -> None:
        source, at = self.source, self.at
        if (found := _CHAR.match(source, at)) and not source[at - 1 : at].isalnum():
            self._add("char", found[0], found.end(), spaced)
        elif found := _NUMBER.match(source, at):
            self._add("number", found[0], found.end(), spaced)
        elif source[at : at + 2] != "::" and (found := _ATOM.match(source, at)):
            self._add("atom", found[0][1:], found.end(), spaced)
        elif found := _ALIAS.match(source, at) or _WORD.match(source, at):
            self._name(found, spaced)
        elif found := _OPERATOR.match(source, at):
            self._add("op", found[0], found.end(), spaced)
        else:
            raise Unreadable(self.line, f"{source[at]!a} is not understood")

    def _name(self, found: re.Match[str], spaced: bool) -> None:
        after = self.source[found.end() : found.end() + 2]
        dotted = bool(self.tokens) and self.tokens[-1].text == "." and not spaced
        # `a ? b : c` does not exist in Elixir: a colon right behind a name makes it a key.
        if after[:1] == ":" and after != "::" and not dotted:
            self._add("key", found[0], found.end() + 1, spaced)
        else:
            kind = "alias" if found[0][0].isupper() and found[0][0].isascii() else "word"
            self._add(kind, found[0], found.end(), spaced)

    def _quoted(self, quote: str, begin: int, spaced: bool, kind: str) -> None:
        source = self.source
        closing = quote * 3 if source.startswith(quote * 3, begin) else quote
        end, woven = self._end_of_text(begin + len(closing), closing, raw=False)
        text = source[begin + len(closing) : end]
        to = end + len(closing)
        plain = kind == "string" and len(closing) == 1
        if plain and source[to : to + 1] == ":" and source[to + 1 : to + 2] != ":":
            kind, to = "key", to + 1
        self._add(kind, text, to, spaced, woven=woven)

    def _sigil(self, found: re.Match[str], spaced: bool) -> None:
        source, at = self.source, found.end()
        opening = source[at]
        triple = opening in "\"'" and source.startswith(opening * 3, at)
        closing = opening * 3 if triple else _SIGIL_END.get(opening, opening)
        raw = found[1][0].isupper()
        begin = at + (3 if triple else 1)
        end, woven = self._end_of_text(begin, closing, raw=raw)
        tail = _MODIFIERS.match(source, end + len(closing))
        to = tail.end() if tail else end + len(closing)
        self._add("sigil", source[begin:end], to, spaced, woven=woven)

    def _end_of_text(self, at: int, closing: str, *, raw: bool) -> tuple[int, bool]:
        """Where a text ends, and whether code is woven into it."""
        source, woven = self.source, False
        while at < len(source):
            if len(closing) == 3 and source.startswith(closing, at):
                # A heredoc ends on a line of its own.
                if not source[source.rfind("\n", 0, at) + 1 : at].strip():
                    return at, woven
                at += 1
            elif len(closing) == 1 and source[at] == closing:
                return at, woven
            elif source[at] == "\\":
                at += 2
            elif not raw and source.startswith("#{", at):
                at, woven = self._end_of_code(at + 2), True
            else:
                at += 1
        raise Unreadable(self.line, "a text that begins here does not end")

    def _end_of_code(self, at: int) -> int:
        """Behind the brace that ends `#{`; texts inside may hold braces of their own."""
        inner = _Scanner(self.source)
        inner.at, inner.line, depth = at, self.line, 1
        while inner.at < len(self.source):
            inner._blank()
            if inner.at >= len(self.source):
                break
            inner.tokens.clear()
            inner._one(True)
            if inner.tokens and inner.tokens[0].kind == "op":
                depth += {"{": 1, "}": -1}.get(inner.tokens[0].text, 0)
            if depth == 0:
                return inner.at
        raise Unreadable(self.line, "code inside a text that begins here does not end")


def tokens_of(source: str) -> list[Token]:
    """The tokens of a source; Unreadable where it is none."""
    try:
        return _Scanner(source.removeprefix("\ufeff")).run()
    except RecursionError:
        raise Unreadable(1, "it is nested too deeply") from None

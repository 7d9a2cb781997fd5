"""What a migration's source says of it: can it be undone, and what is lost on the way. Pure.

The judgements rest on lines that are named. They are about a file's text, not about a database:
whatever is not a command of Ecto.Migration with plain arguments is "cannot tell", and that is
guarded as a loss.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from tui.model.elixir_calls import Call, call_of, plain_name
from tui.model.elixir_groups import Block, Statement, statements_of
from tui.model.elixir_tokens import Token, Unreadable
from tui.model.migration import Direction
from tui.model.migration_commands import NAMES, Effect, Lost, effects_of
from tui.model.redact import from_host

_QUIET = frozenset({"alias", "import", "require", "defp", "defmodule", "@", "use"})
_HOOKS = frozenset({"after_begin", "before_commit"})
_SHOWN = 160


class Undo(StrEnum):
    """Whether Ecto can run a migration backwards, as far as its source tells."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "cannot tell"


@dataclass(frozen=True, slots=True)
class Reason:
    """A line of the source (1-based; 0: the file as a whole) and what it means."""

    line: int
    text: str
    why: str

    @property
    def words(self) -> str:
        """`line 6: remove :legacy_id (no type is given)`."""
        told = f"line {self.line}: {self.text}" if self.line else self.text
        return f"{told} ({self.why})" if self.why else told


@dataclass(frozen=True, slots=True)
class Losses:
    """What is lost when a migration runs one way: named things, and whether that is all of it."""

    what: tuple[str, ...] = ()
    known: bool = True
    reasons: tuple[Reason, ...] = ()

    @property
    def nothing(self) -> bool:
        """Whether nothing is lost, for certain."""
        return self.known and not self.what

    @property
    def words(self) -> str:
        """`nothing`, `table users, column t.x`, `cannot tell`, or named things and the rest."""
        if self.known:
            return ", ".join(self.what) or "nothing"
        return ", ".join((*self.what, "the rest cannot be told")) if self.what else "cannot tell"


@dataclass(frozen=True, slots=True)
class Judgement:
    """Both judgements of one file. `lacks_down`: there is neither `down` nor `change`;
    `lacks_up` likewise. `no_transaction`: a failure leaves it half done."""

    undo: Undo
    undo_reasons: tuple[Reason, ...]
    up: Losses
    down: Losses
    lacks_up: bool = False
    lacks_down: bool = False
    no_transaction: bool = False

    def losses(self, direction: Direction) -> Losses:
        """What is lost that way."""
        return self.up if direction is Direction.UP else self.down

    @property
    def undo_words(self) -> str:
        """`yes`, or the word with its first reason."""
        if not self.undo_reasons or self.undo is Undo.YES:
            return self.undo.value
        return f"{self.undo} ({self.undo_reasons[0].words})"


def unjudged(why: str) -> Judgement:
    """The judgement of a file that could not be read, or is not there."""
    reason = Reason(0, why, "")
    lost = Losses(known=False, reasons=(reason,))
    return Judgement(Undo.UNKNOWN, (reason,), lost, lost)


@lru_cache(maxsize=4096)
def judge_source(source: str) -> Judgement:
    """Judge a migration by its text; never raises: what is not understood cannot be told."""
    lines = source.splitlines()
    try:
        module = _module(statements_of(source))
    except Unreadable as error:
        return unjudged(f"line {error.line}: {error.why}")
    if isinstance(module, str):
        return unjudged(module)
    return _Judge(lines, module).judge()


def _module(statements: Iterable[Statement]) -> Block | str:
    """The body of the one module that is a migration, or why there is none."""
    found = [block for block in _modules(statements) if _uses_migration(block)]
    if len(found) == 1:
        return found[0]
    return "no module uses Ecto.Migration" if not found else "several modules use Ecto.Migration"


def _modules(statements: Iterable[Statement]) -> Iterable[Block]:
    for statement in statements:
        call = call_of(statement)
        if call is not None and call.name == "defmodule" and call.block is not None:
            yield call.block
            yield from _modules(call.block.statements)


def _uses_migration(block: Block) -> bool:
    return any(
        (call := call_of(statement)) is not None
        and call.name == "use"
        and bool(call.args)
        and [token.text for token in call.args[0] if isinstance(token, Token)] == ["Ecto.Migration"]
        for statement in block.statements
    )


class _Judge:
    """One module's judgement, statement by statement."""

    def __init__(self, lines: list[str], module: Block) -> None:
        self._lines = lines
        self._bodies: dict[str, tuple[Statement, ...]] = {}
        self._odd: list[Reason] = []
        self._no_transaction = False
        for statement in module.statements:
            self._module_level(statement)

    def _reason(self, line: int, why: str) -> Reason:
        text = self._lines[line - 1].strip() if 0 < line <= len(self._lines) else ""
        return Reason(line, from_host(text, limit=_SHOWN), why)

    def _module_level(self, statement: Statement) -> None:
        first = statement[0]
        line = first.line
        if isinstance(first, Token) and first.text == "@":
            words = [node.text for node in statement[1:] if isinstance(node, Token)]
            if words[:1] == ["disable_ddl_transaction"] and words[1:] != ["false"]:
                self._no_transaction = True
            return
        call = call_of(statement)
        if call is None:
            self._odd.append(self._reason(line, "it cannot be told what this does"))
        elif call.name == "def":
            self._function(call)
        elif call.name == "use" and not _is_alias(call, "Ecto.Migration"):
            self._odd.append(self._reason(line, "it may bring functions of its own"))
        elif call.name == "defp":
            if plain_name(call.args).partition("/")[0] in NAMES:
                self._odd.append(self._reason(line, "a function of its own by a command's name"))
        elif call.name not in _QUIET:
            self._odd.append(self._reason(line, "it cannot be told what this does"))

    def _function(self, call: Call) -> None:
        name = plain_name(call.args)
        if name in _HOOKS or name.partition("/")[0] in NAMES:
            self._odd.append(self._reason(call.line, "it is run beside the commands"))
        elif name in ("up", "down", "change"):
            if name in self._bodies or call.body is None:
                self._odd.append(self._reason(call.line, "it cannot be told what this does"))
            self._bodies.setdefault(name, call.body or ())
        elif not name:
            self._odd.append(self._reason(call.line, "it cannot be told what this does"))

    def judge(self) -> Judgement:
        bodies = self._bodies
        ups = self._effects(bodies.get("up", bodies.get("change", ())))
        lacks_up = not (self._odd or {"up", "change"} & bodies.keys())
        lacks_down = not (self._odd or {"down", "change"} & bodies.keys())
        undo, reasons, down = self._backwards(lacks_down=lacks_down)
        up = self._losses((effect, effect.forward) for effect in ups)
        return Judgement(undo, reasons, up, down, lacks_up, lacks_down, self._no_transaction)

    def _effects(self, body: Iterable[Statement]) -> list[Effect]:
        return [effect for statement in body for effect in effects_of(statement)]

    def _losses(self, found: Iterable[tuple[Effect, Lost]]) -> Losses:
        """What these effects lose, each one way; code of the module that is odd loses what it
        may."""
        what: list[str] = []
        reasons = list(self._odd)
        known = not self._odd
        for effect, lost in found:
            if lost is None:
                known = False
                reasons.append(self._reason(effect.line, effect.unsure or effect.why))
            elif lost:
                what += (from_host(name, limit=_SHOWN) for name in lost)
                reasons.append(self._reason(effect.line, ""))
        return Losses(tuple(dict.fromkeys(what)), known, tuple(reasons))

    def _backwards(self, *, lacks_down: bool) -> tuple[Undo, tuple[Reason, ...], Losses]:
        if lacks_down:
            reason = Reason(0, "neither down nor change", "")
            return Undo.NO, (reason,), Losses(known=False, reasons=(reason,))
        if "down" in self._bodies:
            effects = self._effects(self._bodies["down"])
            lost = self._losses((effect, effect.forward) for effect in effects)
            stops = [effect for effect in effects if effect.raises]
        else:
            effects = self._effects(self._bodies.get("change", ()))
            lost = self._losses((effect, effect.backward) for effect in effects)
            stops = [effect for effect in effects if effect.reversible is False]
        if stops:
            return Undo.NO, self._reasons(stops), lost
        dark = [effect for effect in effects if effect.reversible is None]
        if dark or self._odd:
            return Undo.UNKNOWN, (*self._odd, *self._reasons(dark)), lost
        if not effects:
            return Undo.YES, (Reason(0, "undoing it does nothing", ""),), lost
        return Undo.YES, (), lost

    def _reasons(self, effects: Iterable[Effect]) -> tuple[Reason, ...]:
        return tuple(self._reason(effect.line, effect.why) for effect in effects)


def _is_alias(call: Call, name: str) -> bool:
    words = [node.text for node in call.args[0] if isinstance(node, Token)] if call.args else []
    return words == [name]

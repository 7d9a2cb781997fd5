"""Special forms: if, unless, case, cond, for, raise, try with rescue and catch."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from tui.demo.elixir import syntax as ast
from tui.demo.elixir.errors import ElixirError, NotSimulated
from tui.demo.elixir.inspect_text import inspect
from tui.demo.elixir.operators import to_string
from tui.demo.elixir.patterns import match
from tui.demo.elixir.values import Atom, keyword, module_name, text_of, truthy

Scope = dict[str, object]


class Runner(Protocol):
    """What evaluates a form's parts."""

    async def run(self, node: ast.Node, scope: Scope) -> object: ...

    async def all(self, nodes: tuple[ast.Node, ...], scope: Scope) -> list[object]: ...

    async def chosen(
        self, node: ast.Clauses, values: list[object], scope: Scope
    ) -> ast.Clause | None: ...


_STRUCT, _MESSAGE = Atom("__struct__"), Atom("message")
Form = Callable[[Runner, ast.Call, Scope], Awaitable[object]]


def _options(node: ast.Call) -> tuple[tuple[ast.Node, ...], dict[str, ast.Node]]:
    """A form's arguments and its `do:`, `else:`, … parts."""
    args, parts = node.args, {}
    while args and isinstance(args[-1], ast.Keywords):
        for pair in args[-1].items:
            if isinstance(pair, ast.Sequence) and isinstance(pair.items[0], ast.Literal):
                parts[text_of(pair.items[0].value)] = pair.items[1]
        args = args[:-1]
    return args, parts


async def _if(run: Runner, node: ast.Call, scope: Scope) -> object:
    args, parts = _options(node)
    holds = truthy(await run.run(args[0], scope)) is (node.name == "if")
    part = parts.get("do" if holds else "else")
    return await run.run(part, dict(scope)) if part is not None else None


async def _case(run: Runner, node: ast.Call, scope: Scope) -> object:
    args, parts = _options(node)
    value, clauses, inner = await run.run(args[0], scope), parts["do"], dict(scope)
    clause = None
    if isinstance(clauses, ast.Clauses):
        clause = await run.chosen(clauses, [value], inner)
    if clause is None:
        raise ElixirError("CaseClauseError", f"no case clause matching: {inspect(value)}")
    return await run.run(clause.body, inner)


async def _cond(run: Runner, node: ast.Call, scope: Scope) -> object:
    _, parts = _options(node)
    clauses = parts["do"]
    for clause in clauses.clauses if isinstance(clauses, ast.Clauses) else ():
        if truthy(await run.run(clause.patterns[0], scope)):
            return await run.run(clause.body, dict(scope))
    raise ElixirError("CondClauseError", "no cond clause evaluated to a truthy value")


async def _for(run: Runner, node: ast.Call, scope: Scope) -> object:
    args, parts = _options(node)
    found: list[object] = []

    async def step(rest: tuple[ast.Node, ...], inner: Scope) -> None:
        if not rest:
            found.append(await run.run(parts["do"], inner))
            return
        first = rest[0]
        if not (isinstance(first, ast.Binary) and first.operator == "<-"):
            if truthy(await run.run(first, inner)):
                await step(rest[1:], inner)
            return
        values = await run.run(first.right, inner)
        if isinstance(values, dict):
            values = list(values.items())
        if not isinstance(values, list):
            shown = f"protocol Enumerable not implemented for {inspect(values)}"
            raise ElixirError("Protocol.UndefinedError", shown)
        for value in values:
            bound = dict(inner)
            if match(first.left, value, bound):
                await step(rest[1:], bound)

    await step(args, dict(scope))
    return found


async def _raise(run: Runner, node: ast.Call, scope: Scope) -> object:
    args = await run.all(node.args, scope)
    if isinstance(args[0], str):
        raise ElixirError("RuntimeError", args[0])
    if isinstance(args[0], dict):  # an exception that was rescued
        fields = {k: v for k, v in args[0].items() if k not in (_STRUCT, _MESSAGE)}
        message = to_string(args[0].get(_MESSAGE, ""))
        raise ElixirError(module_name(args[0].get(_STRUCT)), message, fields=fields)
    message = to_string(keyword(args[1], "message", "")) if len(args) > 1 else module_name(args[0])
    raise ElixirError(module_name(args[0]), message)


async def _try(run: Runner, node: ast.Call, scope: Scope) -> object:
    _, parts = _options(node)
    try:
        return await run.run(parts["do"], dict(scope))
    except ElixirError as error:
        if isinstance(error, NotSimulated):
            raise  # a demo's gap is no exception of the code's: it must not be rescued
        if error.module in ("throw", "exit"):
            return await _caught(run, parts.get("catch"), error, scope)
        if "rescue" not in parts:
            raise
        return await _rescued(run, parts["rescue"], error, scope)
    finally:
        if "after" in parts:
            await run.run(parts["after"], dict(scope))


async def _caught(
    run: Runner, clauses: ast.Node | None, error: ElixirError, scope: Scope
) -> object:
    """`catch kind, reason`; the reason is a text here, as it was inspected when it was thrown."""
    for clause in clauses.clauses if isinstance(clauses, ast.Clauses) else ():
        if len(clause.patterns) != 2:
            raise NotSimulated("catch with one pattern")
        inner: Scope = dict(scope)
        given = (Atom(error.module), Atom(error.message.lstrip(":")))
        if all(match(p, value, inner) for p, value in zip(clause.patterns, given, strict=True)):
            return await run.run(clause.body, inner)
    raise error


async def _rescued(run: Runner, clauses: ast.Node, error: ElixirError, scope: Scope) -> object:
    value: dict[object, object] = {
        _STRUCT: Atom(f"Elixir.{error.module}"),
        _MESSAGE: error.message,
        **error.fields,
    }
    for clause in clauses.clauses if isinstance(clauses, ast.Clauses) else ():
        pattern: ast.Node = clause.patterns[0]
        inner: Scope = dict(scope)
        wanted: object = None
        if isinstance(pattern, ast.Binary) and pattern.operator == "in":
            wanted = await run.run(pattern.right, inner)
            pattern = pattern.left
        elif isinstance(pattern, ast.Literal):
            wanted = pattern.value
            pattern = ast.Name("_")
        names = wanted if isinstance(wanted, list) else [wanted]
        if wanted is not None and Atom(f"Elixir.{error.module}") not in names:
            continue
        if match(pattern, value, inner):
            return await run.run(clause.body, inner)
    raise error


FORMS: dict[str, Form] = {
    "if": _if,
    "unless": _if,
    "case": _case,
    "cond": _cond,
    "for": _for,
    "raise": _raise,
    "try": _try,
}

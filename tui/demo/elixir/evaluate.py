"""Running a tree: scopes, calls, special forms. What is not known raises NotSimulated."""

from __future__ import annotations

import inspect as python_inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from tui.demo.elixir import syntax as ast
from tui.demo.elixir.errors import ElixirError, NotSimulated
from tui.demo.elixir.forms import FORMS
from tui.demo.elixir.inspect_text import inspect
from tui.demo.elixir.operators import operated, to_string
from tui.demo.elixir.parser import parse
from tui.demo.elixir.patterns import match
from tui.demo.elixir.values import Atom, Function, module_name, truthy

Scope = dict[str, object]
Builtin = Callable[["Evaluation", list[object]], object | Awaitable[object]]


class World(Protocol):
    """What runs the code: a node or a VM of its own; the library knows more of it."""

    def write(self, text: str) -> None:
        """Standard output."""
        ...


class Evaluation:
    """One evaluation: the functions it may call, and where its output goes."""

    def __init__(self, world: World, library: Mapping[str, Builtin]) -> None:
        self.world = world
        self.library = library

    async def run_text(self, source: str) -> object:
        """Evaluate a source text. ElixirError and ElixirExit end it early."""
        return await self.run_in(source, {})

    async def run_in(self, source: str, scope: Scope) -> object:
        """Evaluate a source text with variables that outlive it."""
        return await self.run(parse(source), scope)

    async def run(self, node: ast.Node, scope: Scope) -> object:
        """The value of a tree; variables are bound in `scope`."""
        runner: Runner = _RUNNERS[type(node)]
        return await runner(self, node, scope)

    async def all(self, nodes: tuple[ast.Node, ...], scope: Scope) -> list[object]:
        """The values of several trees, in order."""
        return [await self.run(node, scope) for node in nodes]

    async def call(self, name: str, args: list[object]) -> object:
        """Call a library function by its written name."""
        found = self.library.get(name)
        if found is None:
            raise NotSimulated(f"{name}/{len(args)}")
        try:
            value = found(self, args)
            return await value if python_inspect.isawaitable(value) else value
        except ValueError as error:
            if "unpack" in str(error):  # the library function has other arities
                raise NotSimulated(f"{name}/{len(args)}") from None
            raise

    async def apply(self, function: object, args: list[object]) -> object:
        """Call an anonymous function."""
        if not isinstance(function, Function):
            raise ElixirError("BadFunctionError", f"expected a function, got: {inspect(function)}")
        if function.arity != len(args):
            shown = (
                f"{function.shown} with arity {function.arity} called with {len(args)} arguments"
            )
            raise ElixirError("BadArityError", shown)
        return await function.call(args)

    # Nodes

    async def _literal(self, node: ast.Literal, _scope: Scope) -> object:
        return node.value

    async def _text(self, node: ast.Text, scope: Scope) -> object:
        shown = ""
        for part in node.parts:
            shown += part if isinstance(part, str) else to_string(await self.run(part, scope))
        return [ord(char) for char in shown] if node.charlist else shown

    async def _sequence(self, node: ast.Sequence, scope: Scope) -> object:
        items = await self.all(node.items, scope)
        if node.kind == "tuple":
            return tuple(items)
        if node.tail is not None:
            tail = await self.run(node.tail, scope)
            return items + (tail if isinstance(tail, list) else [tail])
        return items

    async def _mapping(self, node: ast.Mapping, scope: Scope) -> object:
        return {
            await self.run(key, scope): await self.run(value, scope) for key, value in node.pairs
        }

    async def _name(self, node: ast.Name, scope: Scope) -> object:
        if node.name in scope:
            return scope[node.name]
        if f"Kernel.{node.name}" in self.library:
            return await self.call(f"Kernel.{node.name}", [])
        message = f"nofile:1: undefined function {node.name}/0 (there is no such import)"
        raise ElixirError("CompileError", message)

    async def _call(self, node: ast.Call, scope: Scope) -> object:
        if node.target is None:
            form = FORMS.get(node.name)
            if form is not None:
                return await form(self, node, scope)
            return await self.call(f"Kernel.{node.name}", await self.all(node.args, scope))
        target = await self.run(node.target, scope)
        if isinstance(target, dict) and node.dotted:
            if Atom(node.name) not in target:
                shown = f"key :{node.name} not found in: {inspect(target)}"
                raise ElixirError("KeyError", shown)
            return target[Atom(node.name)]
        module = module_name(target)
        if not module:
            raise ElixirError("ArgumentError", f"you attempted to apply {inspect(target)}")
        return await self.call(f"{module}.{node.name}", await self.all(node.args, scope))

    async def _apply(self, node: ast.Apply, scope: Scope) -> object:
        function = await self.run(node.function, scope)
        return await self.apply(function, await self.all(node.args, scope))

    async def _clauses(self, node: ast.Clauses, scope: Scope) -> object:
        """`fn … end`: a function over the scope as it is now."""
        held = dict(scope)

        async def call(args: list[object]) -> object:
            inner = dict(held)
            clause = await self.chosen(node, args, inner)
            if clause is None:
                raise ElixirError("FunctionClauseError", "no function clause matching")
            return await self.run(clause.body, inner)

        arity = len(node.clauses[0].patterns) if node.clauses else 0
        return Function(arity, call)

    async def chosen(
        self, node: ast.Clauses, values: list[object], scope: Scope
    ) -> ast.Clause | None:
        """The first clause that takes the values; its variables are bound in `scope`."""
        for clause in node.clauses:
            inner = dict(scope)
            if len(clause.patterns) != len(values):
                continue
            pairs = zip(clause.patterns, values, strict=True)
            if not all(match(pattern, value, inner) for pattern, value in pairs):
                continue
            if clause.guard is None or truthy(await self.run(clause.guard, inner)):
                scope.update(inner)
                return clause
        return None

    async def _capture(self, node: ast.Capture, scope: Scope) -> object:
        body = node.body
        if isinstance(body, ast.Binary) and body.operator == "/":
            return self._named(body, scope)
        held = dict(scope)

        async def call(args: list[object]) -> object:
            inner = {**held, **{f"&{n}": value for n, value in enumerate(args, 1)}}
            return await self.run(body, inner)

        return Function(max(_arguments(body), default=1), call)

    def _named(self, body: ast.Binary, scope: Scope) -> Function:
        """`&Module.name/2` or `&name/1`."""
        callee, arity = body.left, body.right
        if not isinstance(arity, ast.Literal) or not isinstance(arity.value, int):
            raise NotSimulated("such a capture")
        count = arity.value
        places = tuple(ast.Argument(number + 1) for number in range(count))
        if isinstance(callee, ast.Call):
            target = ast.Call(callee.target, callee.name, places)
            shown = f"&{_written(callee)}/{count}"
        elif isinstance(callee, ast.Name):
            target, shown = ast.Call(None, callee.name, places), f"&{callee.name}/{count}"
        else:
            raise NotSimulated("such a capture")
        held = dict(scope)

        async def call(args: list[object]) -> object:
            inner = {**held, **{f"&{n}": value for n, value in enumerate(args, 1)}}
            return await self.run(target, inner)

        return Function(count, call, shown)

    async def _argument(self, node: ast.Argument, scope: Scope) -> object:
        return scope[f"&{node.number}"]

    async def _unary(self, node: ast.Unary, scope: Scope) -> object:
        value = await self.run(node.operand, scope)
        if node.operator in ("!", "not"):
            return not truthy(value)
        if not isinstance(value, (int, float)):
            raise ElixirError("ArithmeticError", "bad argument in arithmetic expression")
        return -value if node.operator == "-" else value

    async def _binary(self, node: ast.Binary, scope: Scope) -> object:
        if node.operator == "=":
            value = await self.run(node.right, scope)
            if not match(node.left, value, scope):
                shown = f"no match of right hand side value: {inspect(value)}"
                raise ElixirError("MatchError", shown)
            return value
        left = await self.run(node.left, scope)
        if node.operator in ("||", "or"):
            return left if truthy(left) else await self.run(node.right, scope)
        if node.operator in ("&&", "and"):
            return await self.run(node.right, scope) if truthy(left) else left
        return operated(node.operator, left, await self.run(node.right, scope))

    async def _block(self, node: ast.Block, scope: Scope) -> object:
        value: object = None
        for item in node.items:
            value = await self.run(item, scope)
        return value


def _arguments(node: object) -> set[int]:
    """The numbers of `&1`, `&2`, … within a tree."""
    if isinstance(node, ast.Argument):
        return {node.number}
    if isinstance(node, tuple):
        return set().union(*(_arguments(item) for item in node)) if node else set()
    if isinstance(node, ast.Node):
        return _arguments(tuple(vars(node).values()))
    return set()


def _written(node: ast.Call) -> str:
    target = node.target.value if isinstance(node.target, ast.Literal) else None
    return f"{module_name(target)}.{node.name}"


Runner = Callable[[Evaluation, Any, Scope], Awaitable[object]]
_RUNNERS: dict[type[ast.Node], Runner] = {
    ast.Literal: Evaluation._literal,
    ast.Text: Evaluation._text,
    ast.Sequence: Evaluation._sequence,
    ast.Keywords: Evaluation._sequence,
    ast.Mapping: Evaluation._mapping,
    ast.Name: Evaluation._name,
    ast.Call: Evaluation._call,
    ast.Apply: Evaluation._apply,
    ast.Clauses: Evaluation._clauses,
    ast.Capture: Evaluation._capture,
    ast.Argument: Evaluation._argument,
    ast.Unary: Evaluation._unary,
    ast.Binary: Evaluation._binary,
    ast.Block: Evaluation._block,
}

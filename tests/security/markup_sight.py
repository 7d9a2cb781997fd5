"""Whether an expression is, in plain sight, text that is not read as markup: for the R3 check.

Literals are ours. Built text (Content, Text) is not parsed. A name counts if all it is given in
its function counts, or by its annotation; a call counts if the function says what it returns.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

Function = ast.FunctionDef | ast.AsyncFunctionDef

# Widgets and options that show their first argument as markup, and those that show every one.
FIRST = (
    *("Static", "Label", "Button", "Checkbox", "RadioButton", "Tab", "TabPane", "Option", "Tree"),
    *("Selection", "Placeholder", "DiscoveryHit", "Link", "ToggleButton", "Digits"),
)
EVERY = ("OptionList", "SelectionList", "RadioSet", "Tabs", "Select")
# Calls that read markup themselves: what they are given is looked at where they are called.
READERS = ("from_markup", "from_text", "render_str", "highlight")

_BUILT = ("Content", "Text", "Strip", "Segment")
_BUILDERS = ("assemble", "styled", "blank", "empty", "from_ansi", "from_rich_text")
_CHAINED = (
    *("truncate", "join", "append", "append_text", "stylize", "stylize_before", "pad", "pad_left"),
    *("pad_right", "right_crop", "rstrip", "copy", "first_line", "highlight_regex"),
)
_BUILT_TYPE = re.compile(
    r"(?:(?:list|tuple|Sequence|Iterable|Iterator|Collection)\[)?"
    r"(?:Content|Text|Strip)(?:, \.\.\.)?\]?\Z"
)


class Known:
    """What the modules say of themselves: functions that return built text, widgets of our own."""

    def __init__(self, trees: dict[str, ast.Module]) -> None:
        returns: dict[str, list[bool]] = {}
        bases: dict[str, set[str]] = {}
        # Widgets with an __init__ of their own take what they like; what they hand on to
        # super().__init__ is looked at there.
        self.own: set[str] = set()
        for node in (n for tree in trees.values() for n in ast.walk(tree)):
            if isinstance(node, Function):
                returns.setdefault(node.name, []).append(_returns_built(node))
            elif isinstance(node, ast.ClassDef):
                bases[node.name] = {last_name(base) for base in node.bases}
                self.own |= {node.name} if "__init__" in _methods(node) else set()
        self.building = {name for name, built in returns.items() if all(built)}
        self.first, self.every = set(FIRST), set(EVERY)
        for _ in bases:  # as often as the longest line of ancestors can need
            for name, above in bases.items():
                self.first |= {name} if above & self.first else set()
                self.every |= {name} if above & self.every else set()


class Sight:
    """What can be seen of the expressions of one module."""

    def __init__(self, tree: ast.Module, known: Known) -> None:
        self._known = known
        self.scopes: dict[ast.AST, ast.AST] = {}
        self.owners: dict[ast.AST, ast.ClassDef] = {}
        self._place(tree, tree, None)

    def _place(self, node: ast.AST, scope: ast.AST, owner: ast.ClassDef | None) -> None:
        self.scopes[node] = scope
        if owner is not None:
            self.owners[node] = owner
        if isinstance(node, Function | ast.Lambda):
            scope = node
        if isinstance(node, ast.ClassDef):
            owner = node
        for child in ast.iter_child_nodes(node):
            self._place(child, scope, owner)

    def safe(self, node: ast.expr, seen: frozenset[str] = frozenset()) -> bool:
        """Whether `node` is a literal or built text; `seen` are names that are being looked at."""
        if isinstance(node, ast.Call):
            return self._safe_call(node, seen)
        if isinstance(node, ast.Name):
            return self._safe_name(node, seen)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            return self.safe(node.left, seen) or self.safe(node.right, seen)
        parts = _parts(node)
        return parts is not None and all(self.safe(part, seen) for part in parts)

    def _safe_call(self, call: ast.Call, seen: frozenset[str]) -> bool:
        name = last_name(call.func)
        if name in (*_BUILT, *READERS, "escape") or self._says_built(call, name):
            return True
        if name in self._known.first:
            return True  # an option in a list: it is looked at where it is made
        if not isinstance(call.func, ast.Attribute):
            return False
        maker = call.func.value
        if name in _BUILDERS and last_name(maker) in _BUILT:
            return True
        # A literal's own join or rstrip gives a str again, of whatever it was given.
        literal = isinstance(maker, ast.Constant | ast.JoinedStr)
        return name in _CHAINED and not literal and self.safe(maker, seen)

    def _says_built(self, call: ast.Call, name: str) -> bool:
        owner, function = self.owners.get(call), call.func
        of_self = isinstance(function, ast.Attribute) and _is_name(function.value, "self")
        method = _methods(owner).get(name) if owner and of_self else None
        return _returns_built(method) if method else name in self._known.building

    def _safe_name(self, name: ast.Name, seen: frozenset[str]) -> bool:
        if name.id in seen:
            return True  # `left = left.truncate(1)`: the other assignments decide
        scope = self.scopes[name]
        given: list[bool] = []
        if isinstance(scope, Function):
            every = (*scope.args.posonlyargs, *scope.args.args, *scope.args.kwonlyargs)
            given += [_is_built_type(a.annotation) for a in every if a.arg == name.id]
        for node in ast.walk(scope):
            if self.scopes.get(node) is scope:
                given += self._given(node, name.id, seen | {name.id})
        return bool(given) and all(given)

    def _given(self, node: ast.AST, name: str, seen: frozenset[str]) -> Iterator[bool]:
        """What one statement of a scope says of a name, as far as it binds it."""
        if isinstance(node, ast.AnnAssign) and _is_name(node.target, name):
            given = node.value is not None and self.safe(node.value, seen)
            yield _is_built_type(node.annotation) or given
        elif isinstance(node, ast.Assign | ast.AugAssign | ast.NamedExpr) and any(
            _is_name(t, name)
            for t in (node.targets if isinstance(node, ast.Assign) else [node.target])
        ):
            yield self.safe(node.value, seen)
        elif (pair := _pair_of(node, name)) is not None:
            yield self.safe(pair, seen)
        elif any(_is_name(n, name) for target in _targets(node) for n in ast.walk(target)):
            yield False  # unpacked, or one of many: nobody can see here what it is


def _parts(node: ast.expr) -> list[ast.expr] | None:
    """What an expression is made of, if it is as good as its parts; None if it is not."""
    match node:
        case ast.Constant() | ast.Dict() | ast.DictComp():
            return []  # a dict is for some_dict.update: no widget takes one
        case ast.JoinedStr(values=parts) | ast.BoolOp(values=parts):
            return parts
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            return parts
        case ast.IfExp(body=left, orelse=right) | ast.BinOp(left=left, right=right):
            return [left, right]
        case ast.ListComp(elt=part) | ast.GeneratorExp(elt=part) | ast.SetComp(elt=part):
            return [part]
        case (
            ast.Starred(value=part)
            | ast.Await(value=part)
            | ast.NamedExpr(value=part)
            | ast.FormattedValue(value=part)
        ):
            return [part]
    return None


def _pair_of(node: ast.AST, name: str) -> ast.expr | None:
    """What `name` is given by `line, room = Content(""), 7`."""
    match node:
        case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
            if len(names) == len(values):
                return next(
                    (v for n, v in zip(names, values, strict=True) if _is_name(n, name)), None
                )
    return None


def _targets(node: ast.AST) -> list[ast.expr]:
    match node:
        case ast.Assign(targets=targets):
            return targets
        case ast.For(target=target) | ast.AsyncFor(target=target):
            return [target]
        case ast.comprehension(target=target):
            return [target]
        case ast.withitem(optional_vars=ast.expr() as target):
            return [target]
    return []


def last_name(node: ast.expr) -> str:
    """`Static` of `Static`, `widgets.Static` and `Static[int]`."""
    if isinstance(node, ast.Subscript):
        node = node.value
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _returns_built(function: Function) -> bool:
    # Numbers are no text: `listing.update(self._pivot())` is no widget's update.
    said = function.returns
    number = isinstance(said, ast.Name) and said.id in ("int", "float", "bool")
    return number or _is_built_type(said)


def _methods(owner: ast.ClassDef) -> dict[str, Function]:
    return {node.name: node for node in owner.body if isinstance(node, Function)}


def _is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _is_built_type(annotation: ast.expr | None) -> bool:
    said = ast.unparse(annotation).strip("'") if annotation is not None else ""
    return _BUILT_TYPE.match(said) is not None

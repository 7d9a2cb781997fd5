"""Finds text that Textual would read as markup (R3): a check of source code, not of types.

Where an API takes a str as markup (the threat model's list, and the library's own calls of
from_markup), the argument must be a literal, built text, or go with markup=False.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.security.markup_sight import Known, Sight, last_name

# Methods, with the arguments that are shown as markup: None is all of them.
METHODS: dict[str, slice | None] = {
    "update": slice(0, 1),
    "notify": slice(0, 1),
    "add_row": None,
    "add_column": slice(0, 1),
    "add_columns": None,
    "update_cell": slice(2, 3),
    "update_cell_at": slice(1, 2),
    "add_option": slice(0, 1),
    "add_options": slice(0, 1),
    "set_options": slice(0, 1),
    "replace_option_prompt": slice(1, 2),
    "replace_option_prompt_at_index": slice(1, 2),
    "add_leaf": slice(0, 1),
    "set_label": slice(0, 1),
    "exit": slice(2, 3),
    "from_markup": slice(0, 1),
    "from_text": slice(0, 1),
    "render_str": slice(0, 1),
    "highlight": slice(0, 1),
}
# Keywords of those and of widgets that are shown as markup; a toast's title is not.
KEYWORDS = ("label", "prompt", "content", "tooltip", "renderable", "help", "message", "title")
ASSIGNED = ("border_title", "border_subtitle", "tooltip", "label", "prompt")
CLASS_VARS = ("BORDER_TITLE", "BORDER_SUBTITLE")


class Finding(NamedTuple):
    """A place where text could be read as markup."""

    file: str
    line: int
    source: str


def findings(sources: dict[str, str]) -> list[Finding]:
    """What is found in a set of modules, given as file name → source text."""
    trees = {file: ast.parse(text) for file, text in sources.items()}
    known = Known(trees)
    return [
        Finding(file, node.lineno, ast.unparse(node))
        for file, tree in trees.items()
        for node in _bad(tree, Sight(tree, known), known)
    ]


def read(paths: list[Path], root: Path) -> dict[str, str]:
    """The sources of files and folders that exist."""
    files = [f for p in paths for f in (sorted(p.rglob("*.py")) if p.is_dir() else [p])]
    return {str(file.relative_to(root)): file.read_text() for file in files if file.exists()}


def _bad(tree: ast.Module, sight: Sight, known: Known) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        shown: list[ast.expr] = []
        if isinstance(node, ast.Call):
            shown = _shown_of_call(node, sight, known)
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            shown = [node.value] if any(_is_shown(target) for target in targets) else []
        elif isinstance(node, ast.Return) and node.value is not None:
            # A widget's render() may return a str: markup again.
            scope = sight.scopes[node]
            named = isinstance(scope, ast.FunctionDef) and scope.name == "render"
            shown = [node.value] if named else []
        yield from (part for part in shown if not sight.safe(part))


def _shown_of_call(call: ast.Call, sight: Sight, known: Known) -> list[ast.expr]:
    """The arguments of a call that are shown as markup."""
    if any(k.arg == "markup" and ast.unparse(k.value) == "False" for k in call.keywords):
        return []
    name = last_name(call.func)
    if name in METHODS and isinstance(call.func, ast.Attribute):
        chosen = METHODS[name]
        shown: list[ast.expr] | None = list(call.args) if chosen is None else call.args[chosen]
    else:
        if _is_super_init(call.func):
            name = _widget_above(call, sight, known)
        elif name in known.own:
            return []
        shown = _shown_of_widget(name, call, known)
    if shown is None:
        return []
    keywords = [k.value for k in call.keywords if k.arg in KEYWORDS]
    if name == "notify":
        keywords = [k.value for k in call.keywords if k.arg == "message"]
    return [*shown, *keywords]


def _shown_of_widget(name: str, call: ast.Call, known: Known) -> list[ast.expr] | None:
    """The positional arguments that a widget shows; None if it is no widget that we know."""
    if name == "Hit":
        return call.args[1:2]
    if name == "Collapsible":
        return []
    if name in known.every:
        return list(call.args)
    return call.args[:1] if name in known.first else None


def _widget_above(call: ast.Call, sight: Sight, known: Known) -> str:
    owner = sight.owners.get(call)
    bases = [last_name(base) for base in owner.bases] if owner else []
    # Where one of our own stands between, its __init__ is the one that is called.
    ours = [base for base in bases if base in known.own]
    return "" if ours else next((b for b in bases if b in known.first | known.every), "")


def _is_super_init(function: ast.expr) -> bool:
    return (
        isinstance(function, ast.Attribute)
        and function.attr == "__init__"
        and isinstance(function.value, ast.Call)
        and last_name(function.value.func) == "super"
    )


def _is_shown(target: ast.expr) -> bool:
    if isinstance(target, ast.Attribute):
        return target.attr in ASSIGNED
    return isinstance(target, ast.Name) and target.id in CLASS_VARS

"""No text that could come from a host is read as markup: the source says so (R3)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.security.markup_check import Finding, findings, read

ROOT = Path(__file__).parent.parent.parent
LOOKED_AT = ("tui/widgets", "screens", "tui/app.py", "tui/palette.py", "tui/plans.py")

# What is read as markup on purpose, with the reason why no host and no file can reach it.
ALLOWED = {
    # Labels of keys, themes and scenarios are ours, and keys have canonical names: no brackets.
    ("tui/palette.py", "help_text"),
    ("tui/palette.py", "name"),
    # rich's Syntax colours code by its own lexer: no markup is read there (test_migrations.py).
    ("tui/widgets/source_text.py", "shown"),
}

HEAD = """
from rich.text import Text
from textual.content import Content
from textual.widgets import *
"""

BAD = {
    "bare name": "Static(message)",
    "f-string": 'Label(f"host {name}")',
    "attribute": "Button(self.host.name)",
    "percent": 'Static("%s" % name)',
    "concatenation": 'Static("a" + name)',
    "format": 'Static("{}".format(name))',
    "join": 'Static(" ".join(names))',
    "str": "Static(str(state))",
    "keyword": "Static(content=name)",
    "either": 'Static(name if name else "-")',
    "or": 'Static(name or "-")',
    "update": "view.update(line)",
    "plain of content": "view.update(Content(line).plain)",
    "add_row": 'table.add_row("web1", state)',
    "add_row starred": "table.add_row(*cells)",
    "add_row comprehension": "table.add_row(*[str(c) for c in cells])",
    "add_column": "table.add_column(title)",
    "add_columns": 'table.add_columns("a", title)',
    "column label": "table.add_column(label=title)",
    "update_cell": "table.update_cell(row, column, value)",
    "update_cell_at": "table.update_cell_at(place, value)",
    "add_option": "options.add_option(host)",
    "options": "options.add_options([host, other])",
    "option": "Option(host)",
    "option list": 'OptionList("a", host)',
    "replaced option": "options.replace_option_prompt_at_index(0, host)",
    "notify": "self.notify(error.detail)",
    "notify keyword": "self.notify(message=detail)",
    "notify with markup": "self.notify(detail, markup=True)",
    "tooltip": "widget.tooltip = detail",
    "tooltip keyword": "Static('x', tooltip=detail)",
    "border title": 'box.border_title = f"{host}"',
    "border subtitle": "box.border_subtitle = host",
    "border title of a class": "class W(Static):\n    BORDER_TITLE = make()",
    "tab": "Tab(host)",
    "tab pane": 'TabPane(host, Static("x"))',
    "collapsible": 'Collapsible(Static("x"), title=host)',
    "checkbox": "Checkbox(host)",
    "select": "Select([(host, 1)])",
    "tree": "tree.root.add_leaf(host)",
    "tree label": "node.set_label(host)",
    "exit": "self.exit(1, 1, detail)",
    "exit message": "self.exit(1, message=str(error))",
    "own widget": "class Line(Static):\n    pass\nLine(host)",
    "own widget's super": "class Line(Static):\n  def __init__(self, t):\n    super().__init__(t)",
    "from_markup": "view.update(Content.from_markup(host))",
    "from_markup of rich": "view.update(Text.from_markup(host))",
    "from_text": "view.update(Content.from_text(host))",
    "render": "class W(Static):\n    def render(self):\n        return self.host",
    "local of unknown make": "def f(x):\n    line = x.line\n    Static(line)",
    "local of two makes": "def f(x):\n    t = Content(x)\n    t = x\n    Static(t)",
    "local unpacked": "def f(x):\n    a, b = x\n    Static(a)",
    "local in a pair": "def f(x):\n    a, b = Content(x), x\n    Static(b)",
    "loop": "def f(xs):\n    for x in xs:\n        Static(x)",
    "argument": "def f(x: str):\n    Static(x)",
    "function that returns str": "def t() -> str:\n    return x\nStatic(t())",
    "function that says nothing": "def t():\n    return Content(x)\nStatic(t())",
    "literal's join": 'Static(", ".join([Content(a)]))',
    "own widget of our own": (
        "class A(Label):\n  pass\nclass B(A):\n  def __init__(self, t):\n    super().__init__(t)"
    ),
    "palette": "Hit(1, name, run)",
    "palette highlight": "Hit(1, matcher.highlight(name), run)",
    "palette help": "DiscoveryHit(Content(name), run, help=told)",
    "subscript": "Static(names[0])",
    "walrus": "Static(line := read())",
}
GOOD = {
    "literal": 'Static("[b]ours[/b]")',
    "f-string of literals": "Static(f\"{'a'}\")",
    "built": "Static(Content(host))",
    "built of rich": "Static(Text(host))",
    "assembled": 'Static(Content.assemble("a", (host, "bold")))',
    "styled": "view.update(Content.styled(host, 'bold'))",
    "joined": 'view.update(Content("\\n").join(lines))',
    "chained": "view.update(Content(host).truncate(3).stylize('bold'))",
    "markup off": "Static(host, markup=False)",
    "notify, markup off": "self.notify(detail, title=title, markup=False)",
    "either": "Static(Content(a) if a else '-')",
    "cells": "table.add_row(*[Text(c) for c in cells])",
    "mixed cells": 'table.add_row("a", Text(b), key=c)',
    "option": "Option(Content(host), id=host)",
    "own widget with an own init": (
        "class Line(Static):\n  def __init__(self, p):\n    super().__init__(markup=False)\nLine(p)"
    ),
    "local": "def f(x):\n    line = Content(x)\n    line = line.truncate(1)\n    Static(line)",
    "local in a pair": "def f(x):\n    a, b = Content(x), x\n    Static(a)",
    "annotated": "def f(x: Content):\n    Static(x)",
    "annotated cells": "def f(x: list[Text]):\n    table.add_row(*x)",
    "function that says so": "def t(x) -> Content:\n    return Content(x)\nStatic(t(x))",
    "method that says so": (
        "class A:\n  def t(self) -> Content:\n    return Content(x)\n"
        "  def u(self):\n    v.update(self.t())\nclass B:\n  def t(self) -> str:\n    return x"
    ),
    "escaped": "Static(escape(host))",
    "a dict's update": "known.update({host: 1})",
    "blanks": 'Static(" " * width)',
    "empty": "Static()",
    "border title": "box.border_title = Content(host)",
}  # fmt: skip


def found(source: str) -> list[Finding]:
    return findings({"sample.py": HEAD + source})


@pytest.mark.parametrize("name", BAD)
def test_checker_finds(name: str) -> None:
    assert len(found(BAD[name])) == 1, BAD[name]


@pytest.mark.parametrize("name", GOOD)
def test_checker_lets_pass(name: str) -> None:
    assert found(GOOD[name]) == []


def test_no_text_is_read_as_markup() -> None:
    sources = read([ROOT / place for place in LOOKED_AT], ROOT)
    assert {file.partition("/")[0] for file in sources} == {"tui", "screens"}
    hits = [
        f"{hit.file}:{hit.line}: {hit.source}: make it Content(…), or give markup=False"
        for hit in findings(sources)
        if (hit.file, hit.source) not in ALLOWED
    ]
    assert hits == []

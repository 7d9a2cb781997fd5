"""What is imported when, and what never is."""

from __future__ import annotations

import ast
import importlib.metadata
import pkgutil
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import tui.ssh

FOLDER = Path(tui.ssh.__file__).parent
WIRE = {
    "wire",
    "wire_sessions",
    "wire_terminal",
}  # imported by functions only, at the first connection
MODULES = sorted(module.name for module in pkgutil.iter_modules([str(FOLDER)]))


def test_no_module_of_the_floor_imports_asyncssh_when_it_is_imported() -> None:
    names = [f"tui.ssh.{name}" for name in MODULES if name not in WIRE]
    assert "tui.ssh.fleet" in names
    code = (
        "import importlib, sys\n"
        f"for name in {names!r}:\n"
        "    importlib.import_module(name)\n"
        "from tui.ssh.fleet import Fleet\n"
        "from tui.ssh.gate import Gate\n"
        "from tui.model.fleet import Environment, Host, Limits\n"
        "hosts = (Host('web1'), Host('web2'))\n"
        "Fleet(Environment('staging', hosts=hosts), Limits(), Gate(False, 1.0, lambda: 0.0))\n"
        "heavy = {'asyncssh', 'cryptography', 'textual'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_only_the_wire_modules_import_asyncssh_at_their_top() -> None:
    found = set()
    for name in MODULES:
        tree = ast.parse((FOLDER / f"{name}.py").read_text())
        for node in tree.body:  # not those inside functions, nor under TYPE_CHECKING
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            if any(n.split(".")[0] == "asyncssh" for n in names):
                found.add(name)
    assert found == WIRE


def test_scp_is_never_used_and_asyncssh_is_new_enough() -> None:
    for path in FOLDER.parent.rglob("*.py"):
        names = re.findall(r"\b(?:asyncssh\.scp|import scp|from asyncssh\.scp)\b", path.read_text())
        assert names == [], path
    project = tomllib.loads((FOLDER.parent.parent / "pyproject.toml").read_text())["project"]
    requirement = next(r for r in project["dependencies"] if r.startswith("asyncssh"))
    assert ">=2.23.1" in requirement
    assert tuple(map(int, importlib.metadata.version("asyncssh").split(".")[:3])) >= (2, 23, 1)


def test_known_hosts_none_is_written_nowhere() -> None:
    for path in FOLDER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.keyword) and node.arg == "known_hosts":
                is_none = isinstance(node.value, ast.Constant) and node.value.value is None
                assert not is_none, path

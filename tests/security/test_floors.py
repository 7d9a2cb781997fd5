"""Imports go downward only: as contracts over the source, and in a running interpreter."""

from __future__ import annotations

import importlib.util
import json
import pkgutil
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent

# The packages of a floor (or single modules), and what importing all of it must not bring in.
FLOORS = {
    "tui": ("textual", "asyncssh", "rich", "msgspec", "click", "platformdirs", "pyte"),
    "tui.model": ("asyncssh", "textual", "rich", "pyte", "msgspec", "click", "platformdirs"),
    "tui.commands": ("asyncssh", "textual", "rich", "pyte", "tui.ssh", "tui.operations"),
    "tui.ssh": ("textual", "rich", "tui.operations", "tui.widgets", "screens", "tui.app"),
    "tui.operations": ("textual", "rich", "tui.widgets", "screens", "tui.app"),
    "tui.widgets": ("asyncssh", "tui.operations", "tui.ssh", "screens", "tui.app"),
    "screens": ("asyncssh", "tui.app"),
    "tui.config": ("textual", "asyncssh", "rich", "tui.ssh", "tui.operations"),
    "tui.errors": ("textual", "asyncssh"),
    "tui.paths": ("textual", "asyncssh"),
    # The first paint does not wait for what only a connection or a terminal needs.
    "tui.app": ("asyncssh", "pyte", "tui.demo"),
    "tui.cli": ("asyncssh", "textual", "tui.app", "tui.demo"),
    "tui.__main__": ("asyncssh", "textual", "tui.app", "tui.demo"),
}

IMPORT = """
import importlib, json, sys
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
print(json.dumps(sorted(sys.modules)))
"""


def modules_of(name: str) -> list[str]:
    """A module, or a package with all that is in it; the root of the tree stands for itself."""
    spec = importlib.util.find_spec(name)
    assert spec is not None, f"{name} is gone: mend the table"
    found = [name]
    if name != "tui" and spec.submodule_search_locations:
        for module in pkgutil.walk_packages(list(spec.submodule_search_locations), f"{name}."):
            found.append(module.name)
    return found


def imported_with(names: list[str]) -> set[str]:
    """The modules that a fresh interpreter holds after importing `names`."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORT, json.dumps(names)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("floor", FLOORS)
def test_floor_reaches_down_only(floor: str) -> None:
    present = imported_with(modules_of(floor))
    for forbidden in FLOORS[floor]:
        above = {m for m in present if m == forbidden or m.startswith(f"{forbidden}.")}
        assert not above, f"{floor} brings in {sorted(above)[:3]}"


def test_the_check_sees_what_is_imported() -> None:
    present = imported_with(["tui.config"])
    assert {"tui.config", "msgspec", "tui.model.fleet"} <= present


def test_contracts() -> None:
    program = shutil.which("lint-imports", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("IMPORT CONTRACTS NOT CHECKED: lint-imports is not installed")
    done = subprocess.run([program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert "0 broken" in done.stdout

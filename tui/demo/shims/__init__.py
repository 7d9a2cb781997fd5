"""The executables of a sandbox: they carry a call to the simulated host, and its answer back."""

from __future__ import annotations

import shutil
import sys
from functools import cache
from importlib.resources import files

PERL = "perl"
PYTHON = "python"


@cache
def _source(name: str) -> str:
    return files("tui.demo.shims").joinpath(name).read_text(encoding="utf-8")


@cache
def interpreter() -> str:
    """Perl where it is (it starts in 2 ms, Python in 11), else Python, which is always there."""
    return PERL if shutil.which("perl", path="/usr/bin:/bin") else PYTHON


def shim_text(socket: str, language: str | None = None) -> str:
    """The text of the one executable behind every simulated program; its name says which."""
    if (language or interpreter()) == PERL:
        first = f"#!{shutil.which('perl', path='/usr/bin:/bin')}"
        return f"{first}\nmy $place = '{socket}';\n{_source('shim.pl')}"
    return f"#!{sys.executable} -ISE\nPLACE = {socket!r}\n{_source('shim.py.txt')}"


def small(name: str) -> str:
    """The text of a shell script among the shims."""
    return _source(name)

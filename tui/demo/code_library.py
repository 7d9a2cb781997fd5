"""The functions of Elixir that look at code and files: Code, Path, function_exported?."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, cast

from tui.demo import ecto
from tui.demo.elixir.errors import ElixirError, NotSimulated
from tui.demo.elixir.library import Builtin, arguments, items
from tui.demo.elixir.operators import to_string
from tui.demo.elixir.values import Atom, module_atom, module_name
from tui.demo.vm import Vm

if TYPE_CHECKING:
    from tui.demo.elixir.evaluate import Evaluation

_LEADING = re.compile(r"[+-]?\d+")
_MIGRATOR = {"migrations": (1, 2, 3), "run": (3, 4), "with_repo": (2, 3), "migrations_path": (1, 2)}


def of_vm(least: int, function: Callable[..., object], most: int | None = None) -> Builtin:
    """A library function whose first Python argument is the VM."""

    def call(run: Evaluation, args: list[object]) -> object | Awaitable[object]:
        arguments(args, least, most)
        return function(cast(Vm, run.world), *args)

    return call


def _compile_file(vm: Vm, path: object) -> object:
    """`Code.compile_file` of a migration: its module can then be run by name."""
    name = to_string(path)
    real = vm.sandbox.real(name)
    if not real.is_file():
        raise ElixirError("Code.LoadError", f"could not load {name}. Reason: enoent")
    made = ecto.parse_migration(0, real.stem, real.read_text(encoding="utf-8"))
    vm.compiled[module_atom(made.module)] = made
    return [(module_atom(made.module), "")]


def _ensure_loaded(vm: Vm, module: object) -> object:
    if module == module_atom("Ecto.Migrator") or module in vm.compiled:
        return (Atom("module"), module)
    raise NotSimulated(f"loading {module_name(module)}")


def _exported(vm: Vm, module: object, name: object, arity: object) -> bool:
    """Whether a loaded module has a function: Ecto's migrator, or a compiled migration."""
    wanted = to_string(name)
    if module == module_atom("Ecto.Migrator"):
        return arity in _MIGRATOR.get(wanted, ())
    compiled = vm.compiled.get(cast(Atom, module))
    if compiled is None:
        raise NotSimulated(f"the functions of {module_name(module)}")
    return arity == 0 and (wanted == "__migration__" or wanted in compiled.functions)


def _wildcard(vm: Vm, pattern: object) -> list[object]:
    """`Path.wildcard` for a folder and everything below it; sorted, hidden ones left out."""
    folder, found, ending = to_string(pattern).partition("/**/")
    if not found or "*" in folder or ending.count("*") != 1 or not ending.startswith("*"):
        raise NotSimulated(f"the pattern {pattern}")
    real = vm.sandbox.real(folder)
    names = (p.relative_to(real).as_posix() for p in real.rglob(ending))
    return [f"{folder}/{name}" for name in sorted(names) if not f"/{name}".count("/.")]


def _basename(_vm: Vm, path: object, ending: object = "") -> str:
    return posixpath.basename(to_string(path)).removesuffix(to_string(ending))


def _parse_integer(_vm: Vm, text: object) -> object:
    found = _LEADING.match(to_string(text))
    return Atom("error") if found is None else (int(found[0]), to_string(text)[found.end() :])


def _message(_vm: Vm, error: object) -> object:
    if isinstance(error, dict) and Atom("message") in error:
        return error[Atom("message")]
    raise NotSimulated("the message of that")


CODE: dict[str, Builtin] = {
    "Code.compile_file": of_vm(1, _compile_file),
    "Code.ensure_loaded": of_vm(1, _ensure_loaded),
    "Kernel.function_exported?": of_vm(3, _exported),
    "Path.wildcard": of_vm(1, _wildcard),
    "Path.join": of_vm(1, lambda _vm, parts: posixpath.join(*map(to_string, items(parts)))),
    "Path.basename": of_vm(1, _basename, 2),
    "Integer.parse": of_vm(1, _parse_integer),
    "Exception.message": of_vm(1, _message),
}

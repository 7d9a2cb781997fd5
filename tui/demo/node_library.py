"""The functions of Elixir that look at a VM: applications, the node, init, Ecto's migrator."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, cast

from tui.demo.code_library import CODE, of_vm
from tui.demo.elixir.errors import ElixirError, ElixirExit, NotSimulated
from tui.demo.elixir.inspect_text import inspect
from tui.demo.elixir.library import PURE, Builtin, arguments
from tui.demo.elixir.operators import to_string
from tui.demo.elixir.parser import parse
from tui.demo.elixir.values import Atom, module_atom
from tui.demo.tree import APP, ERTS, node_apps
from tui.demo.vm import REPO, Vm

if TYPE_CHECKING:
    from tui.demo.elixir.evaluate import Evaluation

_OK = Atom("ok")
_BEFORE_APPS = ("kernel", "stdlib", "compiler", "elixir", "logger")
_VERSIONS = re.compile(
    r"select\s+version\s+from\s+schema_migrations(?:\s+order\s+by\s+(?:1|version))?\s*;?\Z", re.I
)


def _charlist(text: str) -> list[object]:
    return [ord(char) for char in text]


# Applications


def _known(vm: Vm, app: object) -> bool:
    """Whether the VM knows an app's resource file."""
    if app == Atom(APP):
        return vm.in_node or vm.loaded
    return any(app == Atom(name) for name, _ in node_apps(vm.version))


def _spec(vm: Vm, app: object, key: object) -> object:
    if key != Atom("vsn"):
        raise NotSimulated(f"Application.spec(app, {inspect(key)})")
    if not _known(vm, app):
        return None
    numbers = {Atom(name): number for name, number in node_apps(vm.version)}
    return _charlist(numbers[cast(Atom, app)])


def _env(vm: Vm, app: object, key: object, default: object = None) -> object:
    if app == Atom(APP):  # from sys.config, so it is there before the app is loaded
        if key == Atom("ecto_repos"):
            return [REPO]
        if key == REPO:
            return [(Atom("url"), vm.url), (Atom("pool_size"), 10)]
    return default


def _fetch_env(vm: Vm, app: object, key: object) -> object:
    value = _env(vm, app, key)
    if value is None:
        shown = f"could not fetch application environment {inspect(key)} for application "
        raise ElixirError("ArgumentError", shown + inspect(app))
    return value


def _load(vm: Vm, app: object) -> object:
    if _known(vm, app):
        return (Atom("error"), (Atom("already_loaded"), app))
    if app == Atom(APP):
        vm.loaded = True
        return _OK
    shown = _charlist("no such file or directory")
    return (Atom("error"), (shown, _charlist(f"{inspect(app).lstrip(':')}.app")))


def _started(vm: Vm) -> list[object]:
    if not vm.in_node:
        names: tuple[str, ...] = _BEFORE_APPS
    elif vm.beam is not None and vm.beam.started:
        names = tuple(name for name, _ in node_apps(vm.version) if name != "iex")
    else:
        names = _BEFORE_APPS
    numbers = dict(node_apps(vm.version))
    known = [(Atom(n), _charlist(n), _charlist(numbers[n])) for n in names if n in numbers]
    return [*known[::-1]]  # the last started first


def _ensure_all_started(vm: Vm, app: object) -> object:
    if vm.in_node:
        return (_OK, [])
    raise NotSimulated(f"starting {inspect(app)} outside of its node")


def _app_dir(vm: Vm, app: object, inside: object = None) -> str:
    numbers = {Atom(name): number for name, number in node_apps(vm.version)}
    if not isinstance(app, Atom) or app not in numbers:
        raise ElixirError("ArgumentError", f"unknown application: {inspect(app)}")
    folder = f"{vm.tree.seen}/lib/{app.name}-{numbers[app]}"
    return f"{folder}/{to_string(inside)}" if inside is not None else folder


# The VM


def _system_info(vm: Vm, what: object) -> object:
    known: dict[str, object] = {
        "otp_release": _charlist("25"),
        "version": _charlist(ERTS),
        "process_count": (139 if vm.in_node else 52) + int(vm.clock()) % 7,
        "schedulers_online": 2,
    }
    if not isinstance(what, Atom) or what.name not in known:
        raise NotSimulated(f":erlang.system_info({inspect(what)})")
    return known[what.name]


def _status(vm: Vm) -> object:
    up = vm.beam is None or vm.beam.started
    return (Atom("started" if up else "starting"), Atom("started" if up else "applications_loaded"))


def _init_stop(vm: Vm, _status: object = None) -> object:
    if vm.beam is None:
        raise ElixirExit(0)
    vm.beam.init_stop()
    return _OK


def _init_restart(vm: Vm) -> object:
    if vm.beam is None:
        raise NotSimulated(":init.restart/0 outside of a node")
    vm.beam.init_restart()
    return _OK


def _halt(vm: Vm, status: object = 0) -> object:
    number = status if isinstance(status, int) else 1
    if vm.beam is not None:
        vm.beam.exit(number)
    raise ElixirExit(number)


def _thrown(kind: str, value: object) -> object:
    raise ElixirError(kind, inspect(value))


def _getenv(vm: Vm, name: object, default: object = None) -> object:
    return vm.env.get(to_string(name), default)


def _fetch_variable(vm: Vm, name: object) -> object:
    value = vm.env.get(to_string(name))
    if value is None:
        shown = f'could not fetch environment variable "{to_string(name)}" because it is not set'
        raise ElixirError("System.EnvError", shown)
    return value


async def _sleep(_run: Evaluation, args: list[object]) -> object:
    (milliseconds,) = arguments(args, 1)
    await asyncio.sleep(cast(int, milliseconds) / 1000)
    return _OK


async def _eval_string(run: Evaluation, args: list[object]) -> object:
    source, binding, *_ = arguments(args, 1, 3)
    scope = {
        pair[0].name: pair[1]
        for pair in (binding if isinstance(binding, list) else [])
        if isinstance(pair, tuple) and isinstance(pair[0], Atom)
    }
    value = await run.run(parse(to_string(source)), scope)
    return (value, [(Atom(name), bound) for name, bound in scope.items()])


# Ecto


async def _migrations(run: Evaluation, args: list[object]) -> object:
    repo, source, options = arguments(args, 1, 3)
    return await cast(Vm, run.world).migrations(repo, source, options)


async def _run_migrations(run: Evaluation, args: list[object]) -> object:
    if len(args) == 3:
        repo, direction, options = args
        return await cast(Vm, run.world).migrate(repo, None, direction, options)
    repo, source, direction, options = arguments(args, 4)
    return await cast(Vm, run.world).migrate(repo, source, direction, options)


async def _with_repo(run: Evaluation, args: list[object]) -> object:
    repo, function, _options = arguments(args, 2, 3)
    vm = cast(Vm, run.world)
    started = not vm.in_node and repo == REPO
    if started:
        vm.started_repos.add(REPO)
    try:
        vm.require_repo(repo)
        value = await run.apply(function, [repo])
    finally:
        vm.started_repos.discard(REPO)
    return (_OK, value, [Atom("ecto_sql")] if started else [])


def _migrations_path(vm: Vm, repo: object, name: object = "migrations") -> str:
    if repo != REPO:
        vm.require_repo(repo)
    return f"{_app_dir(vm, Atom(APP))}/priv/repo/{to_string(name)}"


def _query(vm: Vm, repo: object, statement: object, *_rest: object) -> object:
    vm.require_repo(repo)
    text = to_string(statement).strip()
    rows: list[object]
    if _VERSIONS.match(text):
        rows = [[version] for version in sorted(vm.database.applied)]
    elif re.fullmatch(r"select\s+1\s*;?", text, re.I):
        rows = [[1]]
    else:
        raise NotSimulated(f"this statement: {text[:80]}")
    return {
        Atom("__struct__"): module_atom("Postgrex.Result"),
        Atom("num_rows"): len(rows),
        Atom("rows"): rows,
    }


LIBRARY: dict[str, Builtin] = {
    **PURE,
    **CODE,
    "Application.spec": of_vm(2, _spec),
    "Application.get_env": of_vm(2, _env, 3),
    "Application.fetch_env!": of_vm(2, _fetch_env),
    "Application.load": of_vm(1, _load),
    "Application.ensure_loaded": of_vm(1, lambda vm, app: (_load(vm, app), _OK)[1]),
    "Application.started_applications": of_vm(0, _started, 1),
    "Application.ensure_all_started": of_vm(1, _ensure_all_started, 2),
    "Application.app_dir": of_vm(1, _app_dir, 2),
    "Kernel.node": of_vm(0, lambda vm: Atom(vm.node)),
    "Node.self": of_vm(0, lambda vm: Atom(vm.node)),
    "Node.list": of_vm(0, lambda _vm: []),
    "System.version": of_vm(0, lambda _vm: "1.14.0"),
    "System.otp_release": of_vm(0, lambda _vm: "25"),
    "System.get_env": of_vm(1, _getenv, 2),
    "System.fetch_env!": of_vm(1, _fetch_variable),
    "System.os_time": of_vm(1, lambda vm, _unit: int(vm.clock())),
    "System.halt": of_vm(0, _halt, 1),
    "System.stop": of_vm(0, _init_stop, 1),
    ":erlang.system_info": of_vm(1, _system_info),
    ":erlang.statistics": of_vm(1, lambda _vm, _what: 0),
    ":erlang.memory": of_vm(1, lambda vm, _what: 55_900_000 + int(vm.clock() * 1000) % 90_001),
    ":erlang.node": of_vm(0, lambda vm: Atom(vm.node)),
    "Kernel.throw": of_vm(1, lambda _vm, value: _thrown("throw", value)),
    "Kernel.exit": of_vm(1, lambda _vm, value: _thrown("exit", value)),
    ":init.get_status": of_vm(0, _status),
    ":init.script_id": of_vm(0, lambda vm: (_charlist(APP), _charlist(vm.version))),
    ":init.stop": of_vm(0, _init_stop, 1),
    ":init.restart": of_vm(0, _init_restart),
    "Process.sleep": _sleep,
    "Code.eval_string": _eval_string,
    "Ecto.Migrator.migrations": _migrations,
    "Ecto.Migrator.run": _run_migrations,
    "Ecto.Migrator.with_repo": _with_repo,
    "Ecto.Migrator.migrations_path": of_vm(1, _migrations_path, 2),
    "Ecto.Adapters.SQL.query!": of_vm(2, _query, 4),
    "Keyword.has_key?": of_vm(2, lambda _vm, v, k: any(pair[0] == k for pair in v)),
}

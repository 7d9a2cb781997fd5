"""`bin/billing` as mix release makes it: version, pid, rpc, eval, stop, restart, remote, …"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath

from tui.demo.beam import InUse
from tui.demo.calls import Call, RunInstead
from tui.demo.elixir.errors import ElixirError, ElixirExit
from tui.demo.elixir.evaluate import Evaluation
from tui.demo.machine import Machine
from tui.demo.node_library import LIBRARY
from tui.demo.programs.iex import Iex
from tui.demo.programs.release_texts import BANNER, NO_DATABASE_URL, NO_ENV, NO_REMSH, USAGE
from tui.demo.tree import APP, ReleaseTree
from tui.demo.vm import Vm

_DOWN = "--rpc-eval : RPC failed with reason :nodedown\n"


@dataclass(frozen=True, slots=True)
class _Run:
    """One run of the launcher: the call, the host, the release folder it stands in."""

    call: Call
    machine: Machine
    tree: ReleaseTree
    words: list[str]

    @property
    def version(self) -> str:
        """The release that would boot."""
        return self.call.env.get("RELEASE_VSN") or self.tree.boot_version()

    @property
    def reaches_node(self) -> bool:
        """Whether a remote command finds the node: it is up, and the cookie is its own."""
        cookie = self.call.env.get("RELEASE_COOKIE") or self.tree.cookie()
        vm = self.machine.beam.vm
        own = f"{APP}@{self.machine.name}"
        named = self.call.env.get("RELEASE_NODE", own) == own
        distributed = self.call.env.get("RELEASE_DISTRIBUTION") != "none"
        fits = vm is not None and vm.cookie == cookie
        return self.machine.beam.up and fits and named and distributed


async def release(call: Call, machine: Machine) -> int:
    """Run one `bin/billing`; the first argument is the launcher's own path."""
    launcher, *words = call.args
    seen = PurePosixPath(launcher if launcher.startswith("/") else f"{call.cwd}/{launcher}")
    root = str(seen.parents[1])
    run = _Run(call, machine, ReleaseTree(machine.sandbox.real(root), root), words[1:])
    if not words:
        call.err(USAGE)
        return 0
    command = _COMMANDS.get(words[0])
    if command is None:
        call.err(USAGE)
        return 1
    if not run.tree.exists(run.version):
        call.err(NO_ENV.format(launcher=launcher, root=root, version=run.version))
        return 2
    return await command(run)


async def _version(run: _Run) -> int:
    run.call.out(f"{APP} {run.version}\n")
    return 0


async def _remotely(run: _Run, action: Callable[[], Awaitable[None]]) -> int:
    """What every remote command begins with: a small VM that connects, or does not."""
    await asyncio.sleep(run.machine.timing.rpc_s)
    if not run.reaches_node:
        run.call.err(_DOWN)
        return 1
    # The node does the work: killing this client does not stop it.
    try:
        await asyncio.shield(asyncio.ensure_future(action()))
    except ElixirError as error:
        run.call.err(error.banner())
        return 1
    except ElixirExit:
        run.call.err(_DOWN)
        return 1
    return 0


async def _pid(run: _Run) -> int:
    async def show() -> None:
        vm = run.machine.beam.vm
        run.call.out(f"{vm.child.pid if vm is not None else 0}\n")

    return await _remotely(run, show)


async def _stop(run: _Run) -> int:
    async def stop() -> None:
        run.machine.beam.init_stop()

    return await _remotely(run, stop)


async def _restart(run: _Run) -> int:
    async def restart() -> None:
        run.machine.beam.init_restart()

    return await _remotely(run, restart)


async def _rpc(run: _Run) -> int:
    if not run.words:
        run.call.err("ERROR: RPC expects an expression as argument\n")
        return 1
    vm = node_vm(run.machine, run.tree, run.call.out)

    async def evaluate() -> None:
        try:
            await Evaluation(vm, LIBRARY).run_text(run.words[0])
        finally:
            for line in vm.later:
                moment = datetime.fromtimestamp(run.machine.clock.now(), UTC)
                run.call.out(f"\n{moment:%H:%M:%S}.{moment.microsecond // 1000:03} [info] {line}\n")

    return await _remotely(run, evaluate)


def node_vm(machine: Machine, tree: ReleaseTree, write: Callable[[str], None]) -> Vm:
    """The app's own node, for code that runs there."""
    running = machine.beam.vm
    return Vm(
        version=running.version if running is not None else "",
        tree=tree,
        sandbox=machine.sandbox,
        database=machine.database,
        url=machine.beam.database_url,
        env=machine.beam.env,
        write=write,
        node_log=machine.beam.say,
        clock=machine.clock.now,
        node=f"{APP}@{machine.name}",
        beam=machine.beam,
    )


async def _eval(run: _Run) -> int:
    if not run.words:
        run.call.err("ERROR: EVAL expects an expression as argument\n")
        return 1
    call, machine = run.call, run.machine
    await asyncio.sleep(machine.timing.rpc_s)
    url = call.env.get("DATABASE_URL")
    if url is None:
        out, err = NO_DATABASE_URL
        call.out(out)
        call.err(err)
        return 1
    vm = Vm(
        version=run.version,
        tree=run.tree,
        sandbox=machine.sandbox,
        database=machine.database,
        url=url,
        env={**call.env, "RELEASE_VSN": run.version},
        write=call.out,
        node_log=machine.app_says,
        clock=machine.clock.now,
        node="nonode@nohost",
    )
    try:
        await Evaluation(vm, LIBRARY).run_text(run.words[0])
    except ElixirError as error:
        call.err(error.banner())
        return 1
    except ElixirExit as ended:
        return ended.status
    return 0


async def _start(run: _Run) -> int:
    """In the foreground, without a unit: until it is ended or the caller is."""
    try:
        child = run.machine.beam.start_alone(run.tree, run.call.out)
    except InUse as error:
        run.call.err(f"{error}\n")
        return 1
    try:
        return abs(await child.wait())
    finally:
        run.machine.beam.exit(0)


async def _daemon(run: _Run) -> int:
    """In the background, its output in tmp/log; exit status 0 even on a conflict."""
    log = run.tree.real / "tmp" / "log" / "erlang.log.1"
    log.parent.mkdir(parents=True, exist_ok=True)

    def write(text: str) -> None:
        with log.open("a", encoding="utf-8") as file:
            file.write(text)

    try:
        run.machine.beam.start_alone(run.tree, write)
    except InUse as error:
        write(f"{error}\n")
    return 0


async def _remote(run: _Run) -> int:
    """An IEx on the node behind a terminal; without one, a local IEx that ends with its stdin."""
    call, machine = run.call, run.machine
    await asyncio.sleep(machine.timing.rpc_s)
    if not call.stdin_is_tty:
        call.err(NO_REMSH)
        prompt = f"iex(rem-{machine.rng.getrandbits(16):04x}-{APP}@{machine.name})1> "
        call.out(BANNER.partition("\n\n")[2] + prompt)
        while await call.read():
            pass
        return 0
    if not run.reaches_node:
        call.err(
            f"Could not contact remote node {APP}@{machine.name}, reason: :nodedown. Aborting...\n"
        )
        return 1
    if "DEMO_RAW" not in call.env:
        # An Erlang shell edits its lines itself: the terminal gives it every key.
        raise RunInstead(("/bin/sh", "-c", _RAW, call.args[0]), {"DEMO_RAW": "1"})
    call.out(BANNER.replace("\n", "\r\n"))
    vm = node_vm(machine, run.tree, lambda text: call.out(text.replace("\n", "\r\n")))
    await Iex(call, vm, f"{APP}@{machine.name}").run()
    return 0


_RAW = 'stty raw -echo; "$0" remote; s=$?; stty sane; exit $s'


async def _not_simulated(run: _Run) -> int:
    run.call.err("the demo has no IEx beside a starting node; try `start`, then `remote`\n")
    return 1


_COMMANDS: dict[str, Callable[[_Run], Awaitable[int]]] = {
    "version": _version,
    "pid": _pid,
    "rpc": _rpc,
    "eval": _eval,
    "stop": _stop,
    "restart": _restart,
    "start": _start,
    "daemon": _daemon,
    "remote": _remote,
    "start_iex": _not_simulated,
    "daemon_iex": _not_simulated,
}

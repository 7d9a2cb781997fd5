"""The Erlang node of a unit: a real process that only waits, and a model of what it would do."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Protocol

from tui.demo.beam_process import Running, spawn_vm
from tui.demo.children import Child
from tui.demo.tree import APP, ReleaseTree

if TYPE_CHECKING:
    from tui.demo.hostclock import HostClock
    from tui.demo.sandbox import Sandbox
    from tui.demo.timing import Timing
    from tui.demo.unit_model import Settings


class Host(Protocol):
    """What a node needs of its machine."""

    name: str
    timing: Timing
    restart_behaviour: str
    clock: HostClock

    @property
    def sandbox(self) -> Sandbox: ...

    def app_says(self, text: str) -> None:
        """A line of the app on stdout."""
        ...

    def serving_changed(self, serving: bool) -> None:
        """The app begins or ends to listen."""
        ...


class InUse(Exception):
    """Another VM of this name runs on the host."""


class Beam:
    """The main program of the billing unit; or, started by hand, a VM beside it."""

    name = "beam.smp"

    def __init__(self, host: Host, settings: Callable[[], Settings], tree: ReleaseTree) -> None:
        self._host = host
        self._settings = settings
        self.tree = tree
        self.vm: Running | None = None
        self.outlet: Callable[[str], None] | None = None
        self.started = False
        self.serving = False
        self._steps: set[asyncio.Task[None]] = set()
        self._leaving = False

    @property
    def up(self) -> bool:
        """Whether the node answers; already while its applications start."""
        return self.vm is not None and not self._leaving

    @property
    def env(self) -> dict[str, str]:
        """The unit's environment."""
        return dict(word.partition("=")[::2] for word in self._settings().environment)

    @property
    def database_url(self) -> str:
        """The database that the running app was told of."""
        return self.env.get("DATABASE_URL", "")

    def start(self) -> Child:
        """Boot as the unit does; a second VM of the same name dies at once."""
        running = self._spawn(self.tree)
        if self.vm is not None:
            running.child.on_exit(lambda _code: os.close(running.pipe))
            self._step(self._give_way(running))
        else:
            self._begin(running, None)
        return running.child

    def start_alone(self, tree: ReleaseTree, outlet: Callable[[str], None]) -> Child:
        """Boot without the unit; the output goes to `outlet`. InUse if a VM runs already."""
        if self.vm is not None:
            raise InUse(self._conflict())
        running = self._spawn(tree)
        self._begin(running, outlet)
        return running.child

    def _conflict(self) -> str:
        name = f"{APP}@{self._host.name}"
        return f"Protocol 'inet_tcp': the name {name} seems to be in use by another Erlang node"

    def _begin(self, running: Running, outlet: Callable[[str], None] | None) -> None:
        self.vm = running
        self.outlet = outlet
        self._leaving = False
        running.child.on_exit(lambda _code: self._gone(running.child))
        self._step(self._boot(running.version))

    def _spawn(self, tree: ReleaseTree) -> Running:
        return spawn_vm(self._host.sandbox, tree, self._host.name, self.env)

    def _step(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._steps.add(task)
        task.add_done_callback(self._steps.discard)

    async def _give_way(self, running: Running) -> None:
        await asyncio.sleep(self._host.timing.crash_s)
        self._host.app_says(self._conflict())
        with contextlib.suppress(BrokenPipeError):
            os.write(running.pipe, b"1\n")

    def say(self, text: str) -> None:
        """A line on the VM's stdout: the journal, or wherever a VM beside the unit writes."""
        if self.outlet is None:
            self._host.app_says(text)
        else:
            self.outlet(f"{text}\n")

    async def _boot(self, version: str) -> None:
        host, timing = self._host, self._host.timing
        if not self.tree.exists(version):
            self.say(
                f"{self.tree.seen}/bin/{APP}: 18: .: cannot open "
                f"{self.tree.seen}/releases/{version}/env.sh: No such file"
            )
            self.exit(2)
            return
        missing = self.tree.missing_app(version)
        if missing is not None or host.restart_behaviour == "loop":
            await asyncio.sleep(timing.crash_s)
            module = missing or "telemetry_app"
            self.say(
                f"** (UndefinedFunctionError) function :{module}.start/2 is undefined "
                f"(module :{module} is not available)"
            )
            self.exit(1)
            return
        slow = host.restart_behaviour == "slow"
        await asyncio.sleep(timing.boot_s * (8 if slow else 1))
        if host.restart_behaviour == "hang":
            self.say("[info] Billing.Cache: waiting for the first snapshot of prices")
            return
        self.started = True
        self._serve(True)

    def settle(self) -> None:
        """Have booted already: a fleet is found running, not starting."""
        for task in tuple(self._steps):
            task.cancel()
        self.started = True
        self._serve(True)

    def _serve(self, serving: bool) -> None:
        if serving != self.serving:
            self.serving = serving
            self._host.serving_changed(serving)

    def exit(self, status: int) -> None:
        """Let the main process end with this status."""
        if self.vm is not None:
            with contextlib.suppress(BrokenPipeError):
                os.write(self.vm.pipe, f"{status}\n".encode())

    def _gone(self, child: Child) -> None:
        if self.vm is None or self.vm.child is not child:
            return
        os.close(self.vm.pipe)
        self.vm = None
        self.outlet = None
        self.started = False
        for task in tuple(self._steps):
            task.cancel()
        self._serve(False)

    async def exec_stop(self) -> None:
        """`bin/billing stop`: asks the node to end, and is back before it has."""
        if not self._settings().exec_stop or self.vm is None:
            return
        await asyncio.sleep(self._host.timing.exec_stop_s)
        if self._host.restart_behaviour != "sigkill":
            self._farewell()

    def _farewell(self) -> None:
        if self.started:
            for pid in (1158, 1153, 1157, 1154):
                self.say(
                    f"[info] Postgrex.Protocol (#PID<0.{pid}.0>) missed message: "
                    "{:EXIT, #PID<0.1163.0>, :shutdown}"
                )
        self._serve(False)

    def terminate(self) -> None:
        """SIGTERM, which the VM turns into init:stop unless it is stuck."""
        if self.vm is None:
            return
        self.say(f"=INFO REPORT==== {self._host.clock.erlang()} ===")
        self.say("SIGTERM received - shutting down")
        if self._host.restart_behaviour != "sigkill":
            self._step(self._halt())

    def init_stop(self) -> None:
        """`:init.stop()`: the VM ends with status 0 in its own time."""
        if self.vm is not None and not self._leaving:
            self._farewell()
            self._step(self._halt())

    async def _halt(self) -> None:
        self._serve(False)
        slow = self._host.restart_behaviour == "slow"
        await asyncio.sleep(self._host.timing.stop_s * (4 if slow else 1))
        self._leaving = True
        self.exit(0)

    def init_restart(self) -> None:
        """`:init.restart()`: the same VM, arguments and release once more."""
        if self.vm is not None:
            self._farewell()
            self.started = False
            self._step(self._boot(self.vm.version))

    def close(self) -> None:
        """Forget what is going on; the process is ended by whoever holds the children."""
        for task in tuple(self._steps):
            task.cancel()
        if self.vm is not None:
            os.close(self.vm.pipe)
            self.vm = None

"""The embedded fleet: hosts that need no host, behind one object that ends without a trace."""

from __future__ import annotations

import base64
import os
import random
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType

from tui.demo import health, keys
from tui.demo.calls import Call, Counter, Program
from tui.demo.children import Children
from tui.demo.config_file import config_text
from tui.demo.database import Database
from tui.demo.machine import SERVICE, Machine, Parts
from tui.demo.migrations import FILES
from tui.demo.programs.journalctl import journalctl
from tui.demo.programs.logging import logger, systemd_cat
from tui.demo.programs.release import release
from tui.demo.programs.sudo import sudo
from tui.demo.programs.systemctl import systemctl
from tui.demo.programs.systemd_run import systemd_run
from tui.demo.sandbox import Base, Sandbox
from tui.demo.scenarios import SCENARIOS
from tui.demo.shims import shim_text, small
from tui.demo.store import write_store
from tui.demo.timing import REAL, Timing
from tui.demo.tree import APP, ERTS, INSIDE, build_tree
from tui.errors import BeamdeckError
from tui.model.fleet import App, Environment, Flavour, Health, HealthKind, Host

HOSTS = ("web1", "web2", "web3")
_PROGRAMS = {
    "systemctl": systemctl,
    "journalctl": journalctl,
    "sudo": sudo,
    "logger": logger,
    "systemd-cat": systemd_cat,
    "systemd-run": systemd_run,
    "demo-release": release,
}
_DATABASE_HOST = "10.77.0.13"


class DemoFleet:
    """Hosts with a real sshd, a real shell and a simulated systemd, journald and release.

    Use as `async with DemoFleet() as fleet`. Everything it starts is ended and everything it
    writes is removed when the block ends.
    """

    def __init__(
        self,
        hosts: Sequence[str] = HOSTS,
        scenario: str | None = None,
        *,
        seed: int | str = 7,
        clock: Callable[[], float] = time.time,
        timing: Timing = REAL,
        chatter: bool = True,
        production: bool = False,
        user: str = "devops",
        parent: str | None = None,
    ) -> None:
        self._names = tuple(hosts)
        self._scenario = scenario
        self._seed = str(seed)
        self._clock = clock
        self._timing = timing
        self._chatter = chatter
        self._production = production
        self._user = user
        self._parent = parent
        self.machines: dict[str, Machine] = {}

    # What a console needs

    @property
    def folder(self) -> Path:
        """The fleet's own folder, private, removed at the end."""
        return self._base.path

    @property
    def known_hosts(self) -> Path:
        """The known_hosts file with every host's key."""
        return self.folder / "known_hosts"

    @property
    def identity(self) -> Path:
        """The operator's private key, without a passphrase."""
        return self.folder / "identity"

    @property
    def store(self) -> Path:
        """The release store: a folder with archives of what runs and of what could come next."""
        return self.folder / "store"

    @property
    def config_path(self) -> Path:
        """A beamdeck configuration with this fleet as its one environment."""
        return self.folder / "beamdeck.toml"

    @property
    def environment(self) -> Environment:
        """The fleet as the console knows one."""
        hosts = tuple(self._host(machine) for machine in self.machines.values())
        return Environment("demo", self._production, hosts, (self.app,))

    @property
    def app(self) -> App:
        """The one app of the fleet."""
        machine = next(iter(self.machines.values()))
        return App(
            APP,
            unit=SERVICE,
            deliver_to=machine.beam.tree.seen,
            flavour=Flavour.MIX,
            owner="billing",
            release_store=str(self.store),
            health=Health(HealthKind.HTTP, port=machine.http.port),
        )

    def _host(self, machine: Machine) -> Host:
        return Host(
            machine.name,
            address="127.0.0.1",
            port=machine.port,
            user=self._user,
            groups=("web",),
            fingerprint=keys.fingerprint(machine.key),
            known_hosts=str(self.known_hosts),
            identity=str(self.identity),
        )

    # Life

    async def __aenter__(self) -> DemoFleet:
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def open(self) -> None:
        """Bring the hosts up; nothing is left behind if that fails."""
        _require_linux()
        self._children = Children(secrets.token_hex(8))
        self._base = Base(self._children, self._parent)
        applied = [file.version for file in FILES if "0.2.0" in file.releases]
        self.database = Database(_DATABASE_HOST, applied)
        try:
            for name, port in zip(self._names, health.reserve(len(self._names)), strict=True):
                machine = self._machine(name, port)
                self.machines[name] = machine
                await self._connect(machine)
            for machine in self.machines.values():
                await machine.open()
            self._deploy_without_restart()
            self._fill_store()
            self._write_files()
            if self._scenario is not None:
                await self.play(self._scenario)
        except BaseException:
            await self.close()
            raise

    def _machine(self, name: str, port: health.HttpPort) -> Machine:
        sandbox = Sandbox(self._base, name)
        for user in ("devops", "restarter", "watcher", "billing"):
            (sandbox.root / "home" / user).mkdir(exist_ok=True)
        later = name == self._names[-1] and len(self._names) > 1
        versions = ("0.1.0", "0.2.0", "0.3.0") if later else ("0.1.0", "0.2.0")
        # One archive, one cookie: every host got the same builds.
        tree = build_tree(sandbox, versions, "0.2.0", self._cookie("cookie"))
        parts = Parts(name, sandbox, port, tree, self.database, self._seed)
        machine = Machine(parts, self._clock, self._timing, chatter=self._chatter)
        programs: dict[str, Program] = {
            name: partial(_bound, program, machine) for name, program in _PROGRAMS.items()
        }
        machine.counter = Counter(sandbox.root / "run" / "calls", programs)
        return machine

    def _cookie(self, name: str) -> str:
        random_bytes = random.Random(f"{self._seed}:{name}").randbytes(32)  # noqa: S311 - a demo's
        return base64.b32encode(random_bytes).decode()

    def _fill_store(self) -> None:
        """What was built so far; the newest by a clean build, so with a cookie of its own."""
        write_store(self.store, self._cookie("cookie"), self._cookie("clean build"))

    def _deploy_without_restart(self) -> None:
        """The last host got a release that nobody has started yet."""
        *others, last = self.machines.values()
        if others:
            last.sandbox.write(f"{INSIDE}/releases/start_erl.data", f"{ERTS} 0.3.0")

    async def _connect(self, machine: Machine) -> None:
        """Put the simulated programs into the host's bin, and answer them."""
        shim = shim_text(str(machine.counter.socket))
        first = machine.sandbox.write("bin/systemctl", shim, 0o755)
        for name in _PROGRAMS:
            if name != "systemctl":
                (machine.sandbox.bin / name).hardlink_to(first)
        for name, text in (
            ("id", small("id.sh")),
            ("whoami", small("id.sh")),
            ("bash", small("bash.sh").replace("@LOOPBACK@", machine.loopback)),
        ):
            machine.sandbox.write(f"bin/{name}", text, 0o755)
        await machine.counter.listen()

    def _write_files(self) -> None:
        key = keys.client_key()
        self.identity.touch(0o600)
        self.identity.write_bytes(key.export_private_key("openssh"))
        lines = [
            keys.known_hosts_line("127.0.0.1", machine.port, machine.key)
            for machine in self.machines.values()
        ]
        self.known_hosts.write_text("".join(lines), encoding="utf-8")
        self.config_path.write_text(config_text(self.environment), encoding="utf-8")

    async def play(self, scenario: str) -> None:
        """Start a scripted incident; returns when it is under way. KeyError if unknown."""
        await SCENARIOS[scenario](self.machines)

    async def close(self) -> None:
        """End every connection and process, remove every file."""
        for machine in self.machines.values():
            await machine.close()
        await self._children.close()
        for machine in self.machines.values():
            machine.sandbox.close()
        self._base.close()


def _require_linux() -> None:
    if not os.path.exists("/proc/self/fd"):
        raise BeamdeckError(
            "The demo's hosts need Linux: their folders are told apart by /proc.",
            remedy="Try it in a Linux virtual machine or container.",
        )


async def _bound(
    program: Callable[[Call, Machine], Awaitable[int]], machine: Machine, call: Call
) -> int:
    return await program(call, machine)

"""A simulated host: units, journal, users and clock behind a real shell, and its faults."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tui.demo import keys
from tui.demo.beam import Beam
from tui.demo.health import HttpPort
from tui.demo.journal import Boot, Journal, Source, fields_of
from tui.demo.sandbox import Sandbox
from tui.demo.server import Sshd
from tui.demo.timing import REAL, Timing
from tui.demo.tree import APP, ReleaseTree
from tui.demo.unit import Settings, Unit, Value, job_numbers
from tui.demo.users import default_users, parse_rules

SYSTEMD_VERSION = (
    "systemd 252 (252.39-1~deb12u1)\n"
    "+PAM +AUDIT +SELINUX +APPARMOR +IMA +SMACK +SECCOMP +GCRYPT -GNUTLS +OPENSSL +ACL +BLKID "
    "+CURL +ELFUTILS +FIDO2 +IDN2 -IDN +IPTC +KMOD +LIBCRYPTSETUP +LIBFDISK +PCRE2 -PWQUALITY "
    "+P11KIT +QRENCODE +TPM2 +BZIP2 +LZ4 +XZ +ZLIB +ZSTD -BPF_FRAMEWORK -XKBCOMMON +UTMP "
    "+SYSVINIT default-hierarchy=unified\n"
)
SERVICE = "billing_prod.service"
_RUNNING_S = 1.6 * 86_400


@dataclass(frozen=True, slots=True)
class Parts:
    """What a machine is made of."""

    name: str
    sandbox: Sandbox
    http: HttpPort
    tree: ReleaseTree
    database_url: str
    seed: str


class Machine:
    """One host of the fleet. Tests and scenarios act on it through the methods below."""

    def __init__(
        self,
        parts: Parts,
        clock: Callable[[], float],
        timing: Timing = REAL,
    ) -> None:
        self.name = parts.name
        self.sandbox = parts.sandbox
        self.http = parts.http
        self.timing = timing
        self.rng = random.Random(f"{parts.seed}:{parts.name}")  # noqa: S311 - not a secret
        self.jobs = job_numbers()
        self.login_shell = "/bin/sh"
        self.forwarding = True
        self.restart_behaviour = "ok"
        self.skew_s = 0.0
        self._ago = 0.0
        self._clock = clock
        self.journal = self._new_journal()
        self._systemd = Source(self._systemd_fields(), self.journal.system_file)
        self._stdout: dict[tuple[str, str, int], Source] = {}
        self.users = default_users(SERVICE)
        settings = _settings(parts)
        self.beam = Beam(self, lambda: settings, parts.tree)
        self.units: dict[str, Unit] = {SERVICE: Unit(settings, self.beam, self)}
        self.sshd = Sshd(self, keys.client_key())
        self.key = keys.host_key(self.name)
        self._generation = 0

    # Clock and identity

    def now(self) -> float:
        """The host's own clock, Unix seconds."""
        return self._clock() + self.skew_s - self._ago

    def now_us(self) -> int:
        """The host's own clock, µs."""
        return int(self.now() * 1_000_000)

    def monotonic_us(self) -> int:
        """CLOCK_MONOTONIC, µs: this machine's, as in /proc."""
        return time.monotonic_ns() // 1000 - int(self._ago * 1_000_000)

    def wall_clock(self) -> str:
        """The clock as Erlang's reports print it."""
        return datetime.fromtimestamp(self.now(), UTC).strftime("%d-%b-%Y::%H:%M:%S.%f")

    def new_id(self) -> str:
        """A 128-bit id."""
        return self.journal.new_id()

    @property
    def port(self) -> int:
        """The port of its sshd."""
        return self.sshd.wire.port

    @property
    def loopback(self) -> str:
        """The address that is this host's 127.0.0.1."""
        return str(self.http.address)

    @property
    def ports(self) -> frozenset[int]:
        """The ports that belong to this host."""
        return frozenset({int(self.http.port), self.port})

    @property
    def unit(self) -> Unit:
        """The app's unit."""
        return self.units[SERVICE]

    @property
    def journal_folder(self) -> Path:
        """Where the journal's files would lie."""
        kind = "log" if self.journal.persistent else "run"
        return self.sandbox.root / "var" / kind / "journal" / self.journal.machine_id

    # Journal

    def _new_journal(self) -> Journal:
        boot_id = Path("/proc/sys/kernel/random/boot_id").read_text().strip().replace("-", "")
        offset = self.now_us() - self.monotonic_us()
        journal = Journal(self.now, self.monotonic_us, Boot(boot_id, offset), self.rng)
        journal.set_driver(
            fields_of(
                {
                    "SYSLOG_IDENTIFIER": "systemd-journald",
                    "_TRANSPORT": "driver",
                    "PRIORITY": 6,
                    "_PID": 18,
                    "_UID": 0,
                    "_SYSTEMD_UNIT": "systemd-journald.service",
                    "_SYSTEMD_INVOCATION_ID": journal.new_id(),
                    "_HOSTNAME": self.name,
                }
            )
        )
        return journal

    def _systemd_fields(self) -> tuple[tuple[str, bytes], ...]:
        return fields_of(
            {
                "_HOSTNAME": self.name,
                "SYSLOG_IDENTIFIER": "systemd",
                "SYSLOG_FACILITY": 3,
                "_TRANSPORT": "journal",
                "_PID": 1,
                "_UID": 0,
                "_GID": 0,
                "_COMM": "systemd",
                "_EXE": "/usr/lib/systemd/systemd",
                "_CMDLINE": "/sbin/init",
                "_SYSTEMD_CGROUP": "/init.scope",
                "_SYSTEMD_UNIT": "init.scope",
                "_SYSTEMD_SLICE": "-.slice",
                "_MACHINE_ID": self.journal.machine_id,
                "_RUNTIME_SCOPE": "system",
            }
        )

    def unit_says(
        self, unit: Unit, priority: int, message: str, extra: Mapping[str, Value]
    ) -> None:
        """A message of PID 1 about a unit."""
        values: dict[str, Value] = {"PRIORITY": priority, "UNIT": unit.name, **extra}
        values |= {"MESSAGE": message, "INVOCATION_ID": unit.state.invocation}
        values["_SOURCE_REALTIME_TIMESTAMP"] = self.now_us() - 40
        self.journal.append(self._systemd, fields_of(values))

    def stdout_of(self, unit: Unit, identifier: str, argv: tuple[str, ...]) -> Source:
        """The writer that a unit's stdout is, in its present run."""
        key = (unit.name, unit.state.invocation, unit.state.exec_pid)
        if key not in self._stdout:
            values: dict[str, Value] = {
                "_TRANSPORT": "stdout",
                "PRIORITY": 6,
                "SYSLOG_FACILITY": 3,
                "SYSLOG_IDENTIFIER": identifier,
                "_PID": unit.state.exec_pid,
                "_UID": 1001,
                "_GID": 1001,
                "_COMM": argv[0].rsplit("/", 1)[-1],
                "_EXE": argv[0],
                "_CMDLINE": " ".join(argv),
                "_CAP_EFFECTIVE": "0",
                "_SYSTEMD_CGROUP": f"/system.slice/{unit.name}",
                "_SYSTEMD_UNIT": unit.name,
                "_SYSTEMD_SLICE": "system.slice",
                "_SYSTEMD_INVOCATION_ID": unit.state.invocation,
                "_MACHINE_ID": self.journal.machine_id,
                "_HOSTNAME": self.name,
                "_RUNTIME_SCOPE": "system",
                "_STREAM_ID": self.new_id(),
            }
            self._stdout[key] = Source(fields_of(values), self.journal.user_file)
        return self._stdout[key]

    def app_says(self, text: str | bytes) -> None:
        """What the app writes to its stdout; lines become entries."""
        argv = self.beam.vm.argv if self.beam.vm is not None else (f"{APP}",)
        source = self.stdout_of(self.unit, APP, argv)
        self.journal.write_lines(source, text.encode() if isinstance(text, str) else text)

    def serving_changed(self, serving: bool) -> None:
        """The app begins or ends to listen."""
        if serving:
            self.http.listen()
            place = f"0.0.0.0:{self.http.port}"
            self.app_says(f"[info] Running Billing.Endpoint with cowboy 2.9.0 at {place} (http)")
        else:
            self.http.shut()

    def may_read_journal(self, user: str) -> bool:
        """Whether journalctl shows a user everything."""
        return user == "root" or (user in self.users and self.users[user].reads_journal)

    def forget_transient(self, name: str) -> None:
        """Unload a transient unit that has ended."""
        unit = self.units.get(name)
        if unit is not None and unit.settings.transient and unit.state.active == "inactive":
            del self.units[name]

    # Life

    async def open(self) -> None:
        """Start sshd, and the app's unit as if that had been a while ago."""
        await self.sshd.open(self.key)
        # Never before the machine's own boot, which /proc/uptime and the journal tell.
        self._ago = min(_RUNNING_S, time.monotonic() * 0.8)
        try:
            await self.unit.submit("start").done
            self.beam.settle()
            self.unit.reset_failed()  # that start is long ago: it counts towards no limit
        finally:
            self._ago = 0.0

    async def close(self) -> None:
        """End sshd, timers and the app."""
        await self.sshd.close()
        for unit in self.units.values():
            unit.close()
        self.beam.close()
        self.http.close()

    # Faults

    def drop_connections(self) -> None:
        """Reset every SSH connection."""
        self.sshd.wire.drop()

    def black_hole(self, on: bool = True) -> None:
        """Let nothing through, in neither direction, and tell nobody."""
        self.sshd.wire.black_hole(on)

    async def refuse_connections(self, on: bool = True) -> None:
        """Listen no more (or again): new connections are refused, those that are stay."""
        if on:
            self.sshd.wire.refuse()
        else:
            await self.sshd.wire.open()

    async def change_host_key(self) -> None:
        """Serve a new host key, as after a reinstallation; connections are reset."""
        self._generation += 1
        self.key = keys.host_key(self.name, self._generation)
        self.drop_connections()
        await self.sshd.open(self.key)

    def set_sudoers(self, user: str, rules: tuple[str, ...] | list[str]) -> None:
        """What sudo lets a user run: `ALL`, or whole command lines; none: a password is asked."""
        self.users[user].rules = parse_rules(rules)


def _settings(parts: Parts) -> Settings:
    root = parts.tree.seen
    return Settings(
        SERVICE,
        "billing service (prod)",
        (f"{root}/bin/{APP}", "start"),
        user="billing",
        working_directory=root,
        environment=(
            "LANG=C.UTF-8",
            f"DATABASE_URL={parts.database_url}",
            f"RELEASE_NODE={APP}@{parts.name}",
        ),
        fragment=parts.sandbox.seen(f"etc/systemd/system/{SERVICE}"),
        exec_stop=f"{root}/bin/{APP} stop",
    )

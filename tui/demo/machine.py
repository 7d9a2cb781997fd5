"""A simulated host: units, journal, users and clock behind a real shell."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tui.demo import keys
from tui.demo.beam import Beam
from tui.demo.calls import Counter
from tui.demo.chatter import Chatter
from tui.demo.database import Database
from tui.demo.faults import Faults
from tui.demo.health import HttpPort
from tui.demo.hostclock import HostClock
from tui.demo.sandbox import Sandbox
from tui.demo.server import Sshd
from tui.demo.timing import REAL, Timing
from tui.demo.tree import APP, ReleaseTree
from tui.demo.unit import Unit
from tui.demo.unit_files import UnitFiles
from tui.demo.unit_model import Settings, Value, job_numbers
from tui.demo.users import default_users
from tui.demo.voices import Speaker, Voices

SYSTEMD_VERSION = (
    "systemd 252 (252.39-1~deb12u2)\n"
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
    database: Database
    seed: str


class Machine(Faults):
    """One host of the fleet; what can be done to it is in faults.py.

    `counter` is where its simulated programs are answered; the fleet puts it there.
    """

    counter: Counter

    def __init__(
        self, parts: Parts, clock: Callable[[], float], timing: Timing = REAL, *, chatter: bool
    ) -> None:
        self.name = parts.name
        self.sandbox = parts.sandbox
        self.http = parts.http
        self.database = parts.database
        self.timing = timing
        self.clock = HostClock(clock)
        self.rng = random.Random(f"{parts.seed}:{parts.name}")  # noqa: S311 - not a secret
        self.voices = Voices(self.name, self.clock, self.rng)
        self.journal = self.voices.journal
        self.jobs = job_numbers()
        self.sessions = itertools.count(1)
        self.login_shell = "/bin/sh"
        self.forwarding = True
        self.restart_behaviour = "ok"
        self.users = default_users(SERVICE)
        settings = _settings(parts)
        self.beam = Beam(self, lambda: settings, parts.tree)
        self.unit_files = UnitFiles(parts.sandbox, settings.fragment)
        self.units: dict[str, Unit] = {SERVICE: Unit(settings, self.beam, self)}
        self.sshd = Sshd(self, keys.client_key())
        self.key = keys.host_key(self.name)
        self.key_generation = 0
        self._chatter = Chatter(self, parts.seed) if chatter else None

    @property
    def port(self) -> int:
        """The port of its sshd."""
        return self.sshd.wire.port

    @property
    def loopback(self) -> str:
        """The address that is this host's 127.0.0.1."""
        return self.http.address

    @property
    def ports(self) -> frozenset[int]:
        """The ports that belong to this host."""
        return frozenset({self.http.port, self.port})

    @property
    def unit(self) -> Unit:
        """The app's unit."""
        return self.units[SERVICE]

    @property
    def journal_folder(self) -> str:
        """Where the journal's files would lie on a real host."""
        parent = "/var/log" if self.journal.persistent else "/run/log"
        return f"{parent}/journal/{self.journal.machine_id}"

    def new_id(self) -> str:
        """A 128-bit id."""
        return self.journal.new_id()

    def may_read_journal(self, user: str) -> bool:
        """Whether journalctl shows a user everything."""
        return user == "root" or (user in self.users and self.users[user].reads_journal)

    def forget_transient(self, name: str) -> None:
        """Unload a transient unit that has ended; a failed one only when it is to be collected."""
        unit = self.units.get(name)
        if unit is None or not unit.settings.transient or unit.job is not None:
            return
        gone = ("inactive", "failed") if unit.settings.collect else ("inactive",)
        if unit.state.active in gone:
            del self.units[name]

    # What units and the app say and do

    def unit_says(
        self, unit: Unit, priority: int, message: str, extra: Mapping[str, Value]
    ) -> None:
        """A message of PID 1 about a unit."""
        self.voices.systemd(unit, priority, message, extra)

    def app_says(self, text: str | bytes, priority: int = 6) -> None:
        """What the unit writes to its stdout; lines become entries."""
        argv = self.beam.vm.argv if self.beam.vm is not None else self.unit.settings.argv
        source = self.voices.stdout(self.unit, Speaker(APP, argv), priority)
        self.journal.write_lines(source, text.encode() if isinstance(text, str) else text)

    def serving_changed(self, serving: bool) -> None:
        """The app begins or ends to listen."""
        if serving:
            self.http.listen()
            place = f"0.0.0.0:{self.http.port}"
            self.beam.say(f"[info] Running Billing.Endpoint with cowboy 2.9.0 at {place} (http)")
        else:
            self.http.shut()

    # Life

    async def open(self) -> None:
        """Start sshd, and the app's unit as if that had been a while ago."""
        await self.sshd.open(self.key)
        if self._chatter is not None:
            self._chatter.remember_boot()
        # Never before the machine's own boot, which /proc/uptime and the journal tell.
        ago = min(_RUNNING_S, time.monotonic() * 0.8)
        with self.clock.at(self.clock.now_us() - int(ago * 1_000_000)):
            await self.unit.submit("start").done
            self.beam.settle()
        self.unit.reset_failed()  # that start is long ago: it counts towards no limit
        if self._chatter is not None:
            self._chatter.remember()
            self._chatter.start()

    async def close(self) -> None:
        """End sshd, timers and the app."""
        if self._chatter is not None:
            self._chatter.close()
        await self.sshd.close()
        await self.counter.close()
        for unit in self.units.values():
            unit.close()
        self.http.close()


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
            f"DATABASE_URL=ecto://billing_prod:billing_prod@{parts.database.host}:5432/billing_prod",
            f"RELEASE_NODE={APP}@{parts.name}",
        ),
        fragment=parts.sandbox.seen(f"etc/systemd/system/{SERVICE}"),
        exec_stop=f"{root}/bin/{APP} stop",
    )

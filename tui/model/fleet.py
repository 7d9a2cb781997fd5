"""What the configuration says of the fleet: environments, hosts, apps, limits. Values only."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from tui.model.command import Secret


class Transport(StrEnum):
    """The way to a host."""

    SSH = "ssh"
    LOCAL = "local"


class Flavour(StrEnum):
    """The tool that built a release; `auto` is told by reads on the host."""

    AUTO = "auto"
    MIX = "mix"
    DISTILLERY = "distillery"
    RELX = "relx"


class HealthKind(StrEnum):
    """How an app's health is asked for."""

    NONE = "none"
    HTTP = "http"
    TCP = "tcp"


@dataclass(frozen=True, slots=True)
class Health:
    """A health check, made on the host's own address and port through the SSH connection."""

    kind: HealthKind = HealthKind.NONE
    port: int = 4000
    address: str = "127.0.0.1"
    path: str = "/health"
    status: int = 200
    timeout_s: float = 5.0
    within_s: float = 60.0


class Manager(StrEnum):
    """What keeps the app running: a systemd unit, or the release's own daemon and stop."""

    SYSTEMD = "systemd"
    RELEASE = "release"


class MigrateWhen(StrEnum):
    """When a deploy runs new migrations; `never` leaves them to the migrations screen."""

    BEFORE = "before"
    AFTER = "after"
    NEVER = "never"


class TaskBy(StrEnum):
    """How a task's expression is run: in the running node, or in a VM of its own."""

    RPC = "rpc"
    EVAL = "eval"


@dataclass(frozen=True, slots=True)
class Task:
    """A task of an app: an Elixir expression with a name, a tier of guards and a limit."""

    name: str
    expression: str
    by: TaskBy = TaskBy.EVAL
    tier: int = 2
    limit_s: float = 600.0


@dataclass(frozen=True, slots=True)
class Console:
    """A command of an app that wants a terminal, beside the remote shell: psql, htop, …

    `as_owner`: as the app's owner in its folder; else as the SSH user in its home.
    """

    name: str
    command: str
    as_owner: bool = True


@dataclass(frozen=True, slots=True)
class ConsoleRules:
    """How consoles behave: the key that leaves them, guard rails in production, recording."""

    escape_key: str = "ctrl+right_square_bracket"
    guard_rails: bool = True
    record: bool = True


@dataclass(frozen=True, slots=True)
class Host:
    """A host as configured; what is not said here is left to ssh_config."""

    name: str
    address: str | None = None
    port: int | None = None
    user: str | None = None
    jump: str | None = None
    groups: tuple[str, ...] = ()
    transport: Transport = Transport.SSH
    fingerprint: str | None = None
    known_hosts: str | None = None
    identity: str | None = None


@dataclass(frozen=True, slots=True)
class App:
    """An app as configured. `on` names hosts or groups; empty means every host.

    `migration_host` is the one host that runs migrations (None: the first that runs the app);
    `build` is a command line of this machine, run in `build_in` by an explicit plan only;
    `log_files` are what an app writes that does not log to journald.
    """

    name: str
    unit: str | None = None
    deliver_to: str | None = None
    flavour: Flavour = Flavour.AUTO
    owner: str | None = None
    node: str | None = None
    cookie: Secret | None = None
    env_file: str | None = None
    release_store: str | None = None
    restart_command: str | None = None
    manager: Manager = Manager.SYSTEMD
    migrations: MigrateWhen = MigrateWhen.AFTER
    migration_host: str | None = None
    build: str | None = None
    build_in: str | None = None
    keep_releases: int = 5
    log_files: tuple[str, ...] = ()
    tasks: tuple[Task, ...] = ()
    consoles: tuple[Console, ...] = ()
    on: tuple[str, ...] = ()
    health: Health = field(default_factory=Health)

    @property
    def service(self) -> str:
        """The unit's full name: as configured, else APP.service."""
        name = self.unit or self.name
        return name if name.endswith(".service") else f"{name}.service"

    @property
    def root(self) -> str:
        """The release's folder on the host."""
        return self.deliver_to or f"/opt/{self.name}"


@dataclass(frozen=True, slots=True)
class Environment:
    """A fleet: its hosts and the apps that run there.

    `change_window` is when changes are expected, as `Mon-Fri 09:00-17:00` in UTC; None: always.
    """

    name: str
    production: bool = False
    hosts: tuple[Host, ...] = ()
    apps: tuple[App, ...] = ()
    change_window: str | None = None

    def hosts_of(self, app: App) -> tuple[Host, ...]:
        """The hosts that run `app`, in configured order."""
        if not app.on:
            return self.hosts
        wanted = set(app.on)
        return tuple(h for h in self.hosts if h.name in wanted or wanted.intersection(h.groups))


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the console, seconds and counts."""

    connect_timeout_s: float = 10.0
    command_timeout_s: float = 20.0
    probe_interval_s: float = 3.0
    keepalive_s: float = 4.0
    keepalive_misses: int = 2
    channels: int = 8
    handshakes: int = 24
    journal_since: str = "15m"
    journal_lines: int = 5_000_000
    journal_disk_mib: int = 1024
    unlock_minutes: float = 15.0


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration, after its checks."""

    environments: tuple[Environment, ...] = ()
    limits: Limits = field(default_factory=Limits)
    keys: dict[str, str] = field(default_factory=dict)
    queries: dict[str, str] = field(default_factory=dict)
    console: ConsoleRules = field(default_factory=ConsoleRules)
    theme: str = "beamdeck-dark"
    ssh_config: tuple[str, ...] | None = None

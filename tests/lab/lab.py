"""The lab as a whole: up, down, back to how `up` left it, what is where."""

from __future__ import annotations

import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.lab import base, network, settings
from tests.lab.host import LabHost
from tests.lab.recipe import (
    APP_ROOT,
    DATABASE_PASSWORD,
    MACHINES,
    NAMESPACE,
    NEEDED,
    PORT,
    UNIT,
    VERSIONS,
    lab_digest,
)
from tests.lab.shell import LabError, alone, quiet, run, unmount_below

DATABASE = f"""su postgres -c "psql -q -v ON_ERROR_STOP=1" <<'SQL'
DROP DATABASE IF EXISTS billing_prod WITH (FORCE);
DROP ROLE IF EXISTS billing_prod;
CREATE ROLE billing_prod LOGIN PASSWORD '{DATABASE_PASSWORD}';
CREATE DATABASE billing_prod OWNER billing_prod;
SQL"""
MIGRATE = (
    "{:ok, _, _} = Ecto.Migrator.with_repo(Billing.Repo, &Ecto.Migrator.run(&1, :up, all: true))"
)
HEALTHY = (
    f'bash -c \'exec 3<>/dev/tcp/127.0.0.1/{PORT} && printf "GET /health HTTP/1.0\\r\\n\\r\\n" >&3 '
    "&& head -1 <&3' 2>/dev/null | grep -q ' 200 '"
)


def _user_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def default_folder() -> Path:
    """Where the state lies: below the user's cache folder, outside every checkout."""
    return _user_cache() / NAMESPACE


def default_cache() -> Path:
    """Where the roots and releases are kept, for every lab of this user."""
    return Path(os.environ.get("BEAMDECK_LAB_CACHE") or _user_cache() / "beamdeck-lab/cache")


@dataclass(frozen=True)
class Lab:
    """The lab's folders and hosts."""

    folder: Path
    cache: Path = field(default_factory=default_cache)

    @property
    def state(self) -> Path:
        """What this run made; gone after `down`."""
        return self.folder / "state"

    @property
    def key(self) -> Path:
        """The SSH identity of every user of the lab."""
        return self.state / "id_ed25519"

    @property
    def known_hosts(self) -> Path:
        """The real keys of the hosts."""
        return self.state / "known_hosts"

    @property
    def ssh_config(self) -> Path:
        """For `ssh -F`: every host by its name, as devops, strictly checked."""
        return self.state / "ssh_config"

    @property
    def inventory_path(self) -> Path:
        """Where `up` writes what is where."""
        return self.state / "inventory.json"

    def host(self, name: str) -> LabHost:
        """A host by name."""
        for machine in MACHINES:
            if machine.name == name:
                return LabHost(machine, self.state / "hosts" / name)
        raise LabError(f"no host {name!r}: there are {', '.join(m.name for m in MACHINES)}")

    @property
    def hosts(self) -> list[LabHost]:
        """Every host, in the recipe's order."""
        return [self.host(machine.name) for machine in MACHINES]

    @property
    def web(self) -> list[LabHost]:
        """The hosts that run the application."""
        return [host for host in self.hosts if host.machine.app]

    @property
    def running(self) -> bool:
        """Whether all of it is up."""
        return self.inventory_path.exists() and all(host.leader for host in self.hosts)

    @property
    def stale(self) -> bool:
        """Whether what is up was made from another recipe than the one in this checkout."""
        return self.running and self.inventory().get("recipe") != lab_digest()

    def sh(self, name: str, script: str) -> str:
        """stdout of a script run as root on a host; the form that faults want."""
        return self.host(name).sh(script)

    @property
    def releases(self) -> Path:
        """The folder of the built archives."""
        return Path(str(self.inventory()["releases"]))

    def inventory(self) -> dict[str, object]:
        """What is where, as written by `up`."""
        value = json.loads(self.inventory_path.read_text())
        if not isinstance(value, dict):
            raise LabError("the inventory is broken: take the lab down and up again")
        return value

    def up(self) -> None:
        """Bring it up unless it is; what an interrupted run left is cleared first."""
        with alone(self._lock):
            if not self.running:
                self._clear()
                self._make()

    def down(self) -> None:
        """End the hosts, remove namespaces, mounts and state; the cache stays."""
        with alone(self._lock):
            self._clear()

    @property
    def _lock(self) -> Path:
        return self.cache / f"{NAMESPACE}.lock"

    def _make(self) -> None:
        roots, releases = base.build(self.cache)
        self.state.mkdir(parents=True, mode=0o700)
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", str(self.key))
        network.up()
        hosts = self.hosts

        def start(host: LabHost) -> None:
            host.prepare(roots / host.machine.lower, self.key, releases)
            host.boot()
            host.wait_booted()

        with ThreadPoolExecutor(len(hosts)) as pool:
            list(pool.map(start, hosts))
        self._write_access()
        self._start_app()
        self._write_inventory(releases)

    def _clear(self) -> None:
        for host in self.hosts:
            host.stop()
        network.down()
        if self.state.exists():
            unmount_below(self.state)
            shutil.rmtree(self.state)
        if self.folder.is_dir() and not any(self.folder.iterdir()):
            self.folder.rmdir()

    def reset(self) -> None:
        """Application, releases, database and units as `up` left them; about 6 s."""
        units = f"{UNIT} 'stubborn*' 'looper*' 'slowstop*' 'flood@*' 'throttled@*' 'steady@*'"

        def empty(host: LabHost) -> None:
            host.sh(f"systemctl stop {units}; systemctl reset-failed; rm -f /tmp/unhealthy")
            settings.write_release(host.root, self.releases)

        with ThreadPoolExecutor() as pool:
            list(pool.map(empty, self.web))
        self._start_app()

    def _start_app(self) -> None:
        db1 = self.host("db1")
        db1.wait_until("systemctl is-active -q postgresql@15-main")
        db1.sh(DATABASE)
        url = f"DATABASE_URL={settings.DATABASE_URL}"
        self.sh("web1", f"su billing -c 'env {url} {APP_ROOT}/bin/billing eval \"{MIGRATE}\"'")
        for host in self.web:
            host.sh(f"systemctl enable -q {UNIT}; systemctl start --no-block {UNIT}")
        for host in self.web:
            host.wait_until(HEALTHY)

    def _write_access(self) -> None:
        known, config = [], []
        for host in self.hosts:
            for public in sorted((host.root / "etc/ssh").glob("ssh_host_*_key.pub")):
                kind, blob = public.read_text().split()[:2]
                known.append(f"{host.name},{host.machine.address} {kind} {blob}\n")
            config.append(f"Host {host.name}\n  HostName {host.machine.address}\n")
        config.append(
            f"Host *\n  User devops\n  IdentityFile {self.key}\n  IdentitiesOnly yes\n"
            f"  UserKnownHostsFile {self.known_hosts}\n  GlobalKnownHostsFile /dev/null\n"
            "  StrictHostKeyChecking yes\n  BatchMode yes\n"
        )
        self.known_hosts.write_text("".join(known))
        self.ssh_config.write_text("".join(config))

    def _write_inventory(self, releases: Path) -> None:
        told = {
            "namespace": NAMESPACE,
            "inside": list(network.inside()),
            "hosts": {m.name: m.address for m in MACHINES},
            "web": [m.name for m in MACHINES if m.app],
            "persistent_journal": [m.name for m in MACHINES if m.persistent],
            "key": str(self.key),
            "known_hosts": str(self.known_hosts),
            "ssh_config": str(self.ssh_config),
            "users": list(settings.USERS),
            "unit": UNIT,
            "units": sorted(settings.UNITS),
            "deliver_to": APP_ROOT,
            "owner": "billing",
            "port": PORT,
            "database_url": settings.DATABASE_URL,
            "releases": str(releases),
            "versions": list(VERSIONS),
            "secrets": [DATABASE_PASSWORD],
            "recipe": lab_digest(),
        }
        # Last of all, and whole or not at all: its being there says that the lab is up.
        unfinished = self.inventory_path.with_suffix(".new")
        unfinished.write_text(json.dumps(told, indent=2) + "\n")
        unfinished.rename(self.inventory_path)


def check_machine(*, install: bool) -> None:
    """LabError with what is missing: root, Debian, packages (installed if `install`)."""
    if os.geteuid() != 0:
        raise LabError("the lab needs root: it mounts overlays and makes network namespaces")
    if not Path("/etc/debian_version").exists():
        raise LabError("the lab needs Debian (debootstrap, systemd-nspawn)")
    missing = [name for name in NEEDED if not _installed(name)]
    if missing and install:
        run("apt-get", "update", "-qq")
        run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing)
    elif missing:
        raise LabError(f"missing Debian packages: {' '.join(missing)} (or run with --install)")


def _installed(package: str) -> bool:
    # `dpkg -s` also knows packages that were removed but for their configuration.
    asked = ("dpkg-query", "-W", "-f=${db:Status-Status}", package)
    return quiet(asked) and run(*asked) == "installed"

"""The lab as a whole: up, down, what is where."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.lab import base, network
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
)
from tests.lab.shell import LabError, quiet, run

DATABASE = f"""su postgres -c "psql -q -v ON_ERROR_STOP=1" <<'SQL'
CREATE ROLE billing_prod LOGIN PASSWORD '{DATABASE_PASSWORD}';
CREATE DATABASE billing_prod OWNER billing_prod;
SQL"""


def default_folder() -> Path:
    """Where cache and state lie: below the user's cache folder, outside every checkout."""
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "beamdeck-lab"


@dataclass(frozen=True)
class Lab:
    """The lab's folders and hosts."""

    folder: Path

    @property
    def cache(self) -> Path:
        """The roots below the hosts, kept."""
        return self.folder / "cache"

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
    def inventory_path(self) -> Path:
        """Where `up` writes what is where."""
        return self.state / "inventory.json"

    def host(self, name: str) -> LabHost:
        """A host by name."""
        machine = next(m for m in MACHINES if m.name == name)
        return LabHost(machine, self.state / "hosts" / name)

    @property
    def hosts(self) -> list[LabHost]:
        """Every host, in the recipe's order."""
        return [self.host(machine.name) for machine in MACHINES]

    @property
    def running(self) -> bool:
        """Whether all of it is up."""
        return self.inventory_path.exists() and all(host.pid for host in self.hosts)

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
        if self.running:
            return
        self.down()
        built = base.build(self.cache)
        self.state.mkdir(parents=True, mode=0o700)
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", str(self.key))
        network.up()
        for host in self.hosts:
            host.prepare(built / host.machine.lower, self.key, built / "releases")
            host.boot()
        for host in self.hosts:
            host.wait_booted()
        self._write_known_hosts()
        self._start_app()
        self._write_inventory(built)

    def _start_app(self) -> None:
        self.sh("db1", "systemctl start postgresql@15-main && " + DATABASE)
        for host in self.hosts:
            if host.machine.app:
                host.sh(f"systemctl enable -q --now {UNIT}")
        self.sh("web1", f"""
            for try in $(seq 50); do
              su billing -c "{APP_ROOT}/bin/billing rpc 'Ecto.Migrator.run(Billing.Repo, :up, all: true)'" && exit 0
              sleep 0.3
            done
            exit 1
        """)  # fmt: skip  # noqa: E501

    def _write_known_hosts(self) -> None:
        lines = []
        for host in self.hosts:
            for public in sorted((host.root / "etc/ssh").glob("ssh_host_*_key.pub")):
                kind, blob = public.read_text().split()[:2]
                lines.append(f"{host.machine.name},{host.machine.address} {kind} {blob}\n")
        self.known_hosts.write_text("".join(lines))

    def _write_inventory(self, built: Path) -> None:
        told = {
            "namespace": NAMESPACE,
            "inside": list(network.inside()),
            "hosts": {m.name: m.address for m in MACHINES},
            "web": [m.name for m in MACHINES if m.app],
            "key": str(self.key),
            "known_hosts": str(self.known_hosts),
            "users": ["devops", "restarter", "watcher", "fishy"],
            "unit": UNIT,
            "deliver_to": APP_ROOT,
            "port": PORT,
            "releases": str(built / "releases"),
            "versions": list(VERSIONS),
            "secrets": [DATABASE_PASSWORD],
        }
        self.inventory_path.write_text(json.dumps(told, indent=2) + "\n")

    def down(self) -> None:
        """Stop the hosts, remove namespaces, mounts and state; the cache stays."""
        for host in self.hosts:
            host.stop()
        network.down()
        if self.state.exists():
            shutil.rmtree(self.state)


def check_machine(*, install: bool) -> None:
    """LabError with what is missing: root, Debian, packages (installed if `install`)."""
    if os.geteuid() != 0:
        raise LabError("the lab needs root: it mounts overlays and makes network namespaces")
    if not Path("/etc/debian_version").exists():
        raise LabError("the lab needs Debian (debootstrap, systemd-nspawn)")
    missing = [name for name in NEEDED if not quiet(("dpkg", "-s", name))]
    if missing and install:
        run("apt-get", "update", "-qq")
        run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing)
    elif missing:
        raise LabError(f"missing Debian packages: {' '.join(missing)} (or run with --install)")

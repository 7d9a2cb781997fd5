"""What the lab is made of: packages, hosts, addresses, users; and the hash that names its cache."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

SUITE = "bookworm"
BASE_PACKAGES = (
    "systemd,systemd-sysv,dbus,openssh-server,sudo,iproute2,procps,libpam-systemd,fish,"
    "postgresql-client-15"
)
BUILD_PACKAGES = (
    "elixir erlang-base erlang-dev erlang-ssl erlang-inets erlang-crypto erlang-runtime-tools "
    "erlang-os-mon erlang-parsetools erlang-xmerl erlang-tools erlang-asn1 erlang-public-key "
    "erlang-syntax-tools postgresql-15"
)
NEEDED = ("debootstrap", "systemd-container", "iproute2", "openssh-client")
APPLICATION = Path(__file__).parent / "application"
VERSIONS = ("0.1.0", "0.2.0", "0.3.0")

NAMESPACE = "beamdeck-lab"
BRIDGE = "br-lab"
NETWORK = "10.77.0"
CONSOLE_ADDRESS = f"{NETWORK}.1"

APP_ROOT = "/home/billing/prod/billing"
UNIT = "billing_prod.service"
PORT = 4000
DATABASE_PASSWORD = "billing_prod"


@dataclass(frozen=True)
class Machine:
    """A host of the lab; `lower` names the root it is an overlay of."""

    name: str
    address: str
    lower: str
    persistent: bool = True
    app: bool = True

    @property
    def namespace(self) -> str:
        """The host's own network namespace."""
        return f"{NAMESPACE}-{self.name}"


MACHINES = (
    Machine("web1", f"{NETWORK}.11", "base"),
    Machine("web2", f"{NETWORK}.12", "base"),
    Machine("db1", f"{NETWORK}.13", "build", persistent=False, app=False),
)


def digest() -> str:
    """Names the cache: it changes with the packages and with the application's source."""
    hashed = hashlib.sha256(f"{SUITE} {BASE_PACKAGES} {BUILD_PACKAGES}".encode())
    for path in sorted(p for p in APPLICATION.rglob("*") if p.is_file()):
        hashed.update(str(path.relative_to(APPLICATION)).encode() + path.read_bytes())
    return hashed.hexdigest()[:16]

"""What the lab is made of: packages, hosts, addresses, users; and the hash that names its cache."""

from __future__ import annotations

import hashlib
import os
import re
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
    "erlang-syntax-tools erlang-eunit rebar3 postgresql-15"
)
NEEDED = ("debootstrap", "systemd-container", "iproute2", "openssh-client")
APPLICATION = Path(__file__).parent / "application"
VERSIONS = ("0.1.0", "0.2.0", "0.2.1", "0.3.0")

# Another name is another lab: two can be up at once, with one cache.
NAMESPACE = os.environ.get("BEAMDECK_LAB_NAME", "beamdeck-lab")
if not re.fullmatch(r"[a-z][a-z0-9-]{2,40}", NAMESPACE):
    raise SystemExit(f"BEAMDECK_LAB_NAME: {NAMESPACE!r} is no name (a-z, 0-9 and -)")
BRIDGE = "br-lab"
NETWORK = "10.77.0"
CONSOLE_ADDRESS = f"{NETWORK}.1"

RELAY_VERSIONS = ("1.0.0", "1.1.0")
"""Of a release that relx built; the first one boots."""
RELAY_ROOT = "/home/billing/relay"
RELAY_UNIT = "relay.service"

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
        """The host's own network namespace, and the name of its control group."""
        return f"{NAMESPACE}-{self.name}"


MACHINES = (
    Machine("web1", f"{NETWORK}.11", "base"),
    Machine("web2", f"{NETWORK}.12", "base"),
    Machine("db1", f"{NETWORK}.13", "build", persistent=False, app=False),
)


def packages_digest() -> str:
    """Names the cached roots: it changes with the packages."""
    return _short(f"{SUITE} {BASE_PACKAGES} {BUILD_PACKAGES}".encode())


def releases_digest() -> str:
    """Names the cached releases: it changes with the packages and the application's source."""
    parts = [packages_digest().encode()]
    for path in sorted(p for p in APPLICATION.rglob("*") if p.is_file()):
        parts += [str(path.relative_to(APPLICATION)).encode(), path.read_bytes()]
    return _short(b"\0".join(parts))


def lab_digest() -> str:
    """Names what a lab that is up was made from: the releases and every module of this package."""
    parts = [releases_digest().encode()]
    parts += [path.read_bytes() for path in (Path(__file__).parent / "settings.py", Path(__file__))]
    return _short(b"\0".join(parts))


def _short(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]

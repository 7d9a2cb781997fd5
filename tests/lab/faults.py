"""Faults of the lab's network and hosts, each a context that mends what it broke."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from tests.lab.network import port_of
from tests.lab.recipe import BRIDGE, MACHINES, NAMESPACE
from tests.lab.shell import run

Exec = Callable[..., str]


@contextlib.contextmanager
def link_down(host: str) -> Iterator[None]:
    """The host's cable is pulled."""
    run("ip", "-n", NAMESPACE, "link", "set", port_of(host), "down")
    try:
        yield
    finally:
        run("ip", "-n", NAMESPACE, "link", "set", port_of(host), "up")


@contextlib.contextmanager
def black_hole(host: str) -> Iterator[None]:
    """Packets to the host go nowhere and nobody says so: a wrong permanent neighbour."""
    address = next(machine.address for machine in MACHINES if machine.name == host)
    at = ("ip", "-n", NAMESPACE, "neigh")
    wrong = ("lladdr", "02:00:00:00:00:99", "dev", BRIDGE, "nud", "permanent")
    run(*at, "replace", address, *wrong)
    try:
        yield
    finally:
        run(*at, "del", address, "dev", BRIDGE)


def end_connections(on_host: Exec, host: str) -> int:
    """Kill the sshd children of a host's sessions, as a crash would; how many there were.

    `on_host(host, script)` runs a script there as root. The listener stays.
    """
    script = "pgrep -f 'sshd: [a-z]+(@|$| \\[priv\\])' | tee /dev/stderr | xargs -r kill -9; true"
    return len(on_host(host, script + " 2>&1").split())


def vacuum(on_host: Exec, host: str) -> None:
    """Rotate the journal and drop all but its newest file."""
    on_host(host, "journalctl --rotate && journalctl --vacuum-files=1")


def restart_journald(on_host: Exec, host: str) -> None:
    """Restart journald while it is being followed."""
    on_host(host, "systemctl restart systemd-journald")

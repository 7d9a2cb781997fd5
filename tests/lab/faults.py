"""Faults of the lab's network and hosts, each a context that mends what it broke."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Sequence

from tests.lab.network import HOST_DEVICE, port_of
from tests.lab.recipe import APP_ROOT, BRIDGE, CONSOLE_ADDRESS, MACHINES, NAMESPACE, Machine
from tests.lab.shell import LabError, run

# Runs a script as root on a host and gives its stdout: Lab.sh.
Exec = Callable[..., str]

WRONG = "02:00:00:00:00:99"
TAKEN = re.compile(r"[A-Za-z0-9/._-]+")


@contextlib.contextmanager
def link_down(host: str) -> Iterator[None]:
    """The host's cable is pulled."""
    port = port_of(_machine(host).name)
    run("ip", "-n", NAMESPACE, "link", "set", port, "down")
    try:
        yield
    finally:
        run("ip", "-n", NAMESPACE, "link", "set", port, "up")


@contextlib.contextmanager
def black_hole(host: str) -> Iterator[None]:
    """Packets between console and host go nowhere and nobody says so: wrong neighbours.

    The other hosts still reach it.
    """
    machine = _machine(host)
    ends = (
        (NAMESPACE, machine.address, BRIDGE),
        (machine.namespace, CONSOLE_ADDRESS, HOST_DEVICE),
    )
    with contextlib.ExitStack() as mend:
        for namespace, address, device in ends:
            at = ("ip", "-n", namespace, "neigh")
            run(*at, "replace", address, "lladdr", WRONG, "dev", device, "nud", "permanent")
            mend.callback(run, *at, "del", address, "dev", device)
        yield


def connections(on_host: Exec, host: str) -> list[int]:
    """The sshd children of a host's sessions, as the host numbers them; never the listener."""
    # -x with -f: the whole title, or the script that asks would find itself.
    return [
        int(pid) for pid in on_host(host, r"pgrep -xf 'sshd: [a-z]+( \[priv\]|@.*)?'; true").split()
    ]


def end_connections(on_host: Exec, host: str, pids: Sequence[int] | None = None) -> int:
    """Kill sshd children, as a crash would: those named, or all; how many there were."""
    chosen = connections(on_host, host) if pids is None else pids
    if chosen:
        on_host(host, f"kill -9 {_list(chosen)}; true")
    return len(chosen)


@contextlib.contextmanager
def stopped_connections(
    on_host: Exec, host: str, pids: Sequence[int] | None = None
) -> Iterator[int]:
    """sshd children that are there but do nothing any more; how many."""
    chosen = connections(on_host, host) if pids is None else pids
    if not chosen:
        raise LabError(f"{host} has no SSH connection to stop")
    on_host(host, f"kill -STOP {_list(chosen)}")
    try:
        yield len(chosen)
    finally:
        # One may have ended meanwhile: killed by its client's absence or by the test.
        on_host(host, f"for pid in {_list(chosen)}; do kill -CONT $pid; done 2>/dev/null; true")


def vacuum(on_host: Exec, host: str) -> None:
    """Rotate the journal and drop all but its newest file. Nothing brings the lines back."""
    on_host(host, "journalctl --rotate && journalctl --vacuum-files=1")


def restart_journald(on_host: Exec, host: str) -> None:
    """Restart journald while it is being followed."""
    on_host(host, "systemctl restart systemd-journald")


@contextlib.contextmanager
def full_disk(on_host: Exec, host: str, path: str = APP_ROOT) -> Iterator[None]:
    """A file system without a free byte lies over a folder; what runs from it goes on running."""
    owner = on_host(host, f"stat -c %u:%g {_path(path)}").strip()
    on_host(
        host, f"mount -t tmpfs -o size=1m,mode=0755 tmpfs {_path(path)} && chown {owner} {path}"
    )
    try:
        on_host(host, f"! cat /dev/zero >{path}/full 2>/dev/null")
        yield
    finally:
        on_host(host, f"umount {path}")


@contextlib.contextmanager
def read_only(on_host: Exec, host: str, path: str = APP_ROOT) -> Iterator[None]:
    """A folder that nobody, root included, can write to."""
    on_host(host, f"mount --bind {_path(path)} {path} && mount -o remount,bind,ro {path}")
    try:
        yield
    finally:
        on_host(host, f"umount {path}")


def _machine(host: str) -> Machine:
    for machine in MACHINES:
        if machine.name == host:
            return machine
    raise LabError(f"no host {host!r}: there are {', '.join(m.name for m in MACHINES)}")


def _list(pids: Sequence[int]) -> str:
    return " ".join(str(pid) for pid in pids)


def _path(path: str) -> str:
    if not TAKEN.fullmatch(path):
        raise LabError(f"a path without blanks or quotes is wanted, not {path!r}")
    return path

"""The lab's network: a bridge in a namespace of its own, a namespace and a veth pair a host."""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Iterator
from pathlib import Path

from tests.lab.recipe import BRIDGE, CONSOLE_ADDRESS, MACHINES, NAMESPACE, Machine
from tests.lab.shell import run

NAMED = Path("/run/netns")
HOST_DEVICE = "host0"
_CLONE_NEWNET = 0x40000000


def inside(*argv: str) -> tuple[str, ...]:
    """The argv that runs `argv` where the console stands: in the lab's namespace.

    Not by `ip netns exec`, which gives a process mounts of its own too: without control groups.
    """
    return ("nsenter", f"--net={NAMED / NAMESPACE}", *argv)


def port_of(host: str) -> str:
    """The bridge's end of a host's cable."""
    return f"v-{host}"


def up() -> None:
    """Namespaces, bridge, cables; nothing of it touches the machine's own network."""
    run("ip", "netns", "add", NAMESPACE)
    run("ip", "-n", NAMESPACE, "link", "set", "lo", "up")
    run("ip", "-n", NAMESPACE, "link", "add", BRIDGE, "type", "bridge")
    run("ip", "-n", NAMESPACE, "addr", "add", f"{CONSOLE_ADDRESS}/24", "dev", BRIDGE)
    run("ip", "-n", NAMESPACE, "link", "set", BRIDGE, "up")
    for machine in MACHINES:
        _cable(machine)


def _cable(machine: Machine) -> None:
    own, cable = machine.namespace, port_of(machine.name)
    run("ip", "netns", "add", own)
    run("ip", "-n", NAMESPACE, "link", "add", cable, "type", "veth",
        "peer", "name", HOST_DEVICE, "netns", own)  # fmt: skip
    run("ip", "-n", NAMESPACE, "link", "set", cable, "master", BRIDGE, "up")
    run("ip", "-n", own, "link", "set", "lo", "up")
    run("ip", "-n", own, "addr", "add", f"{machine.address}/24", "dev", HOST_DEVICE)
    run("ip", "-n", own, "link", "set", HOST_DEVICE, "up")


def down() -> None:
    """Remove every namespace of the lab that is there."""
    for name in [*(machine.namespace for machine in MACHINES), NAMESPACE]:
        if (NAMED / name).exists():
            run("ip", "netns", "delete", name)


def there() -> bool:
    """Whether the lab's namespace exists."""
    return (NAMED / NAMESPACE).exists()


@contextlib.contextmanager
def entered() -> Iterator[None]:
    """The calling thread, and what it starts, in the lab's namespace; back again afterwards."""
    own, lab = Path("/proc/thread-self/ns/net"), NAMED / NAMESPACE
    if own.stat().st_ino == lab.stat().st_ino:
        yield
        return
    back = os.open(own, os.O_RDONLY)
    try:
        _switch(lab)
        yield
    finally:
        _setns(back)
        os.close(back)


def _switch(namespace: Path) -> None:
    handle = os.open(namespace, os.O_RDONLY)
    try:
        _setns(handle)
    finally:
        os.close(handle)


def _setns(handle: int) -> None:
    # os.setns came with Python 3.12.
    library = ctypes.CDLL(None, use_errno=True)
    if library.setns(handle, _CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))

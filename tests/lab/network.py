"""The lab's network: a bridge in a namespace of its own, a namespace and a veth pair a host."""

from __future__ import annotations

from tests.lab.recipe import BRIDGE, CONSOLE_ADDRESS, MACHINES, NAMESPACE, Machine
from tests.lab.shell import quiet, run


def inside(*argv: str) -> tuple[str, ...]:
    """The argv that runs `argv` where the console stands: in the lab's namespace."""
    return ("ip", "netns", "exec", NAMESPACE, *argv)


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
        "peer", "name", "host0", "netns", own)  # fmt: skip
    run("ip", "-n", NAMESPACE, "link", "set", cable, "master", BRIDGE, "up")
    run("ip", "-n", own, "link", "set", "lo", "up")
    run("ip", "-n", own, "addr", "add", f"{machine.address}/24", "dev", "host0")
    run("ip", "-n", own, "link", "set", "host0", "up")


def down() -> None:
    """Remove every namespace of the lab; what is not there is no error."""
    for name in [*(machine.namespace for machine in MACHINES), NAMESPACE]:
        quiet(("ip", "netns", "delete", name))


def there() -> bool:
    """Whether the lab's namespace exists."""
    listed = (line.split() for line in run("ip", "netns", "list").splitlines())
    return NAMESPACE in [words[0] for words in listed if words]

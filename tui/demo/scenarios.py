"""Scripted incidents: what happens to which host, in which order."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from tui.demo.tree import ERTS, INSIDE, mode_of, release_files

if TYPE_CHECKING:
    from tui.demo.machine import Machine

Scenario = Callable[[Mapping[str, "Machine"]], Awaitable[None]]


def _second(machines: Mapping[str, Machine]) -> Machine:
    """The host that incidents befall: the second, or the only one."""
    return list(machines.values())[min(1, len(machines) - 1)]


async def bad_deploy(machines: Mapping[str, Machine]) -> None:
    """A build without one of its libraries is deployed and started: it dies until the limit."""
    machine = _second(machines)
    for name, content in release_files("0.3.0").items():
        machine.sandbox.write(f"{INSIDE}/{name}", content, mode_of(name))
    shutil.rmtree(machine.beam.tree.real / "lib" / "telemetry_app-1.0.0")
    machine.sandbox.write(f"{INSIDE}/releases/start_erl.data", f"{ERTS} 0.3.0")
    await machine.unit.submit("restart").done


SCENARIOS: Mapping[str, Scenario] = {"bad-deploy": bad_deploy}

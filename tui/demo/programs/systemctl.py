"""systemctl 252 over a machine's units."""

from __future__ import annotations

import asyncio
import signal

from tui.demo.calls import Call
from tui.demo.machine import SYSTEMD_VERSION, Machine
from tui.demo.options import BadOption, parse_options
from tui.demo.programs.systemctl_show import OPTIONS, READING, Asked
from tui.demo.unit import Unit
from tui.demo.unit_model import Job, Refused

_JOBS = ("start", "stop", "restart", "try-restart")
_JOB_MODES = ("fail", "replace", "replace-irreversibly", "isolate", "ignore-dependencies")
_BECAUSE = {
    "exit-code": "the control process exited with error code",
    "signal": "a fatal signal was delivered to the control process",
    "timeout": "a timeout was exceeded",
    "start-limit-hit": "start of the service was attempted too often",
}


async def systemctl(call: Call, machine: Machine) -> int:
    """Run one systemctl."""
    try:
        asked = Asked(parse_options("systemctl", call.args, OPTIONS))
    except BadOption as error:
        call.err(f"{error}\n")
        return 1
    if "version" in asked.flags:
        call.out(SYSTEMD_VERSION)
        return 0
    if "user" in asked.flags:
        call.err("Failed to connect to bus: No medium found\n")
        return 1
    if asked.verb in _JOBS:
        return await _run_jobs(call, machine, asked)
    verb = _VERBS.get(asked.verb)
    if verb is None:
        call.err(f"Unknown command verb {asked.verb}.\n")
        return 1
    return verb(call, machine, asked)


def _failed(call: Call, verb: str, name: str, why: str, status: int) -> int:
    call.err(
        f"Failed to {verb} {name}: {why}\n"
        f"See system logs and 'systemctl status {name}' for details.\n"
    )
    return status


async def _run_jobs(call: Call, machine: Machine, asked: Asked) -> int:
    mode = asked.last.get("job_mode", "replace")
    kind = "restart" if asked.verb == "try-restart" else asked.verb
    jobs: list[tuple[Unit, Job]] = []
    status = 0
    for name in asked.units:
        unit = machine.units.get(name)
        if not call.is_root:
            return _failed(call, asked.verb, name, "Access denied", 4)
        if mode not in _JOB_MODES:
            return _failed(call, asked.verb, name, f"Job mode {mode} invalid", 1)
        if unit is None:
            state = "not loaded" if asked.verb == "stop" else "not found"
            call.err(f"Failed to {asked.verb} {name}: Unit {name} {state}.\n")
            status = 5
            continue
        if asked.verb == "try-restart" and unit.state.active not in ("active", "activating"):
            continue
        try:
            jobs.append((unit, unit.submit(kind, mode)))
        except Refused as refused:
            status = _failed(call, asked.verb, name, refused.text, refused.status)
    if "no_block" in asked.flags:
        return status
    for unit, job in jobs:
        # The job lives in PID 1: it goes on when this client is killed.
        status = max(status, _told(call, unit, await asyncio.shield(job.done)))
    return status


def _told(call: Call, unit: Unit, result: str) -> int:
    if result == "done":
        return 0
    if result == "canceled":
        call.err(f"Job for {unit.name} canceled.\n")
        return 1
    because = _BECAUSE.get(unit.state.result, "of unavailable resources or another system error")
    call.err(
        f"Job for {unit.name} failed because {because}.\n"
        f'See "systemctl status {unit.name}" and "journalctl -xeu {unit.name}" for details.\n'
    )
    return 1


def _reset_failed(call: Call, machine: Machine, asked: Asked) -> int:
    for name in asked.units or list(machine.units):
        unit = machine.units.get(name)
        if unit is None or not call.is_root:
            why = f"Unit {name} not loaded." if unit is None else "Access denied"
            call.err(f"Failed to reset failed state of unit {name}: {why}\n")
            return 1
        unit.reset_failed()
        machine.forget_transient(name)
    return 0


def _daemon_reload(call: Call, machine: Machine, _asked: Asked) -> int:
    if not call.is_root:
        call.err("Reload daemon failed: Access denied\n")
        return 1
    machine.unit_files.reload()
    return 0


def _kill(call: Call, machine: Machine, asked: Asked) -> int:
    word = asked.last.get("signal", "TERM").removeprefix("SIG")
    number = getattr(signal, f"SIG{word}", None)
    if not isinstance(number, signal.Signals):
        call.err(f"Failed to parse signal string {word}.\n")
        return 1
    for name in asked.units:
        unit = machine.units.get(name)
        if unit is None or not call.is_root:
            why = f"Unit {name} not loaded." if unit is None else "Access denied"
            call.err(f"Failed to kill unit {name}: {why}\n")
            return 1
        unit.send(number)
    return 0


_VERBS = {**READING, "kill": _kill, "reset-failed": _reset_failed, "daemon-reload": _daemon_reload}

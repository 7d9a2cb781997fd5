"""systemctl 252 over a machine's units."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from tui.demo.calls import Call
from tui.demo.journal_query import unit_name
from tui.demo.machine import SYSTEMD_VERSION, Machine
from tui.demo.options import FLAG, MAY, TAKES, BadOption, Option, Parsed, parse_options
from tui.demo.unit import Job, Refused, State, Unit
from tui.demo.unit_show import properties

_OPTIONS: dict[str, Option] = {
    **{
        key: Option(name, FLAG)
        for name, keys in {
            "all": ("-a", "--all"),
            "quiet": ("-q", "--quiet"),
            "value": ("--value",),
            "no_block": ("--no-block",),
            "version": ("--version",),
            "user": ("--user",),
            "nothing": (
                *("--no-pager", "--no-ask-password", "--no-legend", "--system", "--plain"),
                *("-l", "--full", "--no-wall", "--wait", "--show-transaction"),
            ),
        }.items()
        for key in keys
    },
    "-p": Option("property", TAKES),
    "--property": Option("property", TAKES),
    "-P": Option("value_property", TAKES),
    "-t": Option("type", TAKES),
    "--type": Option("type", TAKES),
    "--state": Option("state", TAKES),
    "-n": Option("lines", TAKES),
    "--lines": Option("lines", TAKES),
    "-o": Option("output", TAKES),
    "--output": Option("output", TAKES),
    "--job-mode": Option("job_mode", TAKES),
    "--timestamp": Option("timestamp", TAKES),
    "-s": Option("signal", TAKES),
    "--signal": Option("signal", TAKES),
    "--kill-whom": Option("whom", TAKES),
    "--legend": Option("nothing", MAY),
}
_JOBS = ("start", "stop", "restart", "try-restart")
_JOB_MODES = ("fail", "replace", "replace-irreversibly", "isolate", "ignore-dependencies")
_BECAUSE = {
    "exit-code": "the control process exited with error code",
    "signal": "a fatal signal was delivered to the control process",
    "timeout": "a timeout was exceeded",
    "start-limit-hit": "start of the service was attempted too often",
}


class _Asked:
    """A parsed command line."""

    def __init__(self, parsed: Parsed) -> None:
        self.flags = {name for name, _ in parsed.options}
        self.last = {name: value for name, value in parsed.options if value is not None}
        self.wanted = [
            part
            for name, value in parsed.options
            if name in ("property", "value_property")
            for part in (value or "").split(",")
        ]
        self.verb = parsed.operands[0] if parsed.operands else "list-units"
        self.operands = parsed.operands[1:]
        self.units = [unit_name(word) for word in self.operands]
        self.value_only = "value" in self.flags or "value_property" in self.flags


async def systemctl(call: Call, machine: Machine) -> int:
    """Run one systemctl."""
    try:
        asked = _Asked(parse_options("systemctl", call.args, _OPTIONS))
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


# Reading


def _show(call: Call, machine: Machine, asked: _Asked) -> int:
    style = asked.last.get("timestamp", "pretty")
    if not asked.units:
        blocks = [_filtered(_manager(machine), asked)]
    else:
        blocks = [_filtered(_properties(machine, name, style), asked) for name in asked.units]
    call.out("\n".join(blocks))
    return 0


def _properties(machine: Machine, name: str, style: str) -> dict[str, str]:
    unit = machine.units.get(name)
    if unit is None:
        return properties(None, name, State(), None, machine.timing, style)
    return properties(unit.settings, name, unit.state, unit.job, machine.timing, style)


def _filtered(shown: dict[str, str], asked: _Asked) -> str:
    everything = "all" in asked.flags
    lines = []
    for key, value in shown.items():
        if (asked.wanted and key not in asked.wanted) or (not value and not everything):
            continue
        lines.append(f"{value}\n" if asked.value_only else f"{key}={value}\n")
    return "".join(lines)


def _manager(machine: Machine) -> dict[str, str]:
    failed = sum(1 for unit in machine.units.values() if unit.state.active == "failed")
    jobs = sum(1 for unit in machine.units.values() if unit.job is not None)
    return {
        "Version": SYSTEMD_VERSION.split("(")[1].split(")")[0],
        "Architecture": "x86-64",
        "NNames": str(len(machine.units)),
        "NFailedUnits": str(failed),
        "NJobs": str(jobs),
        "SystemState": "degraded" if failed else "running",
    }


def _is_active(call: Call, machine: Machine, asked: _Asked) -> int:
    return _each_state(call, machine, asked, ("active", "reloading"), 3)


def _is_failed(call: Call, machine: Machine, asked: _Asked) -> int:
    return _each_state(call, machine, asked, ("failed",), 1)


def _each_state(
    call: Call, machine: Machine, asked: _Asked, good: Sequence[str], otherwise: int
) -> int:
    found = False
    for name in asked.units:
        unit = machine.units.get(name)
        word = unit.state.active if unit is not None else "inactive"
        found = found or word in good
        if "quiet" not in asked.flags:
            call.out(f"{word}\n")
    return 0 if found else otherwise


def _is_enabled(call: Call, machine: Machine, asked: _Asked) -> int:
    status = 0
    for name in asked.units:
        if name in machine.units:
            call.out("enabled\n")
        else:
            call.err(f"Failed to get unit file state for {name}: No such file or directory\n")
            status = 1
    return status


def _is_system_running(call: Call, machine: Machine, _asked: _Asked) -> int:
    state = _manager(machine)["SystemState"]
    call.out(f"{state}\n")
    return 0 if state == "running" else 1


def _cat(call: Call, machine: Machine, asked: _Asked) -> int:
    for name in asked.units:
        unit = machine.units.get(name)
        if unit is None or not unit.settings.fragment:
            call.err(f"No files found for {name}.\n")
            return 1
        text = machine.sandbox.real(unit.settings.fragment).read_text(encoding="utf-8")
        call.out(f"# {unit.settings.fragment}\n{text}")
    return 0


def _list_units(call: Call, machine: Machine, asked: _Asked) -> int:
    state = asked.last.get("state")
    call.out("  UNIT                 LOAD   ACTIVE SUB     DESCRIPTION\n")
    count = 0
    for unit in machine.units.values():
        if state is not None and state not in (unit.state.active, unit.state.sub):
            continue
        count += 1
        sign = "●" if unit.state.active == "failed" else " "
        call.out(
            f"{sign} {unit.name} loaded {unit.state.active} {unit.state.sub} "
            f"{unit.settings.description}\n"
        )
    call.out(f"\n{count} loaded units listed.\n")
    return 0


def _list_jobs(call: Call, machine: Machine, _asked: _Asked) -> int:
    jobs = [(u, u.job) for u in machine.units.values() if u.job is not None]
    if not jobs:
        call.out("No jobs running.\n")
        return 0
    call.out("JOB UNIT TYPE STATE\n")
    for unit, job in jobs:
        call.out(f"{job.number} {unit.name} {job.kind} running\n")
    call.out(f"\n{len(jobs)} jobs listed.\n")
    return 0


def _status(call: Call, machine: Machine, asked: _Asked) -> int:
    for name in asked.units:
        unit = machine.units.get(name)
        if unit is None:
            call.err(f"Unit {name} could not be found.\n")
            return 4
        state = unit.state
        call.out(
            f"{'×' if state.active == 'failed' else '●' if state.active == 'active' else '○'} "
            f"{name} - {unit.settings.description}\n"
            f"     Loaded: loaded ({unit.settings.fragment}; enabled; preset: enabled)\n"
            f"     Active: {state.active} ({state.sub})"
            f"{'' if state.result == 'success' else f' (Result: {state.result})'}\n"
        )
        if state.main_pid:
            call.out(f"   Main PID: {state.main_pid} ({unit.main.name})\n")
    return 0 if all(machine.units[n].state.active == "active" for n in asked.units) else 3


# Changing


def _denied(call: Call, verb: str, name: str) -> int:
    call.err(
        f"Failed to {verb} {name}: Access denied\n"
        f"See system logs and 'systemctl status {name}' for details.\n"
    )
    return 4


async def _run_jobs(call: Call, machine: Machine, asked: _Asked) -> int:
    mode = asked.last.get("job_mode", "replace")
    if mode not in _JOB_MODES:
        call.err(f"Failed to parse job mode: {mode}\n")
        return 1
    kind = "restart" if asked.verb == "try-restart" else asked.verb
    jobs: list[tuple[Unit, Job]] = []
    status = 0
    for name in asked.units:
        unit = machine.units.get(name)
        if not call.is_root:
            return _denied(call, asked.verb, name)
        if unit is None:
            call.err(f"Failed to {asked.verb} {name}: Unit {name} not found.\n")
            status = 5
            continue
        if asked.verb == "try-restart" and unit.state.active not in ("active", "activating"):
            continue
        try:
            jobs.append((unit, unit.submit(kind, mode)))
        except Refused as refused:
            call.err(
                f"Failed to {asked.verb} {name}: {refused.text}\n"
                f"See system logs and 'systemctl status {name}' for details.\n"
            )
            status = refused.status
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


def _reset_failed(call: Call, machine: Machine, asked: _Asked) -> int:
    if not call.is_root:
        call.err("Failed to reset failed state: Access denied\n")
        return 1
    for name in asked.units or list(machine.units):
        unit = machine.units.get(name)
        if unit is None:
            call.err(f"Failed to reset failed state of unit {name}: Unit {name} not loaded.\n")
            return 1
        unit.reset_failed()
        machine.forget_transient(name)
    return 0


def _daemon_reload(call: Call, _machine: Machine, _asked: _Asked) -> int:
    if not call.is_root:
        call.err("Failed to reload daemon: Access denied\n")
        return 1
    return 0


_VERBS = {
    "show": _show,
    "is-active": _is_active,
    "is-failed": _is_failed,
    "is-enabled": _is_enabled,
    "is-system-running": _is_system_running,
    "cat": _cat,
    "list-units": _list_units,
    "list-jobs": _list_jobs,
    "status": _status,
    "reset-failed": _reset_failed,
    "daemon-reload": _daemon_reload,
}

"""The verbs of systemctl that only read, and its command line."""

from __future__ import annotations

from collections.abc import Sequence

from tui.demo.calls import Call
from tui.demo.journal_query import Matcher, parse_query, unit_name
from tui.demo.journal_text import FORMATS
from tui.demo.machine import SYSTEMD_VERSION, Machine
from tui.demo.moments import pretty, span
from tui.demo.options import FLAG, MAY, TAKES, Option, Parsed
from tui.demo.unit import Unit
from tui.demo.unit_model import State
from tui.demo.unit_show import EMPTY_LISTS, properties

OPTIONS: dict[str, Option] = {
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


class Asked:
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


def _show(call: Call, machine: Machine, asked: Asked) -> int:
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
    shown = properties(unit.settings, name, unit.state, unit.job, machine.timing, style)
    if machine.unit_files.changed(unit.settings.fragment):
        shown["NeedDaemonReload"] = "yes"
    return shown


def _filtered(shown: dict[str, str], asked: Asked) -> str:
    # Empty values are shown when asked for by name, but for lists without an item.
    lines = []
    for key, value in shown.items():
        if asked.wanted and key not in asked.wanted:
            continue
        if not value and (key in EMPTY_LISTS or not (asked.wanted or "all" in asked.flags)):
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


def _is_active(call: Call, machine: Machine, asked: Asked) -> int:
    return _each_state(call, machine, asked, ("active", "reloading"), 3)


def _is_failed(call: Call, machine: Machine, asked: Asked) -> int:
    return _each_state(call, machine, asked, ("failed",), 1)


def _each_state(
    call: Call, machine: Machine, asked: Asked, good: Sequence[str], otherwise: int
) -> int:
    found = False
    for name in asked.units:
        unit = machine.units.get(name)
        word = unit.state.active if unit is not None else "inactive"
        found = found or word in good
        if "quiet" not in asked.flags:
            call.out(f"{word}\n")
    return 0 if found else otherwise


def _is_enabled(call: Call, machine: Machine, asked: Asked) -> int:
    status = 0
    for name in asked.units:
        if name in machine.units:
            call.out("enabled\n")
        else:
            call.err(f"Failed to get unit file state for {name}: No such file or directory\n")
            status = 1
    return status


def _is_system_running(call: Call, machine: Machine, _asked: Asked) -> int:
    state = _manager(machine)["SystemState"]
    call.out(f"{state}\n")
    return 0 if state == "running" else 1


def _cat(call: Call, machine: Machine, asked: Asked) -> int:
    for name in asked.units:
        unit = machine.units.get(name)
        if unit is None or not unit.settings.fragment:
            call.err(f"No files found for {name}.\n")
            return 1
        text = machine.sandbox.real(unit.settings.fragment).read_text(encoding="utf-8")
        call.out(f"# {unit.settings.fragment}\n{text}")
    return 0


def _list_units(call: Call, machine: Machine, asked: Asked) -> int:
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


def _list_jobs(call: Call, machine: Machine, _asked: Asked) -> int:
    jobs = [(u, u.job) for u in machine.units.values() if u.job is not None]
    if not jobs:
        call.out("No jobs running.\n")
        return 0
    call.out("JOB UNIT TYPE STATE\n")
    for unit, job in jobs:
        call.out(f"{job.number} {unit.name} {job.kind} running\n")
    call.out(f"\n{len(jobs)} jobs listed.\n")
    return 0


def _status(call: Call, machine: Machine, asked: Asked) -> int:
    for name in asked.units:
        unit = machine.units.get(name)
        if unit is None:
            call.err(f"Unit {name} could not be found.\n")
            return 4
        call.out(_status_text(machine, unit))
        if machine.may_read_journal(call.user):
            match = Matcher(parse_query(["-u", name], machine.clock.now()), None)
            recent = [e for e in machine.journal.entries[-400:] if match(e)][-10:]
            lines = b"".join(FORMATS["short"](entry, None, False) for entry in recent)
            call.out(b"\n" + lines)
    return 0 if all(machine.units[n].state.active == "active" for n in asked.units) else 3


def _status_text(machine: Machine, unit: Unit) -> str:
    state, settings = unit.state, unit.settings
    sign = {"active": "●", "failed": "×"}.get(state.active, "○")
    kind = "transient" if settings.transient else "enabled; preset: enabled"
    sub = f"({state.sub})" if state.result == "success" else f"(Result: {state.result})"
    since = ""
    if state.changed[0]:
        ago = machine.clock.now() - state.changed[0] / 1_000_000
        since = f" since {pretty(state.changed[0] // 1_000_000)}; {span(int(ago)) or '0s'} ago"
    text = f"{sign} {unit.title}\n     Loaded: loaded ({settings.fragment}; {kind})\n"
    if settings.transient:
        text += "  Transient: yes\n"
    text += f"     Active: {state.active} {sub}{since}\n"
    if state.main_pid:
        text += f"   Main PID: {state.main_pid} ({unit.main.name})\n"
    return text


READING = {
    "show": _show,
    "is-active": _is_active,
    "is-failed": _is_failed,
    "is-enabled": _is_enabled,
    "is-system-running": _is_system_running,
    "cat": _cat,
    "list-units": _list_units,
    "list-jobs": _list_jobs,
    "status": _status,
}

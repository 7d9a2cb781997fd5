"""systemd-run: a command as a transient unit, which outlives the link that started it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from dataclasses import dataclass, field

from tui.demo.calls import Call
from tui.demo.command_main import CommandMain
from tui.demo.journal_query import unit_name
from tui.demo.machine import SYSTEMD_VERSION, Machine
from tui.demo.moments import parse_span, span
from tui.demo.options import FLAG, TAKES, BadOption, Option, parse_options
from tui.demo.unit import Unit
from tui.demo.unit_model import Settings
from tui.demo.voices import Speaker

_OPTIONS: dict[str, Option] = {
    **{
        key: Option(name, FLAG)
        for name, keys in {
            "remain": ("-r", "--remain-after-exit"),
            "pipe": ("-P", "--pipe"),
            "wait": ("--wait",),
            "quiet": ("-q", "--quiet"),
            "collect": ("-G", "--collect"),
            "no_block": ("--no-block",),
            "same_dir": ("-d", "--same-dir"),
            "version": ("--version",),
            "nothing": ("--no-ask-password", "--system"),
        }.items()
        for key in keys
    },
    **{
        key: Option(name, TAKES)
        for name, keys in {
            "unit": ("-u", "--unit"),
            "property": ("-p", "--property"),
            "uid": ("--uid",),
            "gid": ("--gid",),
            "setenv": ("-E", "--setenv"),
            "description": ("--description",),
            "directory": ("--working-directory",),
            "slice": ("--slice",),
        }.items()
        for key in keys
    },
}


@dataclass
class _Asked:
    """A parsed command line."""

    flags: set[str] = field(default_factory=set)
    values: dict[str, str] = field(default_factory=dict)
    properties: dict[str, list[str]] = field(default_factory=dict)
    env: list[str] = field(default_factory=list)
    argv: list[str] = field(default_factory=list)


def _parse(args: list[str], call: Call) -> _Asked:
    """Options end at the command's first word, unlike for other programs."""
    asked = _Asked()
    at = 0
    while at < len(args) and args[at].startswith("-") and args[at] != "--":
        option = _OPTIONS.get(args[at].partition("=")[0])
        at += 2 if option is not None and option.takes == TAKES and "=" not in args[at] else 1
    asked.argv = args[at + 1 :] if args[at : at + 1] == ["--"] else args[at:]
    for name, value in parse_options("systemd-run", args[:at], _OPTIONS).options:
        asked.flags.add(name)
        if value is None:
            continue
        if name == "property":
            key, _, given = value.partition("=")
            asked.properties.setdefault(key, []).append(given)
        elif name == "setenv":
            known = value if "=" in value else f"{value}={call.env.get(value, '')}"
            asked.env.append(known)
        else:
            asked.values[name] = value
    return asked


async def systemd_run(call: Call, machine: Machine) -> int:
    """Run one systemd-run."""
    try:
        asked = _parse(call.args, call)
    except BadOption as error:
        call.err(f"{error}\n")
        return 1
    if "version" in asked.flags:
        call.out(SYSTEMD_VERSION)
        return 0
    if not asked.argv:
        call.err("Command line to execute required.\n")
        return 1
    program = _executable(machine, asked.argv[0])
    if program is None:
        call.err(f"Failed to find executable {asked.argv[0]}: No such file or directory\n")
        return 1
    name = unit_name(asked.values.get("unit") or f"run-r{machine.new_id()}")
    why = _refusal(call, machine, name)
    if why:
        call.err(f"Failed to start transient service unit: {why}\n")
        return 1
    return await _run(call, machine, asked, name, program)


def _executable(machine: Machine, word: str) -> str | None:
    if word.startswith("/"):
        return word if os.access(machine.sandbox.real(word), os.X_OK) else None
    return shutil.which(word, path=machine.sandbox.search_path)


def _refusal(call: Call, machine: Machine, name: str) -> str:
    if not call.is_root:
        return "Access denied"
    if name in machine.units:
        return f"Unit {name} was already loaded or has a fragment file."
    return ""


async def _run(call: Call, machine: Machine, asked: _Asked, name: str, program: str) -> int:
    unit, main = _unit(call, machine, asked, name, program)
    machine.units[name] = unit
    unit.ended = lambda: machine.forget_transient(name)
    result = await asyncio.shield(unit.submit("start").done)
    if "quiet" not in asked.flags:
        call.err(f"Running as unit: {name}\n")
    if result != "done":
        call.err(f"Job for {name} failed.\n")
        return 1
    if "pipe" in asked.flags:
        feeding = asyncio.ensure_future(_feed(call, main))
        try:
            await unit.finished()
            await main.drained.wait()
        finally:
            feeding.cancel()
    elif "wait" in asked.flags:
        await unit.finished()
    else:
        return 0
    return _told(call, asked, unit)


def _told(call: Call, asked: _Asked, unit: Unit) -> int:
    state = unit.state
    code = "killed" if state.exec_code == 2 else "exited"
    runtime = (state.exec_exit[1] - state.exec_start[1]) / 1_000_000
    if "wait" in asked.flags and "quiet" not in asked.flags:
        call.err(
            f"Finished with result: {state.result}\n"
            f"Main processes terminated with: code={code}/status={state.exec_status}\n"
            f"Service runtime: {span(runtime)}\n"
        )
    return 255 if state.exec_code == 2 else state.exec_status


async def _feed(call: Call, main: CommandMain) -> None:
    """The caller's stdin into the command's, while somebody reads it."""
    while data := await call.read():
        while data and main.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                data = data[await asyncio.to_thread(os.write, main.stdin, data) :]
                continue
            return
    main.end_stdin()


def _unit(
    call: Call, machine: Machine, asked: _Asked, name: str, program: str
) -> tuple[Unit, CommandMain]:
    user = asked.values.get("uid") or asked.properties.get("User", ["root"])[-1]
    folder = asked.values.get("directory") or asked.properties.get("WorkingDirectory", [""])[-1]
    if "same_dir" in asked.flags:
        folder = call.cwd
    settings = _settings(machine, asked, name, program, user, folder)
    env = _environment(machine, asked, user, settings.environment)
    unit: Unit | None = None

    def to_journal(line: bytes) -> None:
        if unit is not None:
            speaker = Speaker(main.name, settings.argv)
            machine.journal.write_lines(machine.voices.stdout(unit, speaker), line)

    piped = "pipe" in asked.flags
    cwd = str(machine.sandbox.real(folder)) if folder else str(machine.sandbox.root)
    sinks = (call.out, call.err) if piped else (to_journal, to_journal)
    main = CommandMain(machine.sandbox, settings.argv, env, cwd, sinks, lines=not piped)
    unit = Unit(settings, main, machine)
    return unit, main


def _settings(
    machine: Machine, asked: _Asked, name: str, program: str, user: str, folder: str
) -> Settings:
    environment = [*asked.properties.get("Environment", []), *asked.env]
    shown = program.replace(f"{machine.sandbox.bin}/", "/usr/bin/")
    return Settings(
        name,
        asked.values.get("description") or " ".join([shown, *asked.argv[1:]]),
        (program, *(word.replace("$$", "$") for word in asked.argv[1:])),
        user="" if user == "root" else user,
        working_directory=folder,
        environment=tuple(environment),
        fragment=f"/run/systemd/transient/{name}",
        restart=asked.properties.get("Restart", ["no"])[-1],
        type=asked.properties.get("Type", ["simple"])[-1],
        remain="remain" in asked.flags or asked.properties.get("RemainAfterExit") == ["yes"],
        transient=True,
        collect="collect" in asked.flags,
        timeout_stop_s=_seconds(asked, "TimeoutStopSec"),
        restart_s=_seconds(asked, "RestartSec"),
    )


def _environment(
    machine: Machine, asked: _Asked, user: str, environment: tuple[str, ...]
) -> dict[str, str]:
    return {
        "PATH": machine.sandbox.search_path,
        "LANG": "C.UTF-8",
        "USER": user,
        "LOGNAME": user,
        "HOME": machine.sandbox.seen(f"home/{user}"),
        "DEMO_AS": user,
        "DEMO_USER": user,
        "PERL_BADLANG": "0",
        **_from_files(machine, asked.properties.get("EnvironmentFile", [])),
        **dict(word.partition("=")[::2] for word in environment),
    }


def _seconds(asked: _Asked, name: str) -> float | None:
    given = asked.properties.get(name)
    return parse_span(given[-1]) if given else None


def _from_files(machine: Machine, paths: list[str]) -> dict[str, str]:
    """EnvironmentFile=: KEY=VALUE lines, quotes taken off; a path after `-` may be missing."""
    found = {}
    for path in paths:
        file = machine.sandbox.real(path.removeprefix("-"))
        if not file.is_file():
            continue
        for line in file.read_text(encoding="utf-8").splitlines():
            key, sign, value = line.strip().partition("=")
            if sign and not key.startswith(("#", ";")):
                found[key] = value.strip("\"'")
    return found

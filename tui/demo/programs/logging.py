"""logger and systemd-cat: lines from the shell into the host's journal."""

from __future__ import annotations

import re

from tui.demo.calls import Call, RunInstead
from tui.demo.journal import Source, fields_of
from tui.demo.machine import Machine
from tui.demo.options import FLAG, MAY, TAKES, BadOption, Option, parse_options

_PRIORITIES = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
_ALIASES = {"error": "err", "warn": "warning", "panic": "emerg"}
_LOGGER = {
    "-t": Option("tag", TAKES),
    "--tag": Option("tag", TAKES),
    "-p": Option("priority", TAKES),
    "--priority": Option("priority", TAKES),
    "-i": Option("pid", FLAG),
    "--id": Option("pid", MAY),
    "-s": Option("stderr", FLAG),
    "--stderr": Option("stderr", FLAG),
}
_CAT = {
    "-t": Option("tag", TAKES),
    "--identifier": Option("tag", TAKES),
    "-p": Option("priority", TAKES),
    "--priority": Option("priority", TAKES),
}


def _priority(text: str) -> int | None:
    word = text.rpartition(".")[2]
    word = _ALIASES.get(word, word)
    if re.fullmatch(r"[0-7]", word):
        return int(word)
    return _PRIORITIES.index(word) if word in _PRIORITIES else None


def _writer(call: Call, machine: Machine, tag: str, priority: int, transport: str) -> Source:
    user = 0 if call.is_root else 1000
    return Source(
        fields_of(
            {
                "PRIORITY": priority,
                "_HOSTNAME": machine.name,
                **({"SYSLOG_FACILITY": 1} if transport == "syslog" else {}),
                "_TRANSPORT": transport,
                "SYSLOG_IDENTIFIER": tag,
                "_PID": call.pid,
                "_UID": user,
                "_GID": user,
                "_COMM": call.name if transport == "syslog" else "cat",
                "_SYSTEMD_UNIT": f"session-{call.env.get('DEMO_SESSION', 'c1')}.scope",
                "_SYSTEMD_SLICE": f"user-{user}.slice",
                "_MACHINE_ID": machine.journal.machine_id,
                **({"_STREAM_ID": machine.new_id()} if transport == "stdout" else {}),
            }
        ),
        machine.journal.system_file,
    )


async def logger(call: Call, machine: Machine) -> int:
    """Run one logger: the message of its arguments, or the lines of stdin."""
    try:
        parsed = parse_options("logger", call.args, _LOGGER)
    except BadOption as error:
        call.err(f"{error}\nTry 'logger --help' for more information.\n")
        return 1
    given = {name: value for name, value in parsed.options if value is not None}
    priority = _priority(given.get("priority", "user.notice"))
    if priority is None:
        call.err(f"logger: unknown priority name: {given['priority']}\n")
        return 1
    source = _writer(call, machine, given.get("tag", call.user), priority, "syslog")
    if parsed.operands:
        machine.journal.append(source, fields_of({"MESSAGE": " ".join(parsed.operands)}))
        return 0
    await _lines(call, machine, source)
    return 0


async def systemd_cat(call: Call, machine: Machine) -> int:
    """Run one systemd-cat over its stdin; a command as argument is piped by the shell instead."""
    try:
        parsed = parse_options("systemd-cat", call.args, _CAT)
    except BadOption as error:
        call.err(f"{error}\n")
        return 1
    given = {name: value for name, value in parsed.options if value is not None}
    priority = _priority(given.get("priority", "info"))
    if priority is None:
        call.err("Failed to parse priority value.\n")
        return 1
    if parsed.operands:
        # What systemd-cat does is connect the command's stdout to the journal; a pipe does too.
        again = [f"--identifier={given.get('tag', parsed.operands[0])}", f"--priority={priority}"]
        script = '"$@" 2>&1 | systemd-cat "$0" "$BEAMDECK_CAT"'
        raise RunInstead(
            ["/bin/sh", "-c", script, again[0], *parsed.operands], {"BEAMDECK_CAT": again[1]}
        )
    await _lines(call, machine, _writer(call, machine, given.get("tag", "cat"), priority, "stdout"))
    return 0


async def _lines(call: Call, machine: Machine, source: Source) -> None:
    """Entries a line as they come; a last line without its newline says so, as journald does."""
    rest = b""
    while data := await call.read():
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            machine.journal.write_lines(source, line)
    if rest:
        machine.journal.write_lines(source, rest, b"eof")

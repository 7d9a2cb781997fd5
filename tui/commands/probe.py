"""The compound probe: everything that the hosts screen shows of a host, in one round trip.

A few forks and a few milliseconds of CPU on the host; never an rpc or an eval. Sections are
divided by a token made anew for each probe, so that no file's content can forge one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from tui.commands.probe_script import SCRIPT
from tui.commands.release import STARTS, parse_cmdline, release_facts
from tui.commands.release_daemon import START_S, STOP_S
from tui.commands.systemd import LATEST, PROPERTIES, parse_show, parse_unit
from tui.model.command import Command, Effect
from tui.model.fleet import App, Manager
from tui.model.host import MachineFacts
from tui.model.redact import redact
from tui.model.release import ReleaseFacts
from tui.model.text import scrub_line
from tui.model.unit import UnitFacts

_NUMBER = re.compile(rb"[0-9]{1,15}(?:\.[0-9]{1,12})?")


@dataclass(frozen=True, slots=True)
class SlowFacts:
    """What changes so rarely that only some probes ask: processors, systemd, relx signs."""

    cpus: int | None = None
    systemd_version: int | None = None
    relx: bool = False


@dataclass(frozen=True, slots=True)
class ProbeAnswer:
    """One probe's facts. `host_time` is the host's clock, Unix seconds, in the middle of it.

    `slow` is set by a probe that asked for those facts. `problem` says what was kept from it;
    `whole` is false of one that broke off: what it lacks is not known, rather than not there.
    """

    unit: UnitFacts
    release: ReleaseFacts
    machine: MachineFacts
    slow: SlowFacts | None
    host_time: float | None
    problem: str = ""
    whole: bool = True


def probe_command(
    app: App, token: str, *, slow: bool, timeout_s: float, runs: str | None = None
) -> Command:
    """The probe of an app. `token` must be unguessable for whoever writes the host's files.

    `runs` is the release version that runs, as an earlier probe told: the files it was started
    with are looked at, whether they are newer than it.
    """
    by_systemd = app.manager is Manager.SYSTEMD
    wanted, properties = "slow" if slow else "", ",".join(PROPERTIES) if by_systemd else ""
    return Command(
        (app.service, _base(app), app.name, token, properties, wanted, runs or ""),
        effect=Effect.READ,
        timeout_s=timeout_s,
        max_bytes=256 * 1024,
        script=SCRIPT,
    )


def parse_probe(output: bytes, app: App, token: str, slow: SlowFacts | None) -> ProbeAnswer:
    """The probe's sections as facts; `slow` are those of an earlier probe that asked for them.

    Skew is not known here: it needs the round trip's two ends on our clock.
    """
    sections = _sections(output, token)
    shown = parse_show(sections.get("unit", b""))
    told_slow = _slow(sections["slow"]) if "slow" in sections else None
    known = told_slow or slow or SlowFacts()
    signs = _lines(sections.get("signs", b"")) + (["relx"] if known.relx else [])
    root, _, tree = sections.get("root", b"").partition(b"\n")
    release = release_facts(
        _root(app, root),
        app.flavour,
        signs,
        {name: sections.get(f"start.{name}", b"") for name in STARTS},
        [line for line in sections.get("versions", b"").split(b"\n") if line],
        parse_cmdline(sections.get("cmdline", b"")),
    )
    middle = _middle(sections)
    machine = _machine(sections, known, middle)
    unit = parse_unit(_unit_name(app), shown, machine.booted_at)
    if app.manager is Manager.RELEASE:
        unit = replace(unit, timeout_start_s=START_S, timeout_stop_s=STOP_S)
    changed = _changed_since(_lines(sections.get("config", b"")), unit)
    return ProbeAnswer(
        unit,
        replace(release, changed=changed),
        machine,
        told_slow,
        middle,
        _problem(_lines(tree), shown),
        whole="ended" in sections,
    )


_CONFIG_FILES = ("vm.args", "sys.config", "runtime.exs", "env.sh")


def _changed_since(lines: list[str], unit: UnitFacts) -> tuple[str, ...]:
    """The files that a start reads and that are newer than this one, by the host's own clock."""
    if unit.since is None or unit.active_state != "active":
        return ()
    found: list[str] = []
    for line in lines:
        at, _, name = line.partition(" ")
        seconds = _count(at, 12)
        # Both times are whole seconds: one that was written while it started is not newer.
        if name in _CONFIG_FILES and seconds is not None and seconds > unit.since + 1:
            found.append(name)
    return tuple(found)


def _unit_name(app: App) -> str:
    """What stands for the unit's name: of a release that systemd does not run, its launcher."""
    return app.service if app.manager is Manager.SYSTEMD else f"bin/{app.name}"


def _root(app: App, said: bytes) -> str:
    """The release's folder: one of those that were asked about, whatever a host may say."""
    base = _base(app)
    allowed = (f"{base}/{app.name}", f"{base}/{app.name}/{app.name}")
    return next((path for path in allowed if path.encode() == said), base)


def _base(app: App) -> str:
    return app.root.rstrip("/") or "/"


def _sections(output: bytes, token: str) -> dict[str, bytes]:
    mark = f"\n{token} ".encode()
    found: dict[str, bytes] = {}
    for piece in (b"\n" + output).split(mark)[1:]:
        name, _, body = piece.partition(b"\n")
        # The first of a name counts: what comes later under it cannot be ours.
        found.setdefault(name.decode("ascii", "replace"), body)
    return found


def _lines(body: bytes) -> list[str]:
    return [redact(scrub_line(line)) for line in body.split(b"\n") if line]


def _float(sections: dict[str, bytes], name: str) -> float | None:
    """The first word of a section as a number, not negative and within the calendar."""
    words = sections.get(name, b"").split(None, 1)
    # Not by float() alone: it takes `inf` and `nan`, which break every reader.
    if not words or _NUMBER.fullmatch(words[0]) is None:
        return None
    number = float(words[0])
    return number if number < LATEST else None


def _middle(sections: dict[str, bytes]) -> float | None:
    """The host's clock in the middle of the probe."""
    began, ended = _float(sections, "began"), _float(sections, "ended")
    return (began + ended) / 2 if began is not None and ended is not None else None


def _slow(body: bytes) -> SlowFacts:
    lines = _lines(body)
    cpus = _count(lines[0], 5) if lines else None
    version = None
    for line in lines[1:]:
        words = line.split()
        if words[:1] == ["systemd"] and len(words) > 1:
            version = _count(words[1], 6)
    return SlowFacts(cpus, version, "relx" in lines)


def _machine(sections: dict[str, bytes], slow: SlowFacts, now: float | None) -> MachineFacts:
    pairs = (line.split() for line in _lines(sections.get("memory", b"")))
    memory = {pair[0]: pair[1] for pair in pairs if len(pair) == 2}
    disk = _disk(_lines(sections.get("disk", b"")))
    uptime = _float(sections, "uptime")
    boot = _lines(sections.get("boot", b""))
    journal = _lines(sections.get("journal", b""))
    return MachineFacts(
        load_1m=_float(sections, "load"),
        cpus=slow.cpus,
        memory_total=_kibibytes(memory.get("MemTotal:", "")),
        memory_available=_kibibytes(memory.get("MemAvailable:", "")),
        disk_total=disk[0],
        disk_free=disk[1],
        uptime_s=uptime,
        booted_at=now - uptime if now is not None and uptime is not None else None,
        boot_id=boot[0] if boot else None,
        journal_persistent="persistent" in journal if journal else None,
        journal_readable="readable" in journal if journal else None,
        systemd_version=slow.systemd_version,
    )


def _disk(lines: list[str]) -> tuple[int | None, int | None]:
    """(total, available to the user) in bytes, of `df -Pk`'s last line."""
    words = lines[-1].split() if len(lines) > 1 else []
    # From the left past the device, whose name may hold blanks, to the one share of the whole.
    percent = next((i for i, w in enumerate(words) if w.endswith("%") and i >= 3), None)
    if percent is None:
        return None, None
    used, free = _kibibytes(words[percent - 2]), _kibibytes(words[percent - 1])
    if used is None or free is None:
        return None, None
    # As df's own percentage: what is reserved for root counts for nobody.
    return used + free, free


def _kibibytes(text: str) -> int | None:
    count = _count(text, 15)
    return None if count is None else count * 1024


def _count(text: str, digits: int) -> int | None:
    # isdecimal() alone would take the digits of every script; int() of very many is slow.
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= digits else None


def _problem(tree: list[str], shown: dict[str, str]) -> str:
    if not shown:
        return "systemd did not answer"
    state, _, where = tree[0].partition(" ") if tree else ("", "", "")
    return {
        "missing": "no release folder",
        "empty": "no releases in the release folder",
        "unreadable": f"no right to look into {where}",
    }.get(state, "")

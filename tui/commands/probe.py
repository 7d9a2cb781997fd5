"""The compound probe: everything that the hosts screen shows of a host, in one round trip.

A few forks and a few milliseconds of CPU on the host; never an rpc or an eval. Sections are
divided by a token made anew for each probe, so that no file's content can forge one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tui.commands.release import Running, parse_cmdline, release_facts
from tui.commands.systemd import LATEST, PROPERTIES, parse_show, parse_unit
from tui.model.command import Command, Effect
from tui.model.fleet import App
from tui.model.host import MachineFacts
from tui.model.redact import redact
from tui.model.release import ReleaseFacts
from tui.model.text import scrub_line
from tui.model.unit import UnitFacts

# $1 unit, $2 the release's folder, $3 app, $4 token, $5 properties, $6 whether to ask slow facts.
# POSIX sh, built-ins where they do: each fork costs the host a millisecond.
SCRIPT = r"""
u=$1 r=$2 a=$3 t=$4 nl='
'
m() { printf '\n%s %s\n' "$t" "$1"; }
line() { l=; [ -r "$1" ] && { IFS= read -r l <"$1" || :; printf '%s\n' "$l"; }; }
m began; date +%s.%N
[ -d "$r/bin" ] || [ ! -d "$r/$a/bin" ] || r=$r/$a
m root; printf '%s\n' "$r"
[ -d "$r" ] && { [ -r "$r/releases" ] && echo readable || echo unreadable; } || echo missing
m unit
s=$(systemctl show "$u" --timestamp=unix -p "$5" 2>/dev/null) || s=$(systemctl show "$u" -p "$5")
printf '%s\n' "$s"
p=
case "$nl$s" in *"${nl}MainPID="*) p=${s#*MainPID=}; p=${p%%"$nl"*} ;; esac
m cmdline
case $p in ''|0|*[!0-9]*) ;; *) cat "/proc/$p/cmdline" 2>/dev/null || echo unreadable ;; esac
m start.releases; line "$r/releases/start_erl.data"
m start.var; line "$r/var/start_erl.data"
m signs
[ ! -e "$r/releases/COOKIE" ] || echo mix
for f in "$r"/bin/*_rc_exec.sh; do [ ! -e "$f" ] || echo distillery; done
[ ! -e "$r/bin/nodetool" ] || for f in "$r"/bin/*_loader.sh; do
  [ ! -e "$f" ] || echo distillery
done
m versions
for d in "$r"/releases/*/; do [ ! -d "$d" ] || { d=${d%/}; printf '%s\n' "${d##*/}"; }; done
m load; line /proc/loadavg
m uptime; line /proc/uptime
m boot; line /proc/sys/kernel/random/boot_id
m memory
while read -r k v w; do
  case $k in MemTotal:|MemAvailable:) echo "$k $v" ;; Buffers:) break ;; esac
done </proc/meminfo
m disk; df -Pk "$r" 2>/dev/null || df -Pk /
m journal; [ -d /var/log/journal ] && echo persistent || echo volatile
[ -z "$6" ] || {
  m slow; nproc; systemctl --version
  [ -e "$r/releases/COOKIE" ] || ! grep -qE 'relx_|RELX_' "$r/bin/$a" 2>/dev/null || echo relx
}
m ended; date +%s.%N
"""


@dataclass(frozen=True, slots=True)
class SlowFacts:
    """What changes so rarely that only some probes ask: processors, systemd, relx signs."""

    cpus: int | None = None
    systemd_version: int | None = None
    relx: bool = False


@dataclass(frozen=True, slots=True)
class ProbeAnswer:
    """One probe's facts. `host_time` is the host's clock, Unix seconds, in the middle of it."""

    unit: UnitFacts
    release: ReleaseFacts
    machine: MachineFacts
    slow: SlowFacts
    host_time: float | None
    problem: str = ""


def probe_command(app: App, token: str, *, slow: bool, timeout_s: float) -> Command:
    """The probe of an app. `token` must be unguessable for whoever writes the host's files."""
    return Command(
        (app.service, app.root, app.name, token, ",".join(PROPERTIES), "slow" if slow else ""),
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
    cmdline = sections.get("cmdline", b"")
    running = Running() if cmdline.strip() == b"unreadable" else parse_cmdline(cmdline)
    told_slow = _slow(sections["slow"]) if "slow" in sections else (slow or SlowFacts())
    signs = _lines(sections.get("signs", b"")) + (["relx"] if told_slow.relx else [])
    root_lines = _lines(sections.get("root", b""))
    release = release_facts(
        redact(root_lines[0]) if root_lines else app.root,
        app.flavour,
        signs,
        {name: sections.get(f"start.{name}", b"") for name in ("releases", "var")},
        _lines(sections.get("versions", b"")),
        running,
    )
    began, ended = _float(sections, "began"), _float(sections, "ended")
    middle = (began + ended) / 2 if began is not None and ended is not None else None
    return ProbeAnswer(
        parse_unit(app.service, shown),
        release,
        _machine(sections, told_slow, middle),
        told_slow,
        middle,
        _problem(sections, root_lines[1:], shown),
    )


def _sections(output: bytes, token: str) -> dict[str, bytes]:
    mark = f"\n{token} ".encode()
    found: dict[str, bytes] = {}
    for piece in (b"\n" + output).split(mark)[1:]:
        name, _, body = piece.partition(b"\n")
        # The first of a name counts: what comes later under it cannot be ours.
        found.setdefault(name.decode("ascii", "replace"), body)
    return found


def _lines(body: bytes) -> list[str]:
    return [scrub_line(line) for line in body.split(b"\n") if line]


def _float(sections: dict[str, bytes], name: str) -> float | None:
    words = sections.get(name, b"").split()
    try:
        number = float(words[0][:32])
    except (IndexError, ValueError):
        return None
    # `inf`, `nan` and what lies past the calendar are read as numbers, and break every reader.
    return number if math.isfinite(number) and 0 <= number < LATEST else None


def _slow(body: bytes) -> SlowFacts:
    lines = _lines(body)
    cpus = int(lines[0]) if lines and lines[0].isdecimal() and len(lines[0]) < 6 else None
    version = None
    for line in lines[1:]:
        words = line.split()
        if words[:1] == ["systemd"] and len(words) > 1 and words[1].isdecimal():
            version = int(words[1][:6])
    return SlowFacts(cpus, version, "relx" in lines)


def _machine(sections: dict[str, bytes], slow: SlowFacts, now: float | None) -> MachineFacts:
    pairs = (line.split() for line in _lines(sections.get("memory", b"")))
    memory = {pair[0]: pair[1] for pair in pairs if len(pair) == 2}
    disk = _disk(_lines(sections.get("disk", b"")))
    uptime = _float(sections, "uptime")
    boot = _lines(sections.get("boot", b""))
    journal = sections.get("journal", b"").strip()
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
        journal_persistent=journal == b"persistent" if journal else None,
        systemd_version=slow.systemd_version,
    )


def _disk(lines: list[str]) -> tuple[int | None, int | None]:
    """(total, available to the user) in bytes, of `df -Pk`'s last line."""
    words = lines[-1].split() if len(lines) > 1 else []
    # From the right: the device's name may hold blanks, the mount point too, but not before `%`.
    percent = next((i for i, w in enumerate(words) if w.endswith("%") and i >= 3), None)
    if percent is None:
        return None, None
    used, free = _kibibytes(words[percent - 2]), _kibibytes(words[percent - 1])
    if used is None or free is None:
        return None, None
    # As df's own percentage: what is reserved for root counts for nobody.
    return used + free, free


def _kibibytes(text: str) -> int | None:
    return int(text) * 1024 if text.isdecimal() and len(text) < 16 else None


def _problem(sections: dict[str, bytes], tree: list[str], shown: dict[str, str]) -> str:
    if "ended" not in sections:
        return "the probe was cut short"
    if not shown:
        return "systemd did not answer"
    if tree == ["missing"]:
        return "no release folder"
    if tree == ["unreadable"]:
        return "release folder unreadable"
    return ""

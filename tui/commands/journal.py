"""journalctl: the one form of the tail, the question who may read, the list of boots. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from tui.model.command import Command, Outcome
from tui.model.names import unit_fits
from tui.model.text import scrub

FIELDS = (
    "MESSAGE,MESSAGE_ID,PRIORITY,SYSLOG_IDENTIFIER,_PID,_HOSTNAME,_SYSTEMD_UNIT,"
    "_SYSTEMD_INVOCATION_ID,INVOCATION_ID,UNIT,OBJECT_SYSTEMD_UNIT,COREDUMP_UNIT,_TRANSPORT,"
    "_STREAM_ID,_LINE_BREAK,_SOURCE_REALTIME_TIMESTAMP,JOB_TYPE,JOB_RESULT,EXIT_CODE,"
    "EXIT_STATUS,UNIT_RESULT,N_RESTARTS,N_DROPPED"
)
_SUDO = ("sudo", "-n")
_BOOT = re.compile(r"[0-9a-f]{32}(?:[+-]\d{1,4})?\Z|[+-]?\d{1,4}\Z")


@dataclass(frozen=True, slots=True)
class Reading:
    """What of one unit's journal is read. Times are Unix seconds by the host's own clock.

    `cursor`, where set, is where to go on, that entry included; else `since`. With `until` the
    reading ends there, without it the journal is followed. `boot`: None is every boot.
    """

    unit: str
    since: float = 0.0
    until: float | None = None
    boot: str | None = None
    cursor: str | None = None

    def __post_init__(self) -> None:
        if not unit_fits(self.unit):
            raise ValueError(f"{self.unit!r} is not a service's name")
        if self.boot is not None and not boot_fits(self.boot):
            raise ValueError(f"{self.boot!r} is not a boot")


def boot_fits(boot: str) -> bool:
    """Whether it is a boot ID, or an offset like `-1` or `0`."""
    return _BOOT.match(boot) is not None


def tail_argv(reading: Reading) -> tuple[str, ...]:
    """journalctl's words. `-b` stands after `-f`: before 257 `-f` would undo it."""
    words = ["journalctl", "-u", reading.unit, "-q", "--no-pager", "-o", "export"]
    words += [f"--output-fields={FIELDS}", "--no-tail"]
    if reading.until is None:
        words.append("-f")
    words += ["-b", reading.boot or "all"]
    if reading.cursor is not None:
        words.append(f"--cursor={reading.cursor}")
    else:
        words.append(f"--since=@{reading.since:.6f}")
    if reading.until is not None:
        words.append(f"--until=@{reading.until:.6f}")
    return tuple(words)


def tail(reading: Reading, *, sudo: bool = False) -> Command:
    """The stream of a reading, by `sudo -n` (which never asks for a password) where it must."""
    argv = tail_argv(reading)
    return Command((*_SUDO, *argv) if sudo else argv, timeout_s=None)


# $1 the unit, then the words of the tail. Every line of the answer begins with a word of ours.
# The first question is asked without -q, which would hide the hint. But 252 gives none to a user
# who can open a journal of his own: so the files that it opened are asked for as well.
_PROBE = """\
date +'before %s.%N'
header=$(journalctl --header -q 2>/dev/null) && echo 'header 0' &&
printf '%s\\n' "$header" | sed -n 's/^File [Pp]ath: /file /p'
notes=$(journalctl -u "$1" --no-pager -n 1 -o cat 2>&1 >/dev/null)
echo "read $?"
test -n "$notes" && printf '%s\\n' "$notes" | sed 's/^/note /'
test -d /var/log/journal && echo 'keeps yes' || echo 'keeps no'
shift
sudo -n -l "$@" >/dev/null 2>&1
echo "sudo $?"
date +'after %s.%N'
"""


def probe(reading: Reading, *, timeout_s: float = 20.0) -> Command:
    """Ask in one round trip: may this user read the journal, may sudo, does it outlive a boot,
    what time is it there."""
    words = (reading.unit, *tail_argv(reading))
    return Command(words, script=_PROBE, timeout_s=timeout_s, max_bytes=64 * 1024)


@dataclass(frozen=True, slots=True)
class Access:
    """What the probe found. `now` is the host's clock between the probe's first and last act,
    Unix seconds; `reason` and `remedy` are sentences, set if the user may not read all."""

    readable: bool
    sudo: bool = False
    volatile: bool | None = None
    now: float | None = None
    reason: str = ""
    remedy: str = ""


def parse_probe(outcome: Outcome) -> Access:
    """The probe's answer; one that did not come whole is `not readable` with the reason."""
    said: dict[str, list[str]] = {}
    for line in scrub(outcome.stdout).split("\n"):
        word, _, rest = line.partition(" ")
        said.setdefault(word, []).append(rest)
    read = _one(said, "read")
    if read is None:
        why = scrub(outcome.stderr).strip().split("\n")[0] or outcome.ended.value
        return Access(False, reason=f"the host did not say whether its journal may be read: {why}")
    files = said.get("file", []) if "header" in said else None
    reason, remedy = _refusal(read, said.get("note", []), files)
    keeps = _one(said, "keeps")
    return Access(
        readable=not reason,
        sudo=_one(said, "sudo") == "0",
        volatile=None if keeps is None else keeps == "no",
        now=_midpoint(_one(said, "before"), _one(said, "after")),
        reason=reason,
        remedy=remedy,
    )


JOIN_GROUP = (
    "Add the SSH user to the group systemd-journal on the host (usermod -aG systemd-journal USER; "
    "it counts from the next login), or allow it journalctl by sudo without a password."
)


_SYSTEM_FILE = re.compile(r"/system(?:@[^/]*)?\.journal$")


def _refusal(status: str, notes: list[str], files: list[str] | None) -> tuple[str, str]:
    """Why not all may be read and what to do about it; both empty if it may.

    journalctl has no exit status for it: it ends with 0 and shows too little. `files` are those
    that it could open, None if it did not tell.
    """
    told = " ".join(note.strip() for note in notes if note.strip())
    if "not seeing messages" in told or "insufficient permissions" in told:
        return told, JOIN_GROUP
    if status == "0" and files and not any(map(_SYSTEM_FILE.search, files)):
        return "This user may read only a journal of its own, not the system's.", JOIN_GROUP
    if status == "127":
        return "journalctl was not found on the host", "The host needs systemd's journal."
    if status not in ("0", "1"):
        return f"journalctl ended with status {status}: {told}", ""
    if status == "1" and told:
        return f"journalctl said: {told}", ""
    return "", ""


def _one(said: dict[str, list[str]], word: str) -> str | None:
    values = said.get(word)
    return values[0].strip() if values else None


def _midpoint(before: str | None, after: str | None) -> float | None:
    try:
        return (float(before or "") + float(after or "")) / 2
    except ValueError:
        return None


def list_boots() -> Command:
    """The boots that the host's journal holds; before 251 there is only the text for people."""
    return Command(
        (),
        script="journalctl --list-boots --no-pager -q -o json || journalctl --list-boots "
        "--no-pager -q --utc",
        max_bytes=1024 * 1024,
    )


@dataclass(frozen=True, slots=True)
class Boot:
    """A boot in the journal: 0 is the running one, -1 the one before. Times: Unix seconds, 0.0
    where the host's systemd does not tell them to machines."""

    offset: int
    boot_id: str
    first_at: float = 0.0
    last_at: float = 0.0


_BOOT_LINE = re.compile(r"\s*(-?\d+)\s+([0-9a-f]{32})\b")


def parse_boots(stdout: bytes) -> tuple[Boot, ...]:
    """The boots, oldest first; from JSON, or from the text of systemd before 251."""
    text = scrub(stdout, limit=1024 * 1024)
    try:
        rows = json.loads(text)
    except ValueError:
        found = (_BOOT_LINE.match(line) for line in text.split("\n"))
        boots = [Boot(int(match[1]), match[2]) for match in found if match]
    else:
        boots = [boot for row in rows if (boot := _boot(row))] if isinstance(rows, list) else []
    return tuple(sorted(boots, key=lambda boot: boot.offset))


def _boot(row: object) -> Boot | None:
    if not isinstance(row, dict):
        return None
    offset, boot_id = row.get("index"), row.get("boot_id")
    first, last = row.get("first_entry"), row.get("last_entry")
    if not (isinstance(offset, int) and isinstance(boot_id, str) and boot_fits(boot_id)):
        return None
    if not (isinstance(first, int) and isinstance(last, int)):
        return Boot(offset, boot_id)
    return Boot(offset, boot_id, first / 1e6, last / 1e6)

"""What the journal tells of a restart: how the old process went, how often the new one came. Pure.

Judged by systemd's message IDs and fields; only the start limit's notice has no ID of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tui.commands.journal import FIELDS
from tui.commands.journal_export import ExportParser
from tui.model.command import Command
from tui.model.journal import Entry, EntryKind, Level

START_DONE = "39f53479d3a045ac8e11786248231fbf"
STOP_BEGUN = "de5b426a63be47a7b6ac3eaac82e2f6f"
PROCESS_EXIT = "98e322203f7a4ed290d09fe03c09fe15"
UNIT_FAILED = "d9b373ed55a64feb8242e02dbe79a49c"

_INVOCATION = re.compile(r"[0-9a-f]{32}\Z")
_START_LIMIT = "Start request repeated too quickly."


@dataclass(frozen=True, slots=True)
class StopSeen:
    """How the process before the restart ended; `after_s` is from the stop's begin to its end."""

    killed: bool = False
    after_s: float | None = None


@dataclass(frozen=True, slots=True)
class StartsSeen:
    """How often the unit was started since: `within_s` from the first start to the last event.

    `error` is the newest line that says why, scrubbed and redacted, empty if there is none.
    """

    starts: int = 0
    within_s: float = 0.0
    start_limit: bool = False
    error: str = ""


_BY_SUDO = 'sudo -n -l -- "$@" >/dev/null 2>&1 && exec sudo -n "$@"'


def read_stop(unit: str, invocation: str, *, sudo: bool = False) -> Command | None:
    """Ask for systemd's own messages about one run of the unit; None without a run to ask for."""
    if _INVOCATION.match(invocation) is None:
        return None
    matches = ("_PID=1", f"UNIT={unit}", f"INVOCATION_ID={invocation}")
    return _journalctl((*matches, "-n", "60"), sudo)


def read_newest(unit: str, *, sudo: bool = False) -> Command:
    """Ask for the newest entries of the unit, systemd's own messages about it included."""
    return _journalctl(("-u", unit, "-n", "200"), sudo)


def _journalctl(words: tuple[str, ...], sudo: bool) -> Command:
    # -n without --since gives the newest entries on every systemd; -b would hide nothing here.
    argv = ("journalctl", "-q", "--no-pager", "-o", "export", f"--output-fields={FIELDS}", *words)
    # By sudo only if its rules say so: a refusal would be a line in the host's auth log.
    return Command(argv, script=_BY_SUDO if sudo else None, max_bytes=1024 * 1024)


def parse_entries(host: str, stdout: bytes) -> list[Entry]:
    """The entries of an answer to one of the questions above."""
    return ExportParser(host).feed(stdout)


def stop_seen(entries: Iterable[Entry]) -> StopSeen:
    """Whether a stop outlasted its limit and ended in SIGKILL, from the messages of one run."""
    begun: Entry | None = None
    for entry in entries:
        fields = dict(entry.fields)
        if entry.message_id == STOP_BEGUN:
            begun = entry
        elif begun is None:
            # What died before somebody stopped it is another story.
            continue
        elif entry.message_id == PROCESS_EXIT and fields.get("EXIT_CODE") == "killed":
            if fields.get("EXIT_STATUS") in ("9", "KILL"):
                return StopSeen(True, (entry.at_us - begun.at_us) / 1e6)
        elif entry.message_id == UNIT_FAILED and fields.get("UNIT_RESULT") == "timeout":
            return StopSeen(True, (entry.at_us - begun.at_us) / 1e6)
    return StopSeen()


def starts_seen(entries: Sequence[Entry], since_us: int) -> StartsSeen:
    """What happened since a time, microseconds by the host's own clock.

    Not by the run's ID: a start that the start limit refuses is told under the run before it.
    """
    fresh = [entry for entry in entries if entry.at_us >= since_us]
    starts = [e for e in fresh if e.kind is EntryKind.UNIT and e.message_id == START_DONE]
    of_unit = [e for e in fresh if e.kind is EntryKind.UNIT]
    within = (of_unit[-1].at_us - starts[0].at_us) / 1e6 if starts and of_unit else 0.0
    limit = any(e.message.endswith(_START_LIMIT) for e in of_unit)
    return StartsSeen(len(starts), max(0.0, within), limit, newest_error(fresh))


def newest_error(entries: Sequence[Entry]) -> str:
    """The first line of the newest error; without one, the app's own last line."""
    spoken = [entry for entry in entries if entry.kind is EntryKind.APP and entry.message.strip()]
    errors = [entry for entry in spoken if entry.level <= Level.ERROR]
    chosen = (errors or spoken)[-1:]
    return chosen[0].message.strip().split("\n")[0] if chosen else ""

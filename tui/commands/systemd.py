"""systemd's machine interface: `systemctl show`, asked for by name and read by key."""

from __future__ import annotations

import re

from tui.model.redact import redact
from tui.model.text import scrub_line
from tui.model.unit import UnitFacts

PROPERTIES = (
    "Id",
    "LoadState",
    "ActiveState",
    "SubState",
    "Result",
    "Type",
    "MainPID",
    "ControlPID",
    "NRestarts",
    "Job",
    "InvocationID",
    "ExecMainCode",
    "ExecMainStatus",
    "StateChangeTimestamp",
    "StateChangeTimestampMonotonic",
    "ActiveEnterTimestamp",
    "ActiveEnterTimestampMonotonic",
    "MemoryCurrent",
    "CPUUsageNSec",
    "TasksCurrent",
    "TimeoutStartUSec",
    "TimeoutStopUSec",
    "RestartUSec",
    "User",
    "WorkingDirectory",
    "FragmentPath",
    "NeedDaemonReload",
)

LATEST = 253_402_300_800.0 / 2
"""Unix seconds past which no clock is believed (the year 5984): later ones leave the calendar."""
# What systemd prints for a number that was never set.
_UNSET = {"", "[not set]", "18446744073709551615", "infinity", "n/a"}
_SPANS = {
    "us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0,
    "month": 2_629_800.0, "y": 31_557_600.0,
}  # fmt: skip
_SPAN = re.compile(r"([0-9]+(?:\.[0-9]+)?)(us|ms|s|min|h|d|w|month|y)\Z")


def parse_show(output: bytes) -> dict[str, str]:
    """`systemctl show`'s KEY=VALUE lines, in any order; values scrubbed and redacted.

    Of a doubled key the last counts. Environment and ExecStart, which hold secrets, are never
    asked for.
    """
    found: dict[str, str] = {}
    for line in output.split(b"\n"):
        key, equals, value = line.partition(b"=")
        if equals and key.isalnum():
            found[key.decode("ascii", "replace")] = redact(scrub_line(value))
    return found


def parse_timespan(text: str) -> float | None:
    """Seconds of systemd's `1min 30s`; None for `infinity` and what is not a span."""
    if text in _UNSET:
        return None
    if text == "0":
        return 0.0
    total = 0.0
    for part in text.split():
        found = _SPAN.match(part)
        if found is None:
            return None
        total += float(found[1]) * _SPANS[found[2]]
    return total


def parse_unit(name: str, shown: dict[str, str], booted_at: float | None = None) -> UnitFacts:
    """The facts of a unit from what `show` printed; what is missing stays unknown.

    `booted_at` (Unix seconds, the host's clock) dates it where systemd is too old to print
    times for machines: before 251 they are text in the host's own time zone.
    """
    active = shown.get("ActiveState", "")
    # Since when it is as it is: of an active unit, since it became active, not since a reload.
    stamps = ("ActiveEnterTimestamp", "StateChangeTimestamp")
    first, second = stamps if active == "active" else stamps[::-1]
    since = _since(shown, first, booted_at) or _since(shown, second, booted_at)
    return UnitFacts(
        name=name,
        load_state=shown.get("LoadState", ""),
        active_state=active,
        sub_state=shown.get("SubState", ""),
        result=shown.get("Result", ""),
        main_pid=_positive(shown.get("MainPID", "")),
        control_pid=_positive(shown.get("ControlPID", "")),
        restarts=_number(shown.get("NRestarts", "")),
        job="" if shown.get("Job", "") in ("", "0") else shown["Job"],
        invocation_id=shown.get("InvocationID", ""),
        since=since,
        since_monotonic_us=_number(shown.get("ActiveEnterTimestampMonotonic", "")),
        exec_code=_number(shown.get("ExecMainCode", "")),
        exec_status=_number(shown.get("ExecMainStatus", "")),
        type=shown.get("Type", ""),
        timeout_start_s=parse_timespan(shown.get("TimeoutStartUSec", "")),
        timeout_stop_s=parse_timespan(shown.get("TimeoutStopUSec", "")),
        restart_s=parse_timespan(shown.get("RestartUSec", "")),
        user=shown.get("User", ""),
        working_directory=shown.get("WorkingDirectory", ""),
        fragment_path=shown.get("FragmentPath", ""),
        need_daemon_reload=shown.get("NeedDaemonReload") == "yes",
        memory_bytes=_number(shown.get("MemoryCurrent", "")),
        cpu_ns=_number(shown.get("CPUUsageNSec", "")),
        tasks=_number(shown.get("TasksCurrent", "")),
    )


def _number(text: str) -> int | None:
    # A bound on the digits: int() of a very long number is slow, and refused past 4,300.
    if text in _UNSET or not text.isascii() or not text.isdigit() or len(text) > 20:
        return None
    return int(text)


def _positive(text: str) -> int | None:
    return _number(text) or None


def _since(shown: dict[str, str], key: str, booted_at: float | None) -> float | None:
    stamp = _stamp(shown.get(key, ""))
    if stamp is not None or booted_at is None:
        return stamp
    after_us = _positive(shown.get(f"{key}Monotonic", ""))
    return None if after_us is None else booted_at + after_us / 1e6


def _stamp(text: str) -> float | None:
    """Seconds of `@1795388674` (`--timestamp=unix`); None when never, or printed for people."""
    whole, _, fraction = text.removeprefix("@").partition(".")
    if not text.startswith("@") or not _number(whole):
        return None
    if fraction and not (fraction.isascii() and fraction.isdigit()):
        return None
    at = float(f"{whole}.{fraction or '0'}")
    return at if at < LATEST else None

"""Every fact of a host as labelled lines, for its details. Pure."""

from __future__ import annotations

from tui.model.host import HostSnapshot, HostView
from tui.model.notice import ended_words
from tui.model.words import duration, size, stamp

Section = tuple[str, tuple[tuple[str, str], ...]]
"""A heading and its (label, text) lines."""


def fact_sections(view: HostView, now: float) -> tuple[Section, ...]:
    """Link, unit, release and machine, each fact with its unit; what is not known says so."""
    sections: list[Section] = [("link", _link(view, now))]
    if view.snapshot is not None:
        snapshot = view.snapshot
        sections += [
            (f"unit, read {duration(now - snapshot.taken_at)} ago", _unit(snapshot, now)),
            ("release", _release(snapshot)),
            ("machine", _machine(snapshot, now)),
        ]
    return tuple(sections)


def _link(view: HostView, now: float) -> tuple[tuple[str, str], ...]:
    link = view.link
    lines = [("state", str(link.state)), ("since", f"{duration(now - link.since)} ago")]
    if link.heard_at is not None:
        lines.append(("last heard", f"{duration(now - link.heard_at)} ago"))
    if link.detail:
        lines.append(("detail", link.detail))
    if link.fingerprint:
        lines.append(("host key", link.fingerprint))
    if link.identity:
        lines.append(("identity", link.identity))
    return tuple(lines)


def _unit(snapshot: HostSnapshot, now: float) -> tuple[tuple[str, str], ...]:
    unit = snapshot.unit
    return (
        ("unit", unit.name),
        ("state", f"{unit.word} ({unit.load_state}, {unit.active_state}, {unit.sub_state})"),
        ("since", f"{stamp(unit.since)}, {duration(snapshot.lasted_s(now) or 0.0)}"
         if unit.since else "–"),
        ("result", f"{unit.result or '–'}; main process: {ended_words(unit)}"
         if unit.exec_code else unit.result or "–"),
        ("main PID", str(unit.main_pid or "–")),
        ("restarts", f"{_or_dash(unit.restarts)} by systemd since it was started by hand"),
        ("job", unit.job or "none"),
        ("invocation", unit.invocation_id or "–"),
        ("limits", f"start {_span(unit.timeout_start_s)}, stop {_span(unit.timeout_stop_s)}"),
        ("user", unit.user or "root"),
        ("folder", unit.working_directory or "–"),
        ("unit file", unit.fragment_path or "–"),
        ("daemon-reload", "wanted: the file changed" if unit.need_daemon_reload else "not needed"),
        ("memory", size(unit.memory_bytes) if unit.memory_bytes is not None else "not counted"),
        ("tasks", _or_dash(unit.tasks)),
    )  # fmt: skip


def _release(snapshot: HostSnapshot) -> tuple[tuple[str, str], ...]:
    release = snapshot.release
    return (
        ("folder", release.root),
        ("built by", str(release.flavour)),
        ("runs", f"{release.runs or 'not known'}"
         + (f" (by {release.runs_by})" if release.runs_by else "")),
        ("boots next", f"{release.boots or 'not known'}"
         + (f" on ERTS {release.boots_erts}" if release.boots_erts else "")),
        ("on disk", ", ".join(release.versions) or "none seen"),
        ("node", release.node or "not known"),
        ("problem", snapshot.problem or "none"),
    )  # fmt: skip


def _machine(snapshot: HostSnapshot, now: float) -> tuple[tuple[str, str], ...]:
    machine = snapshot.machine
    free, total = machine.disk_free, machine.disk_total
    available, memory = machine.memory_available, machine.memory_total
    persistent = {True: "persistent", False: "volatile: a reboot loses it", None: "not known"}
    return (
        ("load", f"{_or_dash(machine.load_1m)} on {_or_dash(machine.cpus)} processors"),
        ("memory", f"{size(available)} of {size(memory)} available"
         if available is not None and memory else "–"),
        ("disk", f"{size(free)} of {size(total)} free" if free is not None and total else "–"),
        ("up", f"{duration(machine.uptime_s)}, since {stamp(machine.booted_at)}"
         if machine.uptime_s is not None and machine.booted_at is not None else "–"),
        ("boot id", machine.boot_id or "–"),
        ("clock", f"{machine.skew_s:+.2f} s beside ours, ± {snapshot.rtt_s / 2:.2f} s"
         if machine.skew_s is not None else "–"),
        ("round trip", f"{snapshot.rtt_s * 1000:.0f} ms for the whole probe"),
        ("journal", persistent[machine.journal_persistent]),
        ("systemd", _or_dash(machine.systemd_version)),
    )  # fmt: skip


def _or_dash(value: float | None) -> str:
    return "–" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _span(seconds: float | None) -> str:
    return "no limit" if seconds is None else duration(seconds)

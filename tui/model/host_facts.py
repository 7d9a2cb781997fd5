"""Every fact of a host as labelled lines, for its details. Pure."""

from __future__ import annotations

from tui.model.fleet import Flavour
from tui.model.host import HostSnapshot, HostView, MachineFacts
from tui.model.notice import ended_words
from tui.model.release import ReleaseFacts
from tui.model.words import duration, size, stamp

Section = tuple[str, tuple[tuple[str, str], ...]]
"""A heading and its (label, text) lines."""


def fact_sections(view: HostView, now: float) -> tuple[Section, ...]:
    """Link, unit, release and machine, each fact with its unit and each section with its age;
    what is not known says so."""
    sections: list[Section] = [("link, now", _link(view, now))]
    if view.snapshot is not None:
        snapshot = view.snapshot
        age = f"read {duration(now - snapshot.taken_at)} ago"
        sections += [
            (f"unit, {age}", _unit(snapshot, now)),
            (f"release, {age}", _release(snapshot, now)),
            (f"machine, {age}", _machine(snapshot, now)),
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
    if link.expected_fingerprint and link.expected_fingerprint != link.fingerprint:
        lines.append(("key expected", link.expected_fingerprint))
    if link.identity:
        lines.append(("identity", link.identity))
    if link.retry_at is not None and link.retry_at > now:
        lines.append(
            ("next try", f"in {duration(link.retry_at - now)}, attempt {link.attempt + 1}")
        )
    if view.trouble:
        lines.append(("last probe", view.trouble))
    return tuple(lines)


def _unit(snapshot: HostSnapshot, now: float) -> tuple[tuple[str, str], ...]:
    unit = snapshot.unit
    ended = f"{unit.result or '–'}; main process: {ended_words(unit)}"
    memory = size(unit.memory_bytes) if unit.memory_bytes is not None else "not counted"
    return (
        ("unit", f"{unit.name}{f' ({unit.type})' if unit.type else ''}"),
        ("state", f"{unit.word} ({_joined(unit.load_state, unit.active_state, unit.sub_state)})"),
        ("since", _since(snapshot, now)),
        ("result", ended if unit.exec_code else unit.result or "–"),
        ("main PID", str(unit.main_pid or "–")),
        ("control PID", str(unit.control_pid or "–")),
        ("restarts", f"{_or_dash(unit.restarts)} by systemd since it was started by hand"),
        ("job", unit.job or "none"),
        ("invocation", unit.invocation_id or "–"),
        ("limits", f"start {_span(unit.timeout_start_s)}, stop {_span(unit.timeout_stop_s)}, "
                   f"restart after {_pause(unit.restart_s)}"),
        ("user", unit.user or "root"),
        ("folder", unit.working_directory or "–"),
        ("unit file", unit.fragment_path or "–"),
        ("daemon-reload", "wanted: the file changed" if unit.need_daemon_reload else "not needed"),
        ("memory", memory),
        ("CPU time", duration(unit.cpu_ns / 1e9) if unit.cpu_ns is not None else "not counted"),
        ("tasks", _or_dash(unit.tasks)),
    )  # fmt: skip


def _since(snapshot: HostSnapshot, now: float) -> str:
    since, lasted = snapshot.unit.since, snapshot.lasted_s(now)
    if since is None or lasted is None:
        return "–"
    return f"{stamp(since)} by its clock, for {duration(lasted)}"


def _release(snapshot: HostSnapshot, now: float) -> tuple[tuple[str, str], ...]:
    release = snapshot.release
    return (
        ("folder", release.root),
        ("built by", "not known" if release.flavour is Flavour.AUTO else str(release.flavour)),
        ("runs", _version(release.runs, release.unusable_at("runs"))
         + (f" (by {release.runs_by})" if release.runs_by else "")),
        ("boots next", _version(release.boots, release.unusable_at("boots"))
         + (f" on ERTS {release.boots_erts}" if release.boots_erts else "")),
        ("on disk", ", ".join(_on_disk(release)) or "none seen"),
        ("last seen up", release.ran or "not since this console was started"),
        ("since start", f"changed: {', '.join(release.changed)}" if release.changed
         else "vm.args, sys.config, runtime.exs, env.sh as they were"),
        ("node", release.node or "not known"),
        ("its word", _node(snapshot, now)),
        ("problem", snapshot.problem or "none"),
    )  # fmt: skip


def _node(snapshot: HostSnapshot, now: float) -> str:
    said = snapshot.node
    if said is None:
        return "not asked"
    return f"{said.words(snapshot.app)} (asked {duration(now - said.asked_at)} ago)"


def _version(version: str | None, unusable: str) -> str:
    return version or (f"{unusable} (no name that commands are made of)" if unusable else "–")


def _on_disk(release: ReleaseFacts) -> list[str]:
    odd = [f"{name} ✗" for where, name in release.unusable if where == "on disk"]
    return [*release.versions, *odd]


def _machine(snapshot: HostSnapshot, now: float) -> tuple[tuple[str, str], ...]:
    machine = snapshot.machine
    free, total = machine.disk_free, machine.disk_total
    available, memory = machine.memory_available, machine.memory_total
    slow = f", read {duration(now - machine.slow_at)} ago" if machine.slow_at is not None else ""
    cpus = f"{machine.cpus} processors{slow}" if machine.cpus is not None else "processors unknown"
    version = machine.systemd_version
    return (
        ("load", f"{_or_dash(machine.load_1m)} ({cpus})"),
        ("memory", f"{size(available)} of {size(memory)} available"
         if available is not None and memory else "–"),
        ("disk", f"{size(free)} of {size(total)} free under the release's folder"
         if free is not None and total else "–"),
        ("up", f"{duration(machine.uptime_s)}, since {stamp(machine.booted_at)} by its clock"
         if machine.uptime_s is not None and machine.booted_at is not None else "–"),
        ("boot id", machine.boot_id or "–"),
        ("clock", f"{machine.skew_s:+.2f} s beside ours, ± {snapshot.rtt_s / 2:.2f} s"
         if machine.skew_s is not None else "–"),
        ("round trip", f"{snapshot.rtt_s * 1000:.0f} ms for the whole probe"),
        ("journal", _journal(machine)),
        ("systemd", f"{version}{slow}" if version is not None else "–"),
    )  # fmt: skip


def _journal(machine: MachineFacts) -> str:
    if machine.journal_persistent is None:
        return "not known"
    kept = "persistent" if machine.journal_persistent else "volatile: a reboot loses it"
    may = {True: "; this user may read its files", False: "; this user may not read its files"}
    return kept + (may[machine.journal_readable] if machine.journal_readable is not None else "")


def _joined(*words: str) -> str:
    return ", ".join(word for word in words if word) or "nothing said"


def _pause(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds:g}s"


def _or_dash(value: float | None) -> str:
    return "–" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _span(seconds: float | None) -> str:
    return "no limit" if seconds is None else duration(seconds)

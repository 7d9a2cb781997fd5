"""A fleet's state as plain values and lines, for `beamdeck status`. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from tui.model.drift import odd_ones
from tui.model.fleet import App, Environment
from tui.model.host import HostView
from tui.model.notice import Notice, notices
from tui.model.pending import Pending, pending_notices
from tui.model.words import counted, duration


def status_json(
    environment: Environment,
    app: App,
    views: Sequence[HostView],
    now: float,
    left_out: Sequence[Pending] = (),
) -> dict[str, object]:
    """Every fact of the hosts screen as JSON values; times are Unix seconds, sizes bytes."""
    odd = odd_ones(views)
    return {
        "environment": environment.name,
        "production": environment.production,
        "app": app.name,
        "unit": app.service,
        "at": now,
        "hosts": [_host_json(view, odd.get(view.host, ()), now) for view in views],
        "notices": [
            {"host": n.host, "severity": n.severity.name.lower(), "text": n.headline,
             "lines": list(n.lines)}
            for n in _noticed(views, now, left_out)
        ],
    }  # fmt: skip


def _noticed(
    views: Sequence[HostView], now: float, left_out: Sequence[Pending]
) -> tuple[Notice, ...]:
    return (*notices(views, now), *pending_notices(left_out, views, now))


def _host_json(view: HostView, odd: tuple[str, ...], now: float) -> dict[str, object]:
    told: dict[str, object] = {
        "host": view.host,
        "link": str(view.link.state),
        "link_detail": view.link.detail,
        "trouble": view.trouble,
        "fresh": view.fresh(now),
        "fingerprint": view.link.fingerprint,
        "odd": list(odd),
    }
    snapshot = view.snapshot
    if snapshot is not None:
        told |= {
            "state": str(snapshot.unit.word),
            "taken_at": snapshot.taken_at,
            "age_s": view.age_s(now),
            "rtt_s": snapshot.rtt_s,
            "problem": snapshot.problem,
            "unit": asdict(snapshot.unit),
            "release": asdict(snapshot.release),
            "machine": asdict(snapshot.machine),
        }
    return told


def status_lines(
    environment: Environment,
    app: App,
    views: Sequence[HostView],
    now: float,
    left_out: Sequence[Pending] = (),
) -> list[str]:
    """The same for people: a line a host, then what was noticed."""
    width = max([len(view.host) for view in views], default=4)
    lines = [f"{environment.name}  {app.name}  {counted(len(views), 'host')}"]
    for view in views:
        lines.append(f"{view.host:<{width}}  {_host_words(view, now)}")
    for notice in _noticed(views, now, left_out):
        lines += ["", f"{notice.host}  {notice.headline}"]
        lines += [f"{'':<{len(notice.host)}}  {line}" for line in notice.lines]
    return lines


def _host_words(view: HostView, now: float) -> str:
    snapshot = view.snapshot
    if snapshot is None:
        return f"{view.link.state}  {view.trouble or view.link.detail}".rstrip()
    unit, release, machine = snapshot.unit, snapshot.release, snapshot.machine
    lasted = snapshot.lasted_s(now)
    since = "-" if lasted is None else duration(lasted)
    runs, boots = release.runs or "?", release.boots or "?"
    restarts = unit.restarts if unit.restarts is not None else "?"
    load = "?" if machine.load_1m is None else f"{machine.load_1m:.1f}"
    used = machine.disk_used_percent
    age = duration(view.age_s(now) or 0.0)
    old = "" if view.fresh(now) else f"{view.link.state}, read {age} ago: "
    words = [
        f"{old}{unit.word:<10}  since {since:<8}  restarts {restarts}",
        f"runs {runs}  boots {boots}",
        f"load {load}  disk {'?' if used is None else f'{used}%'}",
    ]
    if release.restart_changes:
        words.append("restart changes it")
    return "  ".join(words)

"""Hosts that a plan left out by name and that nothing has brought up to it since. Pure.

Records in, values out. A record may come from a host; what is read of it is only text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tui.model.host import HostSnapshot, HostView
from tui.model.notice import Notice, Severity
from tui.model.operation import text_of
from tui.model.plan import Facts
from tui.model.unit import UnitWord
from tui.model.words import duration

COVERS: Mapping[str, frozenset[str]] = {
    "deploy": frozenset({"deploy", "rollback", "restart"}),
    "rollback": frozenset({"deploy", "rollback", "restart"}),
    "restart": frozenset({"restart"}),
    "start": frozenset({"start", "stop"}),
    "stop": frozenset({"start", "stop"}),
    "daemon_reload": frozenset({"daemon_reload"}),
}
"""Kind of plan that was carried out -> the kinds that are no longer pending on its hosts.

Only these can be pending: a plan of another kind is for one host, or says itself what is left.
"""


@dataclass(frozen=True, slots=True)
class EndedPlan:
    """A plan that was carried out to its end: on which hosts, and which it left out."""

    op: str
    kind: str
    title: str
    at: float
    hosts: tuple[str, ...]
    left_out: tuple[str, ...]
    params: Facts


@dataclass(frozen=True, slots=True)
class Pending:
    """What a host was left out of, when (Unix seconds), and what a plan that finishes it asks."""

    host: str
    kind: str
    title: str
    at: float
    params: Facts

    @property
    def version(self) -> str:
        """The release version that the others got; empty for plans that change none."""
        return dict(self.params).get("version", "")


def ended_plan(
    op: str, records: Sequence[Mapping[str, object]], environment: str, app: str
) -> EndedPlan | None:
    """The plan that these records (the first is its plan's) tell of, if it came to a good end.

    None for another app's, for one that did not end well, and for a kind that leaves none out.
    """
    if not records or records[-1].get("event") != "end" or records[-1].get("ok") is not True:
        return None
    plan = records[0]
    kind = text_of(plan.get("kind"))
    mine = (text_of(plan.get("environment")), text_of(plan.get("app"))) == (environment, app)
    steps, left_out = plan.get("steps"), plan.get("left_out")
    params, at = plan.get("params"), plan.get("at")
    if not mine or kind not in COVERS or not isinstance(steps, list):
        return None
    return EndedPlan(
        op,
        kind,
        text_of(plan.get("title")),
        float(at) if isinstance(at, int | float) else 0.0,
        tuple(dict.fromkeys(text_of(s.get("host")) for s in steps if isinstance(s, dict))),
        tuple(map(text_of, left_out)) if isinstance(left_out, list) else (),
        tuple((str(k), text_of(v)) for k, v in params.items()) if isinstance(params, dict) else (),
    )


def pending_of(ended: Iterable[EndedPlan], hosts: Sequence[str]) -> tuple[Pending, ...]:
    """What is pending on which of `hosts`, the newest of each host, after all of these."""
    left: dict[str, Pending] = {}
    for plan in sorted(ended, key=lambda plan: (plan.at, plan.op)):
        for host in plan.hosts:
            if host in left and left[host].kind in COVERS[plan.kind]:
                del left[host]
        for host in plan.left_out:
            if host in hosts:
                left[host] = Pending(host, plan.kind, plan.title, plan.at, _for(host, plan.params))
    return tuple(left[host] for host in hosts if host in left)


def _for(host: str, params: Facts) -> Facts:
    kept = tuple((name, value) for name, value in params if name not in ("hosts", "without"))
    return (*kept, ("hosts", host))


def came_up(pending: Pending, snapshot: HostSnapshot, now: float) -> bool:
    """Whether the host is by now as the plan would have left it, whoever did it."""
    release = snapshot.release
    if pending.version:
        return pending.version == release.boots and release.runs in (None, pending.version)
    running, lasted = snapshot.unit.word is UnitWord.RUNNING, snapshot.lasted_s(now)
    match pending.kind:
        case "restart":
            return running and lasted is not None and now - lasted > pending.at
        case "start":
            return running
        case "stop":
            return snapshot.unit.word is UnitWord.STOPPED
        case "daemon_reload":
            return not snapshot.unit.need_daemon_reload
        case _:
            return False


def pending_notices(
    found: Sequence[Pending], views: Sequence[HostView], now: float
) -> tuple[Notice, ...]:
    """A notice for each that is still pending; with a key to finish it once the host is there."""
    seen = {view.host: view for view in views}
    told = []
    for pending in found:
        view = seen.get(pending.host)
        if view is None:
            continue
        there = view.snapshot is not None and view.fresh(now)
        if there and view.snapshot is not None and came_up(pending, view.snapshot, now):
            continue
        lines = [f"{duration(max(0.0, now - pending.at))} ago"]
        if view.snapshot is not None and pending.version and view.snapshot.release.boots:
            lines[0] += f"; it would still boot {view.snapshot.release.boots}"
        headline = f"was left out of: {pending.title}"
        keys: tuple[tuple[str, str], ...] = ()
        if there:
            headline = f"is back and {headline}"
            keys = (("finish", "a plan to finish it"),)
        told.append(Notice(Severity.DRIFT, pending.host, headline, tuple(lines), keys))
    return tuple(told)

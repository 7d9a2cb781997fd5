"""What the console noticed about the hosts, worst first, each with what can be done. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from tui.model.drift import skewed
from tui.model.host import HostSnapshot, HostView, Link, LinkState
from tui.model.unit import UnitFacts, UnitWord
from tui.model.words import counted, duration

DISK_LOW_PERCENT = 90


class Severity(IntEnum):
    """How bad; smaller is worse."""

    FAILING = 0
    SHUT_OUT = 1
    STALE = 2
    DRIFT = 3
    HINT = 4


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing noticed about a host: a headline, lines below it, and keys that help."""

    severity: Severity
    host: str
    headline: str
    lines: tuple[str, ...] = ()
    keys: tuple[tuple[str, str], ...] = ()


def notices(views: Sequence[HostView], now: float) -> tuple[Notice, ...]:
    """Everything worth saying about the hosts at `now`; empty when all is well."""
    found: list[Notice] = []
    for view in views:
        found += _of_link(view, now)
        silent = view.silent_s(now)
        if silent is not None:
            text = f"is connected but has answered no probe for {duration(silent)}"
            line = "what is shown of it is as old; a disk or systemd there may hang"
            found.append(Notice(Severity.STALE, view.host, text, (line,)))
        elif view.snapshot is not None and view.fresh(now):
            found += _of_snapshot(view.snapshot, now)
    return tuple(sorted(found, key=lambda notice: notice.severity))


_LINK_SAYS = {
    LinkState.UNKNOWN_KEY: ("its key has never been seen", (("t", "look at its fingerprint"),)),
    LinkState.CHANGED_KEY: ("its key is not the one known: not connected", (("t", "both keys"),)),
    LinkState.LOCKED_IDENTITY: ("the identity has a passphrase", (("t", "unlock it"),)),
    LinkState.AUTH_FAILED: ("it does not let us in", (("c", "connect again"),)),
    LinkState.UNREACHABLE: ("cannot be reached", (("c", "connect now"),)),
    LinkState.NO_ADDRESS: ("has no address that resolves", (("c", "connect again"),)),
    LinkState.LOST: ("link lost", (("c", "connect now"),)),
    LinkState.TOUCH_KEY: ("waits for a touch of your security key", ()),
}


def _of_link(view: HostView, now: float) -> list[Notice]:
    link = view.link
    said = _LINK_SAYS.get(link.state)
    if said is None:
        if link.state is LinkState.STALE:
            return [Notice(Severity.STALE, view.host, f"stale: {_heard(link, now)}")]
        return []
    away = link.state in (LinkState.LOST, LinkState.UNREACHABLE)
    severity = Severity.STALE if away else Severity.SHUT_OUT
    lines = [link.detail] if link.detail else []
    if link.retry_at is not None and link.retry_at > now:
        lines.append(f"next try in {duration(link.retry_at - now)}, attempt {link.attempt + 1}")
    if view.snapshot is not None:
        lines.append(f"what is shown of it is {duration(now - view.snapshot.taken_at)} old")
    return [Notice(severity, view.host, said[0], tuple(lines), said[1])]


def _heard(link: Link, now: float) -> str:
    if link.heard_at is None:
        return "nothing was heard of it"
    return f"nothing was heard for {duration(now - link.heard_at)}"


def _of_snapshot(snapshot: HostSnapshot, now: float) -> list[Notice]:
    found: list[Notice] = []
    unit, release, host = snapshot.unit, snapshot.release, snapshot.host
    failing = _failing(snapshot, now)
    if failing is not None:
        found.append(failing)
    if release.restart_changes:
        text = f"runs {release.runs} but would boot {release.boots}"
        line = "deployed or switched, not restarted since"
        found.append(Notice(Severity.DRIFT, host, text, (line,), (("R", "restart"),)))
    if skewed(snapshot):
        skew = snapshot.machine.skew_s or 0.0
        way = "ahead of" if skew > 0 else "behind"
        text = f"its clock is {duration(abs(skew))} {way} this machine's"
        found.append(Notice(Severity.DRIFT, host, text, ("times in its journal are its own",)))
    used = snapshot.machine.disk_used_percent
    if used is not None and used >= DISK_LOW_PERCENT:
        found.append(Notice(Severity.HINT, host, f"the disk under {release.root} is {used}% full"))
    if unit.need_daemon_reload:
        text = "the unit file changed on disk: systemd wants a daemon-reload"
        found.append(Notice(Severity.HINT, host, text))
    if snapshot.machine.journal_persistent is False:
        text = "its journal is volatile: a reboot loses it"
        found.append(Notice(Severity.HINT, host, text))
    if snapshot.problem:
        found.append(Notice(Severity.HINT, host, snapshot.problem))
    return found


def _failing(snapshot: HostSnapshot, now: float) -> Notice | None:
    unit, host = snapshot.unit, snapshot.host
    keys = (("3", "its journal"), ("R", "restart"))
    lasted = snapshot.lasted_s(now)
    match unit.word:
        case UnitWord.LOOPING:
            times = counted(unit.restarts or 0, "restart")
            limit = unit.active_state == "failed"
            end = "start limit hit: systemd gave up" if limit else "systemd starts it again"
            lines = (f"{times} by systemd; {end}; {ended_words(unit)}",)
            return Notice(Severity.FAILING, host, "dies and is started again", lines, keys)
        case UnitWord.FAILED:
            since = f", {duration(lasted)} ago" if lasted is not None else ""
            text = f"failed{since}: {ended_words(unit)}"
            return Notice(Severity.FAILING, host, text, (), keys)
        case UnitWord.STOPPED:
            since = f" for {duration(lasted)}" if lasted is not None else ""
            text = f"is stopped{since}"
            return Notice(Severity.FAILING, host, text, (), keys)
        case UnitWord.NOT_FOUND:
            text = f"systemd knows no {unit.name} here"
            return Notice(Severity.FAILING, host, text, ("check `unit` in the config",))
        case _:
            return None


def ended_words(unit: UnitFacts) -> str:
    """How the main process ended last, from Result and ExecMain*: `exit status 1`, `SIGKILL`."""
    if unit.exec_code == 1:
        return f"exit status {unit.exec_status}"
    if unit.exec_code in (2, 3):
        return f"killed by signal {unit.exec_status}"
    return f"result {unit.result or 'unknown'}"

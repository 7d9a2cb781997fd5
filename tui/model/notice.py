"""What the console noticed about the hosts, worst first, each with what can be done. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from tui.model.drift import Usual, own_skew_s, skewed, usual
from tui.model.host import HostSnapshot, HostView, Link, LinkState
from tui.model.unit import UnitFacts, UnitWord
from tui.model.words import counted, duration, size

DISK_LOW_PERCENT = 90
MEMORY_LOW = 0.05
HERE = "this machine"
"""Stands for a host in a notice about the console's own machine."""


class Severity(IntEnum):
    """How bad; smaller is worse."""

    FAILING = 0
    SHUT_OUT = 1
    STALE = 2
    DRIFT = 3
    HINT = 4


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing noticed about a host: a headline, lines below it, and keys that help.

    `keys` are (key's id in the table of keys, what it does here). `others` are further hosts of
    which the same is to be said.
    """

    severity: Severity
    host: str
    headline: str
    lines: tuple[str, ...] = ()
    keys: tuple[tuple[str, str], ...] = ()
    others: tuple[str, ...] = ()


def notices(views: Sequence[HostView], now: float) -> tuple[Notice, ...]:
    """Everything worth saying about the hosts at `now`, a notice a host; empty if all is well."""
    found: list[Notice] = []
    most, ours = usual(views), own_skew_s(views)
    if ours is not None:
        way = "ahead of" if ours > 0 else "behind"
        text = f"its clock is {duration(abs(ours))} {way} that of every host"
        found.append(Notice(Severity.DRIFT, HERE, text, ("ages and `since` are off by that",)))
    for view in views:
        found += _of_link(view, now)
        if view.snapshot is not None and view.fresh(now):
            found += _of_snapshot(view.snapshot, most, now, judge_clock=ours is None)
    return tuple(sorted(found, key=lambda notice: notice.severity))


def grouped(found: Sequence[Notice]) -> tuple[Notice, ...]:
    """The same with one notice where the same is said of several hosts.

    Of lines that differ from host to host (ages, next tries) only those remain that all share.
    """
    groups: dict[tuple[object, ...], list[Notice]] = {}
    for notice in found:
        groups.setdefault((notice.severity, notice.headline, notice.keys), []).append(notice)
    return tuple(_as_one(same) for same in groups.values())


def _as_one(same: Sequence[Notice]) -> Notice:
    shared = set(same[0].lines).intersection(*(notice.lines for notice in same))
    lines = tuple(line for line in same[0].lines if line in shared)
    return replace(same[0], lines=lines, others=tuple(notice.host for notice in same[1:]))


_LINK_SAYS = {
    LinkState.UNKNOWN_KEY: ("its key has never been seen", (("trust", "look at its fingerprint"),)),
    LinkState.CHANGED_KEY: (
        "its key is not the one known: not connected",
        (("trust", "both keys"),),
    ),
    LinkState.LOCKED_IDENTITY: ("the identity has a passphrase", (("trust", "unlock it"),)),
    LinkState.AUTH_FAILED: ("it does not let us in", (("reconnect", "connect again"),)),
    LinkState.UNREACHABLE: ("cannot be reached", (("reconnect", "connect now"),)),
    LinkState.NO_ADDRESS: ("has no address that resolves", (("reconnect", "connect again"),)),
    LinkState.LOST: ("link lost", (("reconnect", "connect now"),)),
    LinkState.TOUCH_KEY: ("waits for a touch of your security key", ()),
}


def _of_link(view: HostView, now: float) -> list[Notice]:
    link = view.link
    said = _LINK_SAYS.get(link.state)
    if said is None:
        if link.state is LinkState.STALE:
            return [Notice(Severity.STALE, view.host, f"stale: {_heard(link, now)}")]
        return _of_trouble(view, now) if link.usable else []
    away = link.state in (LinkState.LOST, LinkState.UNREACHABLE)
    severity = Severity.STALE if away else Severity.SHUT_OUT
    lines = [link.detail] if link.detail else []
    if link.retry_at is not None and link.retry_at > now:
        lines.append(f"next try in {duration(link.retry_at - now)}, attempt {link.attempt + 1}")
    lines += _age_line(view, now)
    return [Notice(severity, view.host, said[0], tuple(lines), said[1])]


def _of_trouble(view: HostView, now: float) -> list[Notice]:
    """A link that is up, and a host that does not answer what it is asked."""
    silent = view.silent_s(now)
    if silent is not None:
        text = f"is connected but has answered no probe for {duration(silent)}"
        why = view.trouble or "a disk or systemd there may hang"
        return [Notice(Severity.STALE, view.host, text, (why, *_age_line(view, now)))]
    return [Notice(Severity.STALE, view.host, view.trouble)] if view.trouble else []


def _age_line(view: HostView, now: float) -> list[str]:
    age = view.age_s(now)
    return [] if age is None else [f"what is shown of it is {duration(age)} old"]


def _heard(link: Link, now: float) -> str:
    if link.heard_at is None:
        return "nothing was heard of it"
    return f"nothing was heard for {duration(now - link.heard_at)}"


def _of_snapshot(
    snapshot: HostSnapshot, most: Usual, now: float, *, judge_clock: bool
) -> list[Notice]:
    found: list[Notice] = []
    failing = _failing(snapshot, now)
    if failing is not None:
        found.append(failing)
    found += _of_node(snapshot, now)
    found += _of_release(snapshot, most)
    if judge_clock and skewed(snapshot):
        skew = snapshot.machine.skew_s or 0.0
        way = "ahead of" if skew > 0 else "behind"
        text = f"its clock is {duration(abs(skew))} {way} this machine's"
        found.append(
            Notice(Severity.DRIFT, snapshot.host, text, ("times in its journal are its own",))
        )
    return [*found, *_hints(snapshot)]


def _of_release(snapshot: HostSnapshot, most: Usual) -> list[Notice]:
    release, host = snapshot.release, snapshot.host
    found: list[Notice] = []
    restart = (("restart", "restart"),)
    if release.restart_changes:
        text = f"runs {release.runs} but would boot {release.boots}"
        line = "deployed or switched, not restarted since"
        found.append(Notice(Severity.DRIFT, host, text, (line,), restart))
    elif release.runs and most.version and release.runs != most.version:
        text = f"runs {release.runs}, most of the others {most.version}"
        found.append(Notice(Severity.DRIFT, host, text))
    elif release.runs is None and release.boots and most.boots not in (None, release.boots):
        text = f"would boot {release.boots}, most of the others {most.boots}"
        found.append(Notice(Severity.DRIFT, host, text))
    if release.changed and not release.restart_changes:
        text = f"needs a restart: {', '.join(release.changed)} changed since it was started"
        found.append(Notice(Severity.DRIFT, host, text, (), restart))
    for where, name in release.unusable[:1]:
        text = f"{where}: a release version whose name cannot be used: {name}"
        found.append(Notice(Severity.DRIFT, host, text, ("no command is ever made of it",)))
    return found


def _of_node(snapshot: HostSnapshot, now: float) -> list[Notice]:
    """A node that was asked and is not ready: the process is up, the app may not be."""
    said = snapshot.node
    if said is None or said.ready:
        return []
    lines = (f"asked {duration(now - said.asked_at)} ago",)
    keys = (("ask_node", "ask again"), ("journal", "the journal"))
    return [Notice(Severity.STALE, snapshot.host, f"its node: {said.words(snapshot.app)}", lines,
                   keys)]  # fmt: skip


def _hints(snapshot: HostSnapshot) -> list[Notice]:
    machine, said = snapshot.machine, list[str]()
    used = machine.disk_used_percent
    if used is not None and used >= DISK_LOW_PERCENT:
        said.append(f"the disk under {snapshot.release.root} is {used}% full")
    available, total = machine.memory_available, machine.memory_total
    if available is not None and total and available < total * MEMORY_LOW:
        said.append(f"only {size(available)} of {size(total)} memory are left")
    if snapshot.unit.need_daemon_reload:
        said.append("the unit file changed on disk: systemd wants a daemon-reload")
    if machine.journal_persistent is False:
        said.append("its journal is volatile: a reboot loses it")
    if snapshot.problem:
        said.append(snapshot.problem)
    return [Notice(Severity.HINT, snapshot.host, text) for text in said]


def _failing(snapshot: HostSnapshot, now: float) -> Notice | None:
    unit, host = snapshot.unit, snapshot.host
    keys = (("journal", "the journal"), ("restart", "restart"))
    lasted = snapshot.lasted_s(now)
    since = "" if lasted is None else duration(lasted)
    match unit.word:
        case UnitWord.LOOPING:
            lines = [_loop_line(unit)]
            if snapshot.release.ran:
                lines.append(f"last release that was seen running: {snapshot.release.ran}")
            headline = "dies and is started again"
            return Notice(Severity.FAILING, host, headline, tuple(lines), keys)
        case UnitWord.FAILED:
            text = f"failed{f', {since} ago' if since else ''}: {ended_words(unit)}"
            return Notice(Severity.FAILING, host, text, (), keys)
        case UnitWord.STOPPED:
            text = f"is stopped{f' for {since}' if since else ''}"
            return Notice(Severity.FAILING, host, text, (), keys)
        case UnitWord.NOT_FOUND:
            text = f"systemd knows no {unit.name} here"
            return Notice(Severity.FAILING, host, text, ("check `unit` in the config",))
        case _:
            return None


def _loop_line(unit: UnitFacts) -> str:
    times = counted(unit.restarts or 0, "restart")
    if unit.active_state != "failed":
        end = "systemd starts it again"
    elif unit.result == "start-limit-hit":
        end = "start limit hit: systemd gave up"
    else:
        # 252 leaves Result as the last death's when the limit is hit: both look like this.
        end = "systemd gave up"
    return f"{times} by systemd; {end}; {ended_words(unit)}"


def ended_words(unit: UnitFacts) -> str:
    """How the main process ended last, from Result and ExecMain*: `exit status 1`, `SIGKILL`."""
    if unit.exec_code == 1:
        return f"exit status {unit.exec_status}"
    if unit.exec_code in (2, 3):
        name = _SIGNALS.get(unit.exec_status or 0, f"signal {unit.exec_status}")
        return f"killed by {name}" + (", core dumped" if unit.exec_code == 3 else "")
    return f"result {unit.result or 'unknown'}"


# Linux's numbers of those that end services; this machine's may be another system's.
_SIGNALS = {
    1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE",
    9: "SIGKILL", 11: "SIGSEGV", 13: "SIGPIPE", 14: "SIGALRM", 15: "SIGTERM",
}  # fmt: skip

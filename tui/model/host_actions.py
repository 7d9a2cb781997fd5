"""What can be done with chosen hosts, and why not where it cannot. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tui.model.host import HostView, LinkState
from tui.model.unit import UnitWord

_DOWN = ("inactive", "failed")


@dataclass(frozen=True, slots=True)
class Action:
    """An entry of the actions list: what it says, its key's id (empty: it has none) and action,
    why it is off."""

    label: str
    key: str
    call: str
    why_not: str = ""


def actions_for(views: Sequence[HostView]) -> tuple[Action, ...]:
    """The actions for these hosts, in the order of their use."""
    one = "" if len(views) == 1 else "one host at a time"
    return (
        Action("restart, host by host", "restart", "restart", _no_restart(views)),
        Action("start, host by host", "", "plan('start')", _no_start(views)),
        Action("stop, host by host", "", "plan('stop')", _no_stop(views)),
        Action("reload the unit file", "", "plan('daemon_reload')", _no_reload(views)),
        Action("details", "details", "details", one),
        Action("the journal", "journal", "app.go('journal')"),
        Action("host key or passphrase", "trust", "trust", one or _no_trust(views)),
        Action("connect again now", "reconnect", "reconnect", _no_retry(views)),
        Action("ping its node", "ask_node", "ask_node", one or _no_node(views[0])),
    )


def _no_restart(views: Sequence[HostView]) -> str:
    away = [view.host for view in views if not view.link.usable]
    if away:
        return f"not connected: {', '.join(away)}"
    unread = [view.host for view in views if view.snapshot is None]
    if unread:
        return f"not read yet: {', '.join(unread)}"
    gone = [v.host for v in views if v.snapshot and v.snapshot.unit.word is UnitWord.NOT_FOUND]
    return f"no such unit on {', '.join(gone)}" if gone else ""


def _no_start(views: Sequence[HostView]) -> str:
    up = [v.host for v in views if v.snapshot and v.snapshot.unit.active_state not in _DOWN]
    return _no_restart(views) or (f"runs already: {', '.join(up)}" if up else "")


def _no_stop(views: Sequence[HostView]) -> str:
    down = [v.host for v in views if v.snapshot and v.snapshot.unit.active_state in _DOWN]
    return _no_restart(views) or (f"is down: {', '.join(down)}" if down else "")


def _no_reload(views: Sequence[HostView]) -> str:
    same = [v.host for v in views if v.snapshot and not v.snapshot.unit.need_daemon_reload]
    return _no_restart(views) or (f"did not change: {', '.join(same)}" if same else "")


def _no_trust(views: Sequence[HostView]) -> str:
    asks = (LinkState.UNKNOWN_KEY, LinkState.LOCKED_IDENTITY, LinkState.CHANGED_KEY)
    return "" if views[0].link.state in asks else "nothing keeps it out"


def _no_retry(views: Sequence[HostView]) -> str:
    return "connected" if all(view.link.usable for view in views) else ""


def _no_node(view: HostView) -> str:
    if not view.link.usable or view.snapshot is None:
        return "not connected"
    return "" if view.snapshot.unit.main_pid else "no node is running"

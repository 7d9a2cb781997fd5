"""The status bar's words: each host in trouble is counted once."""

from __future__ import annotations

from dataclasses import replace

from tests.values import NOW, view
from tui.model.frame import frame_state
from tui.model.gate import LockState
from tui.model.host import HostView, Link, LinkState


def words(views: list[HostView], lock: LockState | None = None) -> list[str]:
    state = frame_state(("prod", "billing"), True, views, lock or LockState(True), NOW, 0)
    return [text for _, text in state.counts]


def test_all_is_well() -> None:
    assert words([view("web1"), view("web2")]) == ["2 hosts"]


def test_a_host_out_of_reach_counts_once_and_never_as_failing() -> None:
    gone = replace(view("web1", active="failed"), link=Link(LinkState.LOST, NOW - 9))
    shut = HostView("web2", Link(LinkState.CHANGED_KEY, NOW))
    hung = view("web3", active="failed", taken_at=NOW - 60)
    failing = view("web4", active="failed")
    assert words([gone, shut, hung, failing]) == [
        "4 hosts",
        "2 stale",
        "1 shut out",
        "1 failing",
    ]


def test_the_lock_says_how_long() -> None:
    views = [view("web1")]
    shown = frame_state(("p", "b"), True, views, LockState(True, NOW + 125, "pager"), NOW, 2500)
    assert (shown.lock, shown.locked) == ("OPEN 02:05", False)
    assert shown.marks == (("journal", "2k!"),)
    assert frame_state(("p", "b"), True, views, LockState(True), NOW, 0).lock == "LOCKED"
    assert frame_state(("p", "b"), False, views, LockState(False), NOW, 0).lock == ""

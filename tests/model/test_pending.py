"""What a host was left out of: pending until something was done to it, told when it is back."""

from __future__ import annotations

from dataclasses import replace

from tests.values import NOW, view
from tui.model.host import HostView, Link, LinkState
from tui.model.keys import KEYS
from tui.model.pending import ended_plan, pending_notices, pending_of

HOSTS = ("web1", "web2", "web3")


def records(kind: str, hosts: str, *, out: str = "", at: float = NOW - 600, **end: object) -> list:
    plan = {
        "event": "plan",
        "kind": kind,
        "title": f"{kind} things",
        "environment": "production",
        "app": "billing",
        "at": at,
        "steps": [{"kind": "lock", "host": host} for host in hosts.split()],
        "left_out": out.split(),
        "params": {"version": "0.2.0", "hosts": hosts, "without": out, "canary": ""},
    }
    return [plan, {"event": "end", "ok": True, **end}]


def pending(*each: list, hosts: tuple[str, ...] = HOSTS) -> dict[str, str]:
    plans = [ended_plan(f"op{n}", r, "production", "billing") for n, r in enumerate(each)]
    return {p.host: p.title for p in pending_of([p for p in plans if p], hosts)}


def test_who_was_left_out_stays_pending_until_it_is_done_to() -> None:
    first = records("rollback", "web1 web2", out="web3")
    assert pending(first) == {"web3": "rollback things"}
    assert pending(first, records("restart", "web3", at=NOW - 60)) == {"web3": "rollback things"}
    assert pending(first, records("deploy", "web3", at=NOW - 60)) == {}
    # Whatever order they were read in.
    assert pending(records("deploy", "web3", at=NOW - 60), first) == {}


def test_only_a_plan_that_ended_well_leaves_something_behind() -> None:
    cut = records("rollback", "web1", out="web3")[:1]
    assert pending(cut) == {}
    assert pending(records("rollback", "web1", out="web3", ok=False)) == {}
    assert pending(records("prune", "web1", out="web3")) == {}
    other = records("rollback", "web1", out="web3")
    other[0]["app"] = "shop"
    assert pending(other) == {}
    assert pending(records("rollback", "web1", out="gone")) == {}


def test_the_plan_that_finishes_it_is_for_that_host_alone() -> None:
    plan = ended_plan("op", records("rollback", "web1", out="web3 web2"), "production", "billing")
    assert plan is not None
    two, three = pending_of([plan], HOSTS)
    assert dict(two.params) == {"version": "0.2.0", "canary": "", "hosts": "web2"}
    assert dict(three.params)["hosts"] == "web3"


def test_a_notice_says_so_while_it_is_away_and_offers_the_plan_when_it_is_back() -> None:
    plan = ended_plan("op", records("rollback", "web1", out="web3"), "production", "billing")
    assert plan is not None
    left = pending_of([plan], HOSTS)
    away = replace(view("web3", boots="0.3.0"), link=Link(LinkState.LOST, NOW - 30))
    (told,) = pending_notices(left, [view("web1"), away], NOW)
    assert told.headline == "was left out of: rollback things"
    assert told.lines == ("10m 0s ago; it would still boot 0.3.0",)
    assert told.keys == ()
    (told,) = pending_notices(left, [view("web3", runs="0.3.0", boots="0.3.0")], NOW)
    assert told.headline == "is back and was left out of: rollback things"
    assert [key for key, _ in told.keys] == ["finish"]
    assert "finish" in {key.id for key in KEYS}
    # Somebody did it by hand.
    assert pending_notices(left, [view("web3")], NOW) == ()
    (told,) = pending_notices(left, [HostView("web3", Link(LinkState.UNREACHABLE, NOW))], NOW)
    assert told.lines == ("10m 0s ago",)


def test_a_restart_is_done_when_the_unit_is_younger_than_the_plan() -> None:
    old, young = (
        ended_plan("op", records("restart", "web1", out="web3", at=at), "production", "billing")
        for at in (NOW - 600, NOW - 7500)
    )
    assert old is not None
    assert young is not None
    for plan in (old, young):
        object.__setattr__(plan, "params", (("hosts", "web1"),))
    assert pending_notices(pending_of([old], HOSTS), [view("web3")], NOW) != ()
    assert pending_notices(pending_of([young], HOSTS), [view("web3")], NOW) == ()

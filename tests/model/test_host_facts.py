"""Every fact of a host, with its age, each of them somewhere in the details."""

from __future__ import annotations

from dataclasses import fields, replace

from hypothesis import given
from hypothesis import strategies as st

from tests.values import NOW, view
from tui.model.fleet import Flavour
from tui.model.host import HostSnapshot, HostView, Link, LinkState, MachineFacts
from tui.model.host_actions import actions_for
from tui.model.host_facts import fact_sections
from tui.model.keys import KEYS
from tui.model.release import ReleaseFacts
from tui.model.unit import UnitFacts

UNIT = UnitFacts(
    "billing_prod.service", "loaded", "active", "running", "success", 4711, 4712, 3, "815",
    "", "inv0ca7ion", NOW - 7300, 1, 2, 9, "notify", 90.0, 30.0, 5.0, "billing", "/srv/b",
    "/etc/systemd/system/b.service", True, 3 * 1024**2, 61_000_000_000, 27, False,
)  # fmt: skip
RELEASE = ReleaseFacts(
    Flavour.MIX, "/opt/billing", "0.2.0", "boot path", "0.3.0", "13.1.5", ("0.2.0", "0.3.0"),
    "billing@web1", "0.2.0", (("on disk", "odd name"),),
)  # fmt: skip
MACHINE = MachineFacts(
    0.5, 8, 4 * 1024**3, 1024**3, 100 * 1024**3, 39 * 1024**3, 90_000.0, NOW - 90_000.0, "b007",
    0.25, True, False, 252, NOW - 120,
)  # fmt: skip
FULL = HostSnapshot("web1", "billing", NOW - 4, 0.04, UNIT, RELEASE, MACHINE, "some problem")
WHOLE = HostView("web1", Link(LinkState.UP, NOW - 60, NOW - 1), FULL, "the probe broke off")


def shown(seen: HostView) -> str:
    sections = fact_sections(seen, NOW)
    return "\n".join(f"{h}\n" + "\n".join(f"{k}={t}" for k, t in facts) for h, facts in sections)


def test_each_section_says_how_old_it_is() -> None:
    assert [heading for heading, _ in fact_sections(WHOLE, NOW)] == [
        "link, now",
        "unit, read 4s ago",
        "release, read 4s ago",
        "machine, read 4s ago",
    ]


def test_every_fact_is_there() -> None:
    text = shown(WHOLE)
    for fact in (
        "state=up", "since=1m 0s ago", "last heard=1s ago", "last probe=the probe broke off",
        "unit=billing_prod.service (notify)", "running (loaded, active, running)", "for 2h 1m",
        "success; main process: killed by SIGKILL", "main PID=4711", "control PID=4712",
        "restarts=3 by systemd", "job=815", "inv0ca7ion",
        "limits=start 1m 30s, stop 30s, restart after 5s", "user=billing", "folder=/srv/b",
        "/etc/systemd/system/b.service", "wanted: the file changed", "memory=3.0M",
        "CPU time=1m 1s", "tasks=27", "folder=/opt/billing", "built by=mix",
        "runs=0.2.0 (by boot path)", "boots next=0.3.0 on ERTS 13.1.5",
        "on disk=0.2.0, 0.3.0, odd name ✗", "last seen up=0.2.0", "node=billing@web1",
        "problem=some problem", "load=0.5 (8 processors, read 2m 0s ago)",
        "memory=1.0G of 4.0G available", "disk=39G of 100G free", "up=1d 1h, since", "boot id=b007",
        "clock=+0.25 s beside ours, ± 0.02 s", "round trip=40 ms",
        "journal=persistent; this user may not read its files", "systemd=252, read 2m 0s ago",
    ):  # fmt: skip
        assert fact in text, fact


def test_a_host_of_which_nothing_is_known_shows_its_link() -> None:
    link = Link(
        LinkState.CHANGED_KEY, NOW - 5, None, "it differs", "SHA256:new", "SHA256:old", "~/.ssh/id",
        2, NOW + 8,
    )  # fmt: skip
    (section,) = fact_sections(HostView("web1", link), NOW)
    assert dict(section[1]) == {
        "state": "KEY CHANGED",
        "since": "5s ago",
        "detail": "it differs",
        "host key": "SHA256:new",
        "key expected": "SHA256:old",
        "identity": "~/.ssh/id",
        "next try": "in 8s, attempt 3",
    }


def test_what_is_not_known_says_so() -> None:
    blank = HostSnapshot("web1", "b", NOW, 0.0, UnitFacts("b"), ReleaseFacts(), MachineFacts())
    text = shown(HostView("web1", Link(LinkState.UP, NOW), blank))
    assert "None" not in text
    assert "runs=–" in text
    assert "built by=not known" in text
    assert "load=– (processors unknown)" in text
    odd = replace(blank, release=ReleaseFacts(unusable=(("boots", "$(x)"),)))
    assert "boots next=$(x) (no name that commands are made of)" in shown(
        replace(WHOLE, snapshot=odd)
    )


@given(st.sampled_from([f.name for f in fields(MachineFacts)]))
def test_any_missing_fact_of_the_machine_breaks_nothing(name: str) -> None:
    machine = replace(MACHINE, **{name: None})  # type: ignore[arg-type]
    assert "None" not in shown(replace(WHOLE, snapshot=replace(FULL, machine=machine)))


def test_actions_that_are_not_possible_say_why() -> None:
    def why(*views: HostView) -> dict[str, str]:
        return {a.key: a.why_not for a in actions_for(views) if a.key}

    stranger = HostView("web2", Link(LinkState.UNKNOWN_KEY, NOW))
    assert why(view("web1")) == {
        "restart": "",
        "details": "",
        "journal": "",
        "trust": "nothing keeps it out",
        "reconnect": "connected",
        "ask_node": "",
    }
    assert why(stranger) == {
        "restart": "not connected: web2",
        "details": "",
        "journal": "",
        "trust": "",
        "reconnect": "",
        "ask_node": "not connected",
    }
    assert why(view("web1"), view("web3"))["trust"] == "one host at a time"
    assert why(replace(view("web1"), snapshot=None))["restart"] == "not read yet: web1"
    assert why(view("web1", load_state="not-found"))["restart"] == "no such unit on web1"
    assert why(view("web1", active="inactive"))["ask_node"] == "no node is running"


def test_actions_without_a_key_say_why_not_as_well() -> None:
    def why(*views: HostView) -> list[str]:
        return [a.why_not for a in actions_for(views) if a.call.startswith("plan(")]

    assert why(view("web1")) == ["runs already: web1", "", "did not change: web1"]
    down = view("web2", active="inactive")
    assert why(down) == ["", "is down: web2", "did not change: web2"]
    assert why(view("web1"), down)[:2] == ["runs already: web1", "is down: web2"]
    assert why(HostView("web2", Link(LinkState.UNKNOWN_KEY, NOW))) == ["not connected: web2"] * 3
    keys = {action.key for action in actions_for([view("web1")]) if action.key}
    assert keys <= {key.id for key in KEYS}

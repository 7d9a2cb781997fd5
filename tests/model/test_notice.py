"""What is noticed: nothing when all is well, the worst first, each with what can be done."""

from __future__ import annotations

import json
from dataclasses import replace

from tests.values import NOW, view
from tui.model.fleet import App, Environment
from tui.model.host import HostView, Link, LinkState
from tui.model.notice import Severity, notices
from tui.model.status import status_json, status_lines


def test_all_is_well_and_nothing_is_said() -> None:
    assert notices([view("web1"), view("web2")], NOW) == ()


def test_the_worst_comes_first() -> None:
    views = [
        view("web1", boots="0.3.0"),
        view("web2", active="failed", restarts=5, exec_code=1, exec_status=1),
        HostView("web3", Link(LinkState.CHANGED_KEY, NOW)),
    ]
    found = notices(views, NOW)
    assert [n.host for n in found] == ["web2", "web3", "web1"]
    assert found[0].headline == "dies and is started again"
    assert found[0].lines == ("5 restarts by systemd; start limit hit: systemd gave up; "
                              "exit status 1",)  # fmt: skip
    assert ("R", "restart") in found[0].keys


def test_a_deploy_that_was_never_restarted() -> None:
    (found,) = notices([view("web3", boots="0.3.0")], NOW)
    assert found.headline == "runs 0.2.0 but would boot 0.3.0"
    assert found.severity is Severity.DRIFT


def test_of_a_host_out_of_reach_only_the_link_is_told() -> None:
    away = replace(view("web4", boots="0.3.0"), link=Link(LinkState.LOST, NOW - 14))
    (found,) = notices([away], NOW)
    assert found.severity is Severity.STALE
    assert "old" in found.lines[-1]


def test_a_changed_key_offers_no_way_in() -> None:
    (found,) = notices([HostView("web1", Link(LinkState.CHANGED_KEY, NOW, detail="x"))], NOW)
    assert [key for key, _ in found.keys] == ["t"]
    assert "not connected" in found.headline


def test_a_stopped_unit_counts_as_failing() -> None:
    (found,) = notices([view("web1", active="inactive")], NOW)
    assert found.severity is Severity.FAILING
    assert found.headline.startswith("is stopped for 2h")


def test_status_tells_the_same_facts_as_json_and_as_lines() -> None:
    environment = Environment("staging", apps=(App("billing"),))
    views = [view("web1"), HostView("web2", Link(LinkState.UNKNOWN_KEY, NOW, fingerprint="S"))]
    told = json.loads(json.dumps(status_json(environment, App("billing"), views, NOW)))
    assert told["hosts"][0]["release"]["runs"] == "0.2.0"
    assert told["hosts"][0]["state"] == "running"
    assert told["hosts"][1]["link"] == "unknown key"
    assert "release" not in told["hosts"][1]
    lines = status_lines(environment, App("billing"), views, NOW)
    assert lines[1].startswith("web1  running")
    assert "0.2.0" in lines[1]
    assert lines[2].startswith("web2  unknown key")


def test_how_long_it_failed_goes_by_the_hosts_own_clock() -> None:
    seen = view("web1", active="failed").snapshot
    assert seen is not None
    unit = replace(seen.unit, since=NOW + 3600 - 90, restarts=0)
    machine = replace(seen.machine, skew_s=3600.0)
    ahead = replace(view("web1"), snapshot=replace(seen, unit=unit, machine=machine))
    assert notices([ahead], NOW)[0].headline.startswith("failed, 1m 30s ago")
    said = status_lines(Environment("production"), App("billing"), [ahead], NOW)
    assert "since 1m 30s" in said[1]


def test_a_connected_host_that_hangs_is_noticed_and_its_old_facts_are_not() -> None:
    hung = view("web1", active="failed", taken_at=NOW - 30)
    (found,) = notices([hung], NOW)
    assert found.severity is Severity.STALE
    assert "answered no probe for 30s" in found.headline
    assert not hung.fresh(NOW)
    lines = status_lines(Environment("staging"), App("billing"), [hung], NOW)
    assert lines[1].startswith("web1  up, read 30s ago: FAILED")

"""What is noticed: nothing when all is well, the worst first, each with what can be done."""

from __future__ import annotations

import json
from dataclasses import replace

from tests.values import NOW, view
from tui.model.fleet import App, Environment
from tui.model.host import HostView, Link, LinkState, NodeSaid
from tui.model.keys import KEYS
from tui.model.notice import HERE, Notice, Severity, ended_words, grouped, notices
from tui.model.release import ReleaseFacts
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
    assert found[0].lines == ("5 restarts by systemd; systemd gave up; exit status 1",)
    assert ("restart", "restart") in found[0].keys


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
    assert [key for key, _ in found.keys] == ["trust"]
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
    assert found.lines[0] == "a disk or systemd there may hang"
    assert not hung.fresh(NOW)
    lines = status_lines(Environment("staging"), App("billing"), [hung], NOW)
    assert lines[1].startswith("web1  up, read 30s ago: FAILED")


def test_why_a_probe_brought_nothing_is_told() -> None:
    late = replace(view("web1"), trouble="the probe did not end (unknown: past its limit)")
    (found,) = notices([late], NOW)
    assert (found.severity, found.headline) == (Severity.STALE, late.trouble)
    hung = replace(late, snapshot=None, link=Link(LinkState.UP, NOW - 40))
    (found,) = notices([hung], NOW)
    assert found.lines == (late.trouble,)


def test_a_version_that_most_others_do_not_run_is_told_with_theirs() -> None:
    views = [view("web1"), view("web2"), view("web3", runs="0.1.0", boots="0.1.0")]
    (found,) = notices(views, NOW)
    assert (found.host, found.headline) == ("web3", "runs 0.1.0, most of the others 0.2.0")
    stopped = view("web3", runs=None, boots="0.1.0", active="inactive")
    said = [n.headline for n in notices([view("web1"), view("web2"), stopped], NOW)]
    assert said[1] == "would boot 0.1.0, most of the others 0.2.0"


def test_a_clock_that_is_off_and_one_that_is_ours() -> None:
    (found,) = notices([view("web1", skew=-600.0), view("web2")], NOW)
    assert found.headline == "its clock is 10m 0s behind this machine's"
    (found,) = notices([view("web1", skew=600.0), view("web2", skew=600.0)], NOW)
    assert (found.host, found.headline) == (HERE, "its clock is 10m 0s behind that of every host")


def test_a_release_whose_name_cannot_be_used() -> None:
    seen = view("web1").snapshot
    assert seen is not None
    odd = ReleaseFacts(runs="0.2.0", unusable=(("boots", "$(reboot)"),))
    shown = replace(view("web1"), snapshot=replace(seen, release=odd))
    (found,) = notices([shown], NOW)
    assert found.headline == "boots: a release version whose name cannot be used: $(reboot)"


def test_a_loop_says_what_ran_last() -> None:
    looping = view("web1", runs=None, active="failed", restarts=5, exec_code=2, exec_status=9)
    assert looping.snapshot is not None
    release = replace(looping.snapshot.release, ran="0.1.0")
    shown = replace(looping, snapshot=replace(looping.snapshot, release=release))
    assert notices([shown], NOW)[0].lines == (
        "5 restarts by systemd; systemd gave up; killed by SIGKILL",
        "last release that was seen running: 0.1.0",
    )


def test_hints_come_last() -> None:
    seen = view("web1", need_daemon_reload=True, problem="no release folder").snapshot
    assert seen is not None
    machine = replace(
        seen.machine,
        disk_free=3,
        journal_persistent=False,
        memory_total=1000 * 1024,
        memory_available=40 * 1024,
    )
    found = notices([replace(view("web1"), snapshot=replace(seen, machine=machine))], NOW)
    assert {n.severity for n in found} == {Severity.HINT}
    assert [n.headline for n in found] == [
        "the disk under /opt/billing is 97% full",
        "only 40K of 1000K memory are left",
        "the unit file changed on disk: systemd wants a daemon-reload",
        "its journal is volatile: a reboot loses it",
        "no release folder",
    ]


def test_the_same_of_several_hosts_is_said_once_with_what_they_share() -> None:
    one = Notice(Severity.STALE, "web1", "link lost", ("refused", "next try in 3s"), (("c", "x"),))
    other = replace(one, host="web2", lines=("refused", "next try in 9s"))
    apart = replace(one, host="web3", headline="cannot be reached")
    assert grouped([one, other, apart]) == (
        replace(one, lines=("refused",), others=("web2",)),
        apart,
    )


def test_how_a_process_ended() -> None:
    def ended(**unit: object) -> str:
        seen = view("web1", active="failed", **unit).snapshot
        assert seen is not None
        return ended_words(seen.unit)

    assert ended(exec_code=1, exec_status=1) == "exit status 1"
    assert ended(exec_code=2, exec_status=15) == "killed by SIGTERM"
    assert ended(exec_code=3, exec_status=11) == "killed by SIGSEGV, core dumped"
    assert ended(exec_code=2, exec_status=34) == "killed by signal 34"
    assert ended() == "result exit-code"


def test_every_key_that_a_notice_names_is_in_the_table_of_keys() -> None:
    states = [HostView("web1", Link(state, NOW)) for state in LinkState]
    units = [view("web1", active=a) for a in ("failed", "inactive")]
    named = {key for n in notices([*states, *units, view("web2", boots="9")], NOW)
             for key, _ in n.keys}  # fmt: skip
    assert named == {"trust", "reconnect", "journal", "restart"}
    assert named <= {key.id for key in KEYS}


def test_a_node_that_is_not_ready_and_files_newer_than_the_process() -> None:
    well = view("web1")
    assert well.snapshot is not None
    said = NodeSaid(NOW - 5, "starting", False)
    changed = replace(well.snapshot.release, changed=("vm.args", "env.sh"))
    odd = replace(well, snapshot=replace(well.snapshot, node=said, release=changed))
    told = [notice.headline for notice in notices([odd], NOW)]
    assert told == [
        "its node: answers, starting, billing is NOT started",
        "needs a restart: vm.args, env.sh changed since it was started",
    ]
    ready = replace(said, status="started", app_started=True)
    assert notices([replace(well, snapshot=replace(well.snapshot, node=ready))], NOW) == ()

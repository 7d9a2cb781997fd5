"""The plan of a restart, pure: steps, facts in the hash, tiers, words, and what refuses it."""

from __future__ import annotations

import pytest

from tests.plan_fakes import APP, NOW, environment, restart, right, view
from tui.commands.sudo import RestartRight
from tui.model.command import Effect, display
from tui.model.host import HostView, LinkState
from tui.model.plan import Plan, PlanRefused, Tier, VerdictKind
from tui.operations.restart import FRESH_S, plan_restart
from tui.operations.restart_state import restart_facts


def refused(*views: HostView, hosts: tuple[str, ...] = (), rights: object = None) -> str:
    names = hosts or tuple(v.host for v in views)
    allowed = rights if rights is not None else {name: right() for name in names}
    with pytest.raises(PlanRefused) as caught:
        plan_restart(environment("web1", "web2"), APP, views, names, allowed, NOW)  # type: ignore[arg-type]  # a mapping
    return caught.value.reason


def words(plan: Plan) -> list[str]:
    return [verdict.reason for verdict in plan.verdicts]


def test_a_step_a_host_in_configured_order_with_the_literal_command() -> None:
    plan = plan_restart(
        environment("web1", "web2", "web3"),
        APP,
        [view("web3"), view("web1")],
        ["web3", "web1", "web3"],
        {"web1": right(), "web3": right()},
        NOW,
    )
    assert plan.hosts == ("web1", "web3")
    assert plan.title == "restart billing on web1, web3"
    step = plan.steps[0]
    assert step.command is not None
    assert display(step.command) == "sudo -n systemctl --job-mode=fail restart billing.service"
    assert step.command.effect is Effect.CHANGE
    # Beyond start and twice stop: ExecStop and the signal after it may each take their limit.
    assert step.limit_s == step.command.timeout_s == 90 + 2 * 90 + 10
    assert step.what == "restart billing.service"
    assert "stop at most 90 s, start at most 90 s" in step.why
    assert step.verification == (
        "systemd's job is over; one new main process stays up 4 s; it runs 0.3.0+41; "
        "GET http://127.0.0.1:4000/health answers 200 within 60 s"
    )
    assert plan.verdicts == ()


def test_production_is_tier_2_all_else_reversible() -> None:
    assert restart(view("web1"), production=True).tier is Tier.PRODUCTION
    assert restart(view("web1")).tier is Tier.REVERSIBLE


def test_a_restart_that_changes_the_version_says_so() -> None:
    plan = restart(view("web3", runs="0.2.0+38"))
    assert "web3 will come up with 0.3.0+41, it runs 0.2.0+38" in plan.steps[0].why
    assert words(plan) == ["web3 will come up with 0.3.0+41, it runs 0.2.0+38"]
    assert "rollback: web3 to 0.2.0+38" in plan.undo


def test_a_version_that_is_not_known_is_said_and_not_verified() -> None:
    plan = restart(view("web1", runs=None, boots=None))
    assert "its version is shown, not judged" in plan.steps[0].verification
    assert words(plan) == ["web1: which version would boot is not known, and not verified"]


def test_a_stopped_unit_is_said_to_be_started() -> None:
    plan = restart(view("web1", runs=None, active_state="inactive", sub_state="dead"))
    assert words(plan) == ["web1 is stopped and will be started, with 0.3.0+41"]
    assert plan.steps[0].undo == "systemctl stop billing.service"


def test_a_unit_that_systemd_gave_up_on_gets_a_warning_and_no_extra_command() -> None:
    plan = restart(view("web1", runs=None, active_state="failed", result="start-limit-hit"))
    assert "systemctl reset-failed billing.service on the host clears the limit" in words(plan)[0]
    assert len(plan.steps) == 1


def test_a_changed_unit_file_is_a_warning() -> None:
    assert "daemon-reload" in words(restart(view("web1", need_daemon_reload=True)))[0]


def test_only_facts_that_matter_are_in_the_hash() -> None:
    plan = restart(view("web1"))
    assert dict(plan.facts) == {
        "web1 boots": "0.3.0+41",
        "web1 runs": "0.3.0+41",
        "web1 unit": "billing.service",
        "web1 user": "devops",
    }
    moving = {"main_pid": 1, "restarts": 7, "invocation_id": "f" * 32, "memory_bytes": 5}
    assert restart(view("web1", taken_at=NOW - 9, **moving)).hash == plan.hash
    assert restart(view("web1", runs="0.2.0+38")).hash != plan.hash
    assert restart(view("web1", boots="0.2.0+38")).hash != plan.hash
    assert restart(view("web1"), view("web2")).hash != plan.hash
    assert restart(view("web1", name="other.service")).hash != plan.hash
    assert restart(view("web1"), production=True).hash != plan.hash


def test_the_hash_stays_while_a_unit_loops() -> None:
    up = view("web1", restarts=3)
    waiting = view("web1", runs=None, active_state="activating", sub_state="auto-restart")
    down = view("web1", runs=None, active_state="failed", result="exit-code", restarts=5)
    assert len({restart(v).hash for v in (up, waiting, down)}) == 1
    assert restart_facts(waiting.snapshot) == restart_facts(down.snapshot)  # type: ignore[arg-type]  # there is one


def test_an_automatic_restart_under_way_is_no_obstacle() -> None:
    own = view("web1", active_state="activating", sub_state="start", job="9", restarts=2)
    assert restart(own).hosts == ("web1",)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"link": LinkState.LOST}, "web1: link lost: bring it back, or leave it out"),
        ({"link": LinkState.STALE}, "web1: stale: bring it back, or leave it out"),
        ({"taken_at": NOW - FRESH_S - 1}, "web1: what is known of it is 16s old"),
        ({"load_state": "not-found"}, "web1: systemd knows no billing.service"),
        ({"load_state": "masked"}, "web1: billing.service is masked"),
        ({"active_state": ""}, "web1: the state of billing.service could not be read"),
        ({"job": "12", "job_type": "stop"}, "web1: a stop job is under way: running"),
        ({"job": "12", "active_state": "activating"}, "web1: a job is under way: starting"),
    ],
)
def test_what_stands_in_the_way_is_said_with_its_host(
    changes: dict[str, object], reason: str
) -> None:
    assert reason in refused(view("web1", **changes))  # type: ignore[arg-type]  # view's keywords


def test_a_host_that_was_never_read_a_stranger_and_nobody_are_refused() -> None:
    never = HostView("web1", view("web1").link, None)
    assert refused(never) == "web1: it could not be read"
    assert refused(view("web1"), hosts=("web1", "db9")) == "db9 does not run billing"
    assert refused(hosts=()) == "no host is chosen"


def test_every_host_in_the_way_is_named_at_once() -> None:
    reason = refused(view("web1", load_state="masked"), view("web2", link=LinkState.LOST))
    assert [line.split(":")[0] for line in reason.split("\n")] == ["web1", "web2"]


def test_a_right_that_is_missing_names_the_exact_line() -> None:
    line = "devops ALL=(root) NOPASSWD: /usr/bin/systemctl restart billing.service"
    none = RestartRight(user="devops", refused="sudo lets devops run none", sudoers_line=line)
    assert line in refused(view("web1"), rights={"web1": none})
    assert "nobody asked sudo" in refused(view("web1"), rights={})


def test_without_a_health_check_the_plan_warns() -> None:
    from dataclasses import replace

    from tui.model.fleet import Health, HealthKind

    app = replace(APP, health=Health(HealthKind.NONE))
    plan = plan_restart(environment("web1"), app, [view("web1")], ["web1"], {"web1": right()}, NOW)
    assert plan.verdicts[-1].kind is VerdictKind.WARN
    assert "started is all that can be verified" in plan.verdicts[-1].reason
    assert "GET" not in plan.steps[0].verification

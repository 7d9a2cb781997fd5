"""Stop, start, unit files read anew and tasks on real systemd hosts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.lab.lab import Lab
from tests.lab.recipe import UNIT
from tests.operations.plan_console import PlanConsole, plan_console
from tui.model.fleet import Environment, Limits, Task, TaskBy
from tui.model.plan import PlanRefused, StepEvent, StepState
from tui.operations.plan_run import PlanRun

pytestmark = [pytest.mark.lab, pytest.mark.timeout(240)]

DROP_IN = f"/etc/systemd/system/{UNIT}.d/60-note.conf"
TASKS = (
    Task("count", "Enum.max([1, 2, 42])", limit_s=60),
    Task("in-node", "Enum.max([42, 2])", TaskBy.RPC, limit_s=60),
    Task("raises", 'raise("no index")', limit_s=60),
    Task("halts", "System.halt(0)", limit_s=60),
)


@pytest.fixture
def left_as_it_was(lab: Lab) -> Iterator[None]:
    """The lab is as before at the end, whatever happened."""
    try:
        yield
    finally:
        for host in ("web1", "web2"):
            lab.sh(host, f"rm -f {DROP_IN}; systemctl daemon-reload; systemctl start {UNIT}")
        lab.reset()


def shown(lab: Lab, host: str, name: str) -> str:
    return lab.sh(host, f"systemctl show -p {name} --value {UNIT}").strip()


def done(run: PlanRun, kind: str) -> list[StepEvent]:
    """The last word on each step of a kind."""
    steps = run.plan.steps
    return [run.last_of(at) for at, step in enumerate(steps) if step.kind == kind]


async def test_both_hosts_are_stopped_and_started_and_systemd_says_so(
    lab: Lab, lab_environment: Environment, tmp_path: Path, left_as_it_was: None
) -> None:
    app = lab_environment.apps[0]
    async with plan_console(lab_environment, app, tmp_path, limits=Limits()) as at:
        with pytest.raises(PlanRefused, match="nothing to start"):
            await at.plan("start", hosts="web1 web2")
        before = shown(lab, "web1", "MainPID")
        stopped = await at.do("stop", 120, hosts="web1 web2")
        assert {event.state for event in done(stopped, "stop")} == {StepState.DONE}
        for host in ("web1", "web2"):
            assert (shown(lab, host, "ActiveState"), shown(lab, host, "MainPID")) == (
                "inactive",
                "0",
            )
        with pytest.raises(PlanRefused, match="stopped already"):
            await at.plan("stop", hosts="web1")
        started = await at.do("start", 120, hosts="web1 web2")
        first = done(started, "start")[0]
        pid = shown(lab, "web1", "MainPID")
        assert pid not in ("0", before)
        assert first.detail.startswith(f"started, main process {pid}, runs 0.2.0, healthy")


async def test_a_changed_unit_file_is_reloaded_without_a_restart(
    lab: Lab, lab_environment: Environment, tmp_path: Path, left_as_it_was: None
) -> None:
    # systemd 252 sees no drop-in whose folder it did not know when it last read its units.
    lab.sh("web1", f"mkdir -p {Path(DROP_IN).parent}; systemctl daemon-reload")
    app = lab_environment.apps[0]
    async with plan_console(lab_environment, app, tmp_path, limits=Limits()) as at:
        with pytest.raises(PlanRefused, match="nothing to reload"):
            await at.plan("daemon_reload", hosts="web1")
        lab.sh("web1", f"printf '[Service]\\nTimeoutStopSec=77\\n' >{DROP_IN}")
        assert shown(lab, "web1", "NeedDaemonReload") == "yes"
        before = shown(lab, "web1", "MainPID")
        await at.do("daemon_reload", 60, hosts="web1")
        assert shown(lab, "web1", "NeedDaemonReload") == "no"
        assert shown(lab, "web1", "TimeoutStopUSec") == "1min 17s"
        assert shown(lab, "web1", "MainPID") == before


async def task(at: PlanConsole, name: str) -> StepEvent:
    run = await at.carry_out(await at.plan("task", hosts="web1", task=name), 120)
    (event,) = done(run, "task")
    return event


async def test_tasks_are_judged_by_their_own_end(
    lab: Lab, lab_environment: Environment, tmp_path: Path, left_as_it_was: None
) -> None:
    app = replace(lab_environment.apps[0], tasks=TASKS)
    environment = replace(lab_environment, apps=(app,))
    pid = shown(lab, "web1", "MainPID")
    async with plan_console(environment, app, tmp_path, limits=Limits()) as at:
        for name in ("count", "in-node"):
            event = await task(at, name)
            assert (event.state, event.detail) == (StepState.DONE, "it came to its end: 42")
        raised = await task(at, "raises")
        assert raised.state is StepState.FAILED
        assert "RuntimeError: no index" in raised.detail
        halted = await task(at, "halts")
        assert halted.state is StepState.FAILED
        assert "did not come to its end: exit status 0" in halted.detail
    assert shown(lab, "web1", "MainPID") == pid, "the running node was left alone"

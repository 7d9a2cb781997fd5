"""The lock on real hosts: real sudo and file systems, several operators, a link that is cut."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.lab.faults import link_down
from tests.lab.lab import Lab
from tests.lab.recipe import APP_ROOT
from tests.operations.demo_bench import console
from tests.operations.test_lock import races
from tui.model.fleet import Environment, Health, Limits
from tui.model.plan import PlanRefused, StepState
from tui.operations.rights import rights_for

pytestmark = [pytest.mark.lab, pytest.mark.timeout(240)]

LIMITS = Limits()
FOLDER = f"{APP_ROOT}/.beamdeck"


@pytest.fixture(autouse=True)
def no_folder(lab: Lab) -> Iterator[None]:
    """Each test begins and leaves without the console's folder on the hosts."""
    yield
    for host in ("web1", "web2"):
        lab.sh(host, f"rm -rf {FOLDER}")


@contextmanager
def sudoers(lab: Lab, host: str, lines: tuple[str, ...]) -> Iterator[None]:
    path = "/etc/sudoers.d/beamdeck-test"
    text = "\n".join(lines).replace("'", "'\\''")
    lab.sh(host, f"printf '%s\\n' '{text}' >{path} && chmod 440 {path} && visudo -c -f {path}")
    try:
        yield
    finally:
        lab.sh(host, f"rm -f {path}")


async def test_both_hosts_are_locked_for_the_second_operator_while_they_are_restarted(
    lab: Lab, lab_environment: Environment, tmp_path: Path
) -> None:
    first = console(lab_environment, tmp_path / "a", limits=LIMITS)
    second = console(lab_environment, tmp_path / "b", "fishy", LIMITS)
    async with first as one, second as two:
        plan = await one.plan("restart", hosts="web1 web2")
        later = await two.plan("restart", hosts="web2")
        run = one.run_of(plan, reason="pager 4711")
        begun = asyncio.Event()
        run.watch(lambda: begun.set() if run.last_of(2).state is StepState.RUNNING else None)
        running = asyncio.create_task(run.run())
        await asyncio.wait_for(begun.wait(), 60)
        with pytest.raises(PlanRefused) as caught:
            await two.plan("restart", hosts="web1")
        loser = await two.carry_out(later)
        modes = lab.sh("web2", f"stat -c '%U %a %F' {FOLDER} {FOLDER}/lock").splitlines()
        held = json.loads(lab.sh("web2", f"cat {FOLDER}/lock"))
        await asyncio.wait_for(running, 180)
    assert run.ended is not None
    assert run.ended.ok, run.ended.summary
    assert modes == ["billing 750 directory", "billing 640 regular file"]
    assert (held["why"], held["reason"]) == ("restart billing on web1, web2", "pager 4711")
    assert (held["ssh_user"], held["unit"]) == ("devops", "billing_prod.service")
    for word in ("web1 is locked by", "as devops", "restart billing on web1, web2", "pager 4711"):
        assert word in caught.value.reason
    assert loser.last_of(0).state is StepState.REFUSED
    assert not loser.commands_sent
    for host in ("web1", "web2"):
        assert lab.sh(host, f"ls -A {FOLDER} | grep lock || true") == ""


async def test_two_operators_race_two_hundred_times_for_one_lock(
    lab: Lab, lab_environment: Environment, tmp_path: Path
) -> None:
    first = console(lab_environment, tmp_path / "a", limits=LIMITS)
    second = console(lab_environment, tmp_path / "b", "fishy", LIMITS)
    async with first as one, second as two:
        await asyncio.wait_for(races(one, two, 200), 200)


async def test_restarter_restarts_without_a_lock_and_is_told_the_line_that_gives_one(
    lab: Lab, lab_environment: Environment, tmp_path: Path
) -> None:
    async with console(lab_environment, tmp_path, "restarter", LIMITS) as at:
        plan = await at.plan("restart", hosts="web1")
        assert [step.kind for step in plan.steps] == ["restart"]
        (verdict,) = [v for v in plan.verdicts if v.guard == "lock"]
        run = await at.carry_out(plan)
        assert run.ended is not None
        assert run.ended.ok, run.ended.summary
        rights = (await rights_for(at.context, "deploy", ("web1",)))["web1"]
        assert rights.missing == ("restarter ALL=(billing) NOPASSWD: ALL",)
        assert verdict.reason.endswith(f"\n  {rights.missing[0]}")
        with sudoers(lab, "web1", rights.missing):
            assert (await rights_for(at.context, "deploy", ("web1",)))["web1"].refused == ""
            plan = await at.plan("restart", hosts="web1")
            assert [step.kind for step in plan.steps] == ["lock", "restart", "unlock"]
            run = await at.carry_out(plan)
        assert run.ended is not None
        assert run.ended.ok, run.ended.summary
        assert lab.sh("web1", f"ls -A {FOLDER} | grep lock || true") == ""


async def test_every_line_that_watcher_is_told_is_needed_and_enough(
    lab: Lab, lab_environment: Environment, tmp_path: Path
) -> None:
    async with console(lab_environment, tmp_path, "watcher", LIMITS) as at:
        await asyncio.wait_for(at.fleet.sessions["web1"].usable(), 30)
        rights = (await rights_for(at.context, "deploy", ("web1",)))["web1"]
        assert len(rights.missing) == 2
        for line in rights.missing:
            with sudoers(lab, "web1", (line,)):
                left = (await rights_for(at.context, "deploy", ("web1",)))["web1"]
                assert left.missing == tuple(x for x in rights.missing if x != line)
        with sudoers(lab, "web1", rights.missing):
            assert (await rights_for(at.context, "deploy", ("web1",)))["web1"].sentence == ""
            run = await at.carry_out(await at.plan("restart", hosts="web1"))
        assert run.ended is not None
        assert run.ended.ok, run.ended.summary


async def test_a_cable_pulled_in_mid_restart_keeps_the_lock_until_it_is_given_back(
    lab: Lab, lab_environment: Environment, tmp_path: Path
) -> None:
    lab.sh("web1", "systemctl restart slowstop.service")
    app = replace(lab_environment.apps[0], unit="slowstop.service", health=Health())
    try:
        where = replace(lab_environment, apps=(app,))
        async with console(where, tmp_path, limits=LIMITS) as at:
            run = at.run_of(await at.plan("restart", hosts="web1"))
            stopping = asyncio.Event()

            def look() -> None:
                if any(e.detail.startswith("stopping") for e in run.history_of(1)):
                    stopping.set()

            run.watch(look)
            running = asyncio.create_task(run.run())
            await asyncio.wait_for(stopping.wait(), 30)
            with link_down("web1"):
                await asyncio.sleep(20)
                held = json.loads(lab.sh("web1", f"cat {FOLDER}/lock"))
            await asyncio.wait_for(running, 120)
    finally:
        lab.sh("web1", "systemctl stop slowstop.service")
    assert held["unit"] == "slowstop.service"
    assert StepState.UNKNOWN in [event.state for event in run.history_of(1)]
    assert run.ended is not None
    assert run.ended.ok, run.ended.summary
    assert lab.sh("web1", f"ls -A {FOLDER} | grep lock || true") == ""


@pytest.mark.parametrize(
    ("mount", "why"),
    [("ro", "its folder cannot be written"), ("size=64k", "no space is left on its disk")],
)
async def test_where_no_lock_can_be_written_a_restart_goes_without_and_says_so(
    lab: Lab, lab_environment: Environment, tmp_path: Path, mount: str, why: str
) -> None:
    lab.sh("web1", f"mkdir {FOLDER} && mount -t tmpfs -o {mount} tmpfs {FOLDER}")
    lab.sh("web1", f"chown billing: {FOLDER} 2>/dev/null; ! cat /dev/zero >{FOLDER}/full")
    try:
        async with console(lab_environment, tmp_path, limits=LIMITS) as at:
            plan = await at.plan("restart", hosts="web1 web2")
            (verdict,) = [v for v in plan.verdicts if v.guard == "lock"]
            assert verdict.reason.startswith("web1 goes without a lock")
            assert verdict.reason.endswith(why)
            run = await at.carry_out(plan)
            with pytest.raises(PlanRefused, match=f"web1: {why}"):
                await at.plan("rollback", version="0.1.0", code_only="yes", hosts="web1")
    finally:
        lab.sh("web1", f"umount {FOLDER}")
    assert [(s.kind, s.host) for s in plan.steps if s.kind == "lock"] == [("lock", "web2")]
    assert run.ended is not None
    assert run.ended.ok, run.ended.summary

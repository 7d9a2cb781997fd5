"""The lock on the embedded fleet: one holder, told to everybody else, given back or explained."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.operations.demo_bench import Console, console
from tests.waiting import until
from tui.commands.detached import STEP_VARIABLE, detached_command
from tui.commands.lock import HELD, HOLDER_VARIABLE, holder_words, lock_command, unlock_command
from tui.demo.timing import FAST
from tui.model.command import Command, Outcome
from tui.model.consent import Consent
from tui.model.lock import Holder, LockSeen
from tui.model.plan import PlanRefused, StepState, Tier, VerdictKind
from tui.operations.audit_log import operator_facts
from tui.operations.guards import not_consented
from tui.operations.lock import lock_problems, read_locks
from tui.operations.plan_run import PlanRun
from tui.operations.rights import rights_for

if TYPE_CHECKING:
    from tests.conftest import MakeFleet
    from tui.demo.fleet import DemoFleet


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    work = "tui.operations.restart_aftermath"
    for name, seconds in {"POLL_S": 0.03, "SETTLE_S": 0.25, "VERSION_WAIT_S": 2.0}.items():
        monkeypatch.setattr(f"{work}.{name}", seconds)
    monkeypatch.setattr("tui.operations.restart_setback.QUIET_S", 0.6)
    monkeypatch.setattr("tui.operations.step_hand.PROGRESS_S", 0.05)


def lock_of(demo: DemoFleet, host: str) -> Path:
    return demo.machines[host].sandbox.real(f"{demo.app.root}/.beamdeck/lock")


async def test_a_restart_takes_its_locks_in_order_and_gives_them_back(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    async with console(demo_fleet, tmp_path) as at:
        plan = await at.plan("restart", hosts="web2 web1")
        assert [(s.kind, s.host) for s in plan.steps] == [
            ("lock", "web1"),
            ("lock", "web2"),
            ("restart", "web1"),
            ("restart", "web2"),
            ("unlock", "web1"),
            ("unlock", "web2"),
        ]
        assert ("web1 lock", "free") in plan.facts
        run = at.run_of(plan, reason="pager 4711")
        seen: list[dict[str, object]] = []

        def look() -> None:
            if run.last_of(2).state is StepState.RUNNING and not seen:
                seen.append(json.loads(lock_of(demo_fleet, "web2").read_text()))

        run.watch(look)
        await asyncio.wait_for(run.run(), 60)
    assert run.ended is not None
    assert run.ended.ok, run.ended.summary
    (held,) = seen
    assert held["reason"] == "pager 4711"
    assert held["why"] == "restart billing on web1, web2"
    assert held["ssh_user"] == "devops"
    assert not lock_of(demo_fleet, "web1").exists()
    assert not lock_of(demo_fleet, "web2").exists()
    assert sorted(p.name for p in lock_of(demo_fleet, "web1").parent.iterdir()) == ["ops"]


def write_lock(demo: DemoFleet, host: str, op: str, age_s: float = 0.0) -> None:
    """Somebody's lock, so many seconds old."""
    members = {"op": op, "ssh_user": "devops", "since": int(time.time() - age_s), "user": "bob"}
    members |= {"client_host": "laptop", "reason": "pager 12", "why": "deploy 0.3.0"}
    path = lock_of(demo, host)
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(members, separators=(",", ":")) + "\n")


OTHER = "20180604T030800Z-0a1b2c3d"


async def test_a_second_operator_is_refused_with_who_when_what_and_from_where(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    first, second = console(demo_fleet, tmp_path / "a"), console(demo_fleet, tmp_path / "b")
    async with first as one, second as two:
        plan = await one.plan("restart", hosts="web1")
        later = await two.plan("restart", hosts="web1 web2")
        run = one.run_of(plan, reason="pager 4711")
        other: list[PlanRun] = []
        begun = asyncio.Event()
        run.watch(lambda: begun.set() if run.last_of(1).state is StepState.RUNNING else None)
        running = asyncio.create_task(run.run())
        await asyncio.wait_for(begun.wait(), 30)
        with pytest.raises(PlanRefused, match="pager 4711") as caught:
            await two.plan("restart", hosts="web1")
        # The plan that was confirmed before is refused at its own step.
        other.append(await two.carry_out(later))
        await asyncio.wait_for(running, 60)
    who = operator_facts()
    for word in (who["os_user"], who["client_host"], "restart billing on web1", "since 2"):
        assert str(word) in caught.value.reason
    assert run.ended is not None
    assert run.ended.ok, run.ended.summary
    assert other[0].last_of(0).state is StepState.REFUSED
    assert "pager 4711" in other[0].last_of(0).detail
    assert not other[0].commands_sent


async def test_of_two_who_take_it_one_gets_it_and_the_other_is_told(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    first, second = console(demo_fleet, tmp_path / "a"), console(demo_fleet, tmp_path / "b")
    async with first as one, second as two:
        await races(one, two, 12)


async def races(one: Console, two: Console, count: int) -> None:
    """So many races for web1's lock, each given back by its holder."""
    sides = ((one, "ann"), (two, "bob"))
    await asyncio.gather(*(at.fleet.sessions["web1"].usable() for at, _ in sides))
    won = dict.fromkeys(("ann", "bob"), 0)

    async def change(at: Console, name: str, number: int, command: Command) -> Outcome:
        who = (HOLDER_VARIABLE, holder_words(name, "x", "y"))
        env = ((STEP_VARIABLE, f"{name}-{number}-1"), who)
        grant = at.gate.grant("f" * 64)
        return await at.fleet.sessions["web1"].run(replace(command, env=env), grant)

    for number in range(count):
        take = lock_command(one.context.app, "race")
        outcomes = await asyncio.gather(*(change(at, name, number, take) for at, name in sides))
        statuses = sorted(outcome.exit_status or 0 for outcome in outcomes)
        assert statuses == [0, HELD], outcomes
        winner = sides[0 if outcomes[0].ok else 1]
        loser = outcomes[1 if outcomes[0].ok else 0]
        assert json.loads(loser.stdout)["user"] == winner[1]
        (seen,) = (await read_locks(one.context, ("web1",))).values()
        assert seen.holder is not None
        assert (seen.holder.op, seen.holder.user) == (f"{winner[1]}-{number}", winner[1])
        give = unlock_command(one.context.app)
        given = await asyncio.gather(*(change(at, name, number, give) for at, name in sides))
        assert {outcome.exit_status for outcome in given} <= {0, HELD}
        (seen,) = (await read_locks(one.context, ("web1",))).values()
        assert seen.free, "its holder gave it back"
        won[winner[1]] += 1
    assert sum(won.values()) == count


async def test_only_its_own_lock_is_given_back(demo_fleet: DemoFleet, tmp_path: Path) -> None:
    async with console(demo_fleet, tmp_path) as at:
        await at.plan("restart", hosts="web1")
        write_lock(demo_fleet, "web1", OTHER)
        session = at.fleet.sessions["web1"]
        give = replace(unlock_command(at.context.app), env=((STEP_VARIABLE, "mine-1"),))
        outcome = await session.run(give, at.gate.grant("f" * 64))
    assert outcome.exit_status == HELD
    assert b"it is not the lock of mine" in outcome.stderr
    assert json.loads(lock_of(demo_fleet, "web1").read_text())["op"] == OTHER


async def test_releases_and_the_schema_are_left_alone_while_another_host_is_changed(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    write_lock(demo_fleet, "web2", OTHER, age_s=20)
    async with console(demo_fleet, tmp_path) as at:
        for kind, params in (
            ("rollback", {"version": "0.1.0", "hosts": "web1", "code_only": "yes"}),
            ("migrate", {"direction": "down", "versions": "20180101120000"}),
        ):
            with pytest.raises(PlanRefused, match=r"web2 is locked by .*pager 12"):
                await at.plan(kind, **params)
        assert (await at.plan("restart", hosts="web1")).steps, "a restart is the host's own"


async def test_a_stale_lock_is_explained_and_cleared_only_against_the_policy(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    write_lock(demo_fleet, "web1", OTHER, age_s=700)
    async with console(demo_fleet, tmp_path) as at:
        with pytest.raises(PlanRefused) as caught:
            await at.plan("restart", hosts="web1")
        assert "11m" in caught.value.reason
        assert "its console may be gone" in caught.value.reason
        plan = await at.plan("unlock")
        assert plan.tier is Tier.POLICY
        assert "pager 12" in plan.policy
        assert [(s.kind, s.host, s.param("op")) for s in plan.steps] == [
            ("clear_lock", "web1", OTHER)
        ]
        bare = Consent(plan.hash, plan.environment, "test")
        assert not_consented(plan, bare), "it must be typed, with a reason of its own"
        run = await at.carry_out(plan)
        assert run.ended is not None
        assert run.ended.ok, run.ended.summary
        assert not lock_of(demo_fleet, "web1").exists()
        with pytest.raises(PlanRefused, match="no lock is held"):
            await at.plan("unlock")
    audit = (tmp_path / "audit" / "audit.jsonl").read_text()
    assert '"event":"break-glass"' in audit
    assert f"held by {OTHER}" in audit


async def test_a_lock_with_a_step_at_work_or_a_young_one_is_never_cleared(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    write_lock(demo_fleet, "web1", OTHER, age_s=60)
    async with console(demo_fleet, tmp_path) as at:
        with pytest.raises(PlanRefused, match="cleared when it is 10 minutes old"):
            await at.plan("unlock", hosts="web1")
        write_lock(demo_fleet, "web1", OTHER, age_s=7000)
        stale = await at.plan("unlock", hosts="web1")
        step = detached_command(at.context.app, "sleep 60", (), limit_s=60.0, environment=False)
        named = replace(step, env=((STEP_VARIABLE, f"{OTHER}-4"),))
        session = at.fleet.sessions["web1"]
        assert (await session.run(named, at.gate.grant("f" * 64))).ok
        (seen,) = (await read_locks(at.context, ("web1",))).values()
        assert seen.live == (f"{OTHER}-4",)
        with pytest.raises(PlanRefused, match="not cleared while that goes on"):
            await at.plan("unlock", hosts="web1")
        run = await at.carry_out(stale)
        assert run.last_of(0).state is StepState.REFUSED
    assert lock_of(demo_fleet, "web1").exists()


async def test_whoever_may_only_restart_does_so_without_a_lock_and_is_told_the_line(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    async with console(demo_fleet, tmp_path, "restarter") as at:
        plan = await at.plan("restart", hosts="web1")
        assert [step.kind for step in plan.steps] == ["restart"]
        (verdict,) = [v for v in plan.verdicts if v.guard == "lock"]
        assert verdict.kind is VerdictKind.WARN
        assert "web1 goes without a lock" in verdict.reason
        assert verdict.reason.endswith("\n  restarter ALL=(billing) NOPASSWD: ALL")
        assert (await at.plan("restart", hosts="web1")).hash == plan.hash
        run = await at.carry_out(plan)
        assert run.ended is not None
        assert run.ended.ok, run.ended.summary
        right = (await rights_for(at.context, "deploy", ("web1",)))["web1"]
        assert right.missing == ("restarter ALL=(billing) NOPASSWD: ALL",)
        assert "restarter may not act as billing by sudo" in right.sentence
    async with console(demo_fleet, tmp_path, "watcher") as at:
        await at.fleet.sessions["web1"].usable()
        right = (await rights_for(at.context, "deploy", ("web1",)))["web1"]
        assert right.missing == (
            "watcher ALL=(billing) NOPASSWD: ALL",
            "watcher ALL=(root) NOPASSWD: /usr/bin/systemctl --job-mode\\=fail restart "
            "billing_prod.service",
        )
    async with console(demo_fleet, tmp_path) as at:
        await at.fleet.sessions["web1"].usable()
        right = (await rights_for(at.context, "deploy", ("web1",)))["web1"]
        assert (right.missing, right.refused, right.sentence) == ((), "", "")
        assert right.owner.detaches


async def test_on_a_full_disk_a_restart_goes_without_a_lock_and_nothing_else_does(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    async with console(demo_fleet, tmp_path) as at:
        free = await at.plan("restart", hosts="web1 web2")
        demo_fleet.machines["web1"].fill_disk()
        plan = await at.plan("restart", hosts="web1 web2")
        assert plan.hash != free.hash
        assert [step.host for step in plan.steps if step.kind == "lock"] == ["web2"]
        assert ("web1 lock", "none is kept") in plan.facts
        (verdict,) = [v for v in plan.verdicts if v.guard == "lock"]
        assert verdict.kind is VerdictKind.WARN
        assert verdict.reason.startswith("web1 goes without a lock")
        assert verdict.reason.endswith("no space is left on its disk")
        run = await at.carry_out(plan)
        assert run.ended is not None
        assert run.ended.ok, run.ended.summary
        with pytest.raises(PlanRefused, match="web1: no space is left on its disk"):
            await at.plan("rollback", version="0.1.0", code_only="yes", hosts="web1")


async def test_a_lock_that_cannot_be_written_begins_nothing(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    folder = lock_of(demo_fleet, "web1").parent
    folder.write_text("in the way")
    async with console(demo_fleet, tmp_path) as at:
        run = await at.carry_out(await at.plan("restart", hosts="web1"))
    assert run.last_of(0).state is StepState.REFUSED
    assert ".beamdeck cannot be written" in run.last_of(0).detail
    assert run.last_of(1).state is StepState.SKIPPED


async def test_the_hash_stays_while_the_unit_loops_and_the_plan_is_carried_out(
    make_fleet: MakeFleet, tmp_path: Path
) -> None:
    demo_fleet = await make_fleet(hosts=("web1",), timing=replace(FAST, limit_burst=1000))
    machine = demo_fleet.machines["web1"]
    machine.restart_behaviour = "loop"
    machine.unit.submit("restart")
    await until(lambda: machine.unit.state.active in ("activating", "failed"))
    async with console(demo_fleet, tmp_path) as at:
        plans = []
        for _ in range(4):
            count = machine.unit.state.restarts
            await until(lambda count=count: machine.unit.state.restarts > count)
            plans.append(await at.plan("restart", hosts="web1"))
        assert len({plan.hash for plan in plans}) == 1
        assert any("LOOPING" in v.reason or "loop" in v.guard for v in plans[0].verdicts)
        machine.restart_behaviour = "ok"
        run = await at.carry_out(plans[0])
    assert run.ended is not None
    assert run.ended.ok, run.ended.summary


@pytest.mark.parametrize(
    ("age_s", "live", "way_on"),
    [
        (20.0, (), "wait for its end; if its console is gone, go on with it or end it by O"),
        (20.0, ("beamdeck-billing-1",), "wait for its end"),
        (900.0, (), "go on with it or end it by O (beamdeck operations), or clear it"),
    ],
)
def test_a_lock_that_is_held_says_what_to_do_about_it(
    age_s: float, live: tuple[str, ...], way_on: str
) -> None:
    holder = Holder(
        "op-1", "ana", "laptop", "devops", "billing", "b.service", 0.0, "restart billing"
    )
    seen = LockSeen("web1", holder, age_s=age_s, live=live)
    (told,) = lock_problems({"web1": seen})
    assert f"; {way_on}" in told
    assert ("O (beamdeck operations)" in told) is not live

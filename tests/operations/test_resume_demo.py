"""Operations on the embedded fleet whose console goes away: found, judged, gone on with, ended."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.operations.demo_bench import Console, console
from tui.model.consent import Consent
from tui.model.operation import Unresolved, Worker
from tui.model.plan import Plan
from tui.operations.audit_log import AuditLog, verify
from tui.operations.guards import consent_needs
from tui.operations.open_operations import open_operations
from tui.operations.oplog import OpLog
from tui.operations.plan_run import PlanRun
from tui.operations.planners import step_kinds
from tui.operations.records import Records, Resumption
from tui.operations.resolve import resolve
from tui.operations.resume import Look, look_at, words_of
from tui.operations.steps import Finding, Ready

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


class Killed(BaseException):
    """SIGKILL: nothing of the console runs after it."""


def ops(folder: Path) -> OpLog:
    return OpLog(folder / "ops", time.time)


def audit(folder: Path) -> AuditLog:
    return AuditLog(folder / "audit" / "audit.jsonl", time.time)


def copy_of(demo: DemoFleet, host: str, op: str) -> Path:
    return demo.machines[host].sandbox.real(f"{demo.app.root}/.beamdeck/ops/{op}.jsonl")


def lock_of(demo: DemoFleet, host: str) -> Path:
    return demo.machines[host].sandbox.real(f"{demo.app.root}/.beamdeck/lock")


def events_of(content: bytes) -> list[str]:
    return [json.loads(line)["event"] for line in content.splitlines()]


def starts_of(demo: DemoFleet) -> dict[str, int]:
    """How often each host's unit was started, by its journal."""

    def said(machine: Any) -> int:
        entries = [bytes(entry.get("MESSAGE") or b"") for entry in machine.journal.entries]
        # A detached step is a unit of its own, and is started too.
        return sum(x.startswith(b"Started ") and b"beamdeck step" not in x for x in entries)

    return {name: said(machine) for name, machine in demo.machines.items()}


async def killed_at(at: Console, plan: Plan, record: int, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Carry the plan out until the log's record `record` (from 1) is on disk, and nothing after;
    whether it got so far."""
    from tui.operations.chain_file import ChainFile

    real = ChainFile.append
    count = 0

    def append(self: ChainFile, body: Any) -> str:
        nonlocal count
        if self.path.parent.name != "ops":
            return real(self, body)
        if count >= record:
            raise Killed
        count += 1
        digest = real(self, body)
        if count >= record:
            raise Killed
        return digest

    with monkeypatch.context() as patched:
        patched.setattr(ChainFile, "append", append)
        run = at.run_of(plan)
        run.watch(lambda: run.go_on() if run.paused else None)
        with contextlib.suppress(Killed):
            await asyncio.wait_for(run.run(), 60)
            return False
    return True


async def look(at: Console, left: Unresolved) -> Look:
    return await asyncio.wait_for(
        look_at(at.context, left, ops(at.folder), step_kinds(at.context), lambda *_: None), 60
    )


async def go_on(at: Console, seen: Look, *, stop: bool = False) -> PlanRun:
    plan = seen.plan
    assert plan is not None
    consent = Consent(plan.hash, plan.environment, "the train is back", break_glass="bob is asleep")
    run = PlanRun(
        plan,
        consent,
        sessions=at.fleet.sessions,
        gate=at.gate,
        oplog=ops(at.folder),
        audit=audit(at.folder),
        kinds=step_kinds(at.context),
        clock=time.time,
        app=at.context.app,
        going=seen.resumption,
    )
    if stop:
        run.stop_here()
    run.watch(lambda: run.go_on() if run.paused else None)
    await asyncio.wait_for(run.run(), 60)
    assert verify(at.folder / "audit" / "audit.jsonl") == ""
    return run


async def test_the_copies_on_both_hosts_are_the_local_log(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    async with console(demo_fleet, tmp_path) as at:
        await at.carry_out(await at.plan("restart", hosts="web1 web2"))
        assert (await open_operations(at.context, ops(tmp_path))).found == ()
    (log,) = (tmp_path / "ops").glob("*.jsonl")
    for host in ("web1", "web2"):
        copy = copy_of(demo_fleet, host, log.stem)
        assert copy.read_bytes() == log.read_bytes()
        assert copy.stat().st_mode & 0o777 == 0o640
    assert events_of(log.read_bytes())[-1] == "end"


@pytest.mark.parametrize("every", [3, pytest.param(1, marks=pytest.mark.soak)])
async def test_killed_at_any_record_it_is_found_judged_and_gone_on_with(
    make_fleet: MakeFleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, every: int
) -> None:
    """R29, and: nothing runs twice, no lock stays without a word."""
    demo = await make_fleet(hosts=("web1",))
    machine = demo.machines["web1"]
    machine.timing = replace(machine.timing, limit_burst=10_000)
    async with console(demo, tmp_path) as at:
        for record in range(1, 20, every):
            before = starts_of(demo)["web1"]
            plan = await at.plan("restart", hosts="web1")
            if not await killed_at(at, plan, record, monkeypatch):
                break
            began = time.monotonic()
            found = (await open_operations(at.context, ops(tmp_path))).found
            assert time.monotonic() - began < 2.0
            if record == 12:
                # Its end was written, though not on the host: it is over.
                assert found == ()
                continue
            (left,) = found
            seen = await look(at, left)
            assert not seen.problem, seen.problem
            assert not seen.open
            if seen.plan is None:
                # Killed before the whole plan was on disk: nothing was sent, and it can be ended.
                assert record == 1
                session = at.fleet.sessions["web1"]
                kinds = step_kinds(at.context)
                await resolve(left, session, kinds, ops(tmp_path), audit(tmp_path), lambda *_: None)
                continue
            assert not seen.cannot
            run = await go_on(at, seen)
            assert run.ended is not None
            assert run.ended.ok, run.ended.summary
            assert starts_of(demo)["web1"] - before == 1
            assert (await open_operations(at.context, ops(tmp_path))).found == ()
            assert not lock_of(demo, "web1").exists()
    assert record == 13


async def test_another_operator_takes_over_and_the_first_console_stands_down(
    make_fleet: MakeFleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo = await make_fleet(hosts=("web1", "web2"))
    before = starts_of(demo)
    async with console(demo, tmp_path / "bob") as bob, console(demo, tmp_path / "eve") as eve:
        plan = await bob.plan("restart", hosts="web1 web2")
        run = bob.run_of(plan)
        waits = asyncio.Event()

        # Bob's console hangs before it writes the intent of the second restart.
        real = Records.intent

        def intent(self: Records, index: int, *rest: Any) -> str:
            if index == 3 and self._operation._chain.path.is_relative_to(tmp_path / "bob"):
                waits.set()
                raise Killed
            return real(self, index, *rest)

        with monkeypatch.context() as patched:
            patched.setattr(Records, "intent", intent)
            patched.setattr("tui.operations.runner._Run._leave", lambda *_: None)
            with contextlib.suppress(Killed):
                await asyncio.wait_for(run.run(), 60)
        assert waits.is_set()
        (left,) = (await open_operations(eve.context, ops(tmp_path / "eve"))).found
        assert left.found_on == ("web1", "web2")
        monkeypatch.setattr("tui.operations.resume._me", lambda: Worker("eve", "other"))
        seen = await look(eve, left)
        assert seen.takes_over
        assert not seen.problem
        assert not seen.cannot
        assert seen.plan is not None
        assert seen.plan.hash == plan.hash
        assert "takes over the operation of" in consent_needs(seen.plan).policy
        assert any("ask first" in note for note in seen.notes)
        eves = await go_on(eve, seen)
        assert eves.ended is not None
        assert eves.ended.ok, eves.ended.summary
        assert [e["event"] for e in audited(tmp_path / "eve")].count("takeover") == 1

        # Bob wakes up, and goes on where he stood.
        (mine,) = ops(tmp_path / "bob").unresolved()
        bobs = PlanRun(
            plan,
            Consent(plan.hash, plan.environment, "back"),
            sessions=bob.fleet.sessions,
            gate=bob.gate,
            oplog=ops(tmp_path / "bob"),
            audit=audit(tmp_path / "bob"),
            kinds=dict.fromkeys(step_kinds(bob.context), stubborn),
            clock=time.time,
            app=bob.context.app,
            going=Resumption(mine, mine.path.read_bytes()),
        )
        await asyncio.wait_for(bobs.run(), 60)
        assert bobs.ended is not None
        assert not bobs.ended.ok
        assert "this console stands down" in bobs.ended.summary
        assert "goes on with it" in bobs.ended.summary
    assert ops(tmp_path / "bob").unresolved() == ()
    after = starts_of(demo)
    assert {host: after[host] - before[host] for host in after} == {"web1": 1, "web2": 1}
    for host in ("web1", "web2"):
        assert not lock_of(demo, host).exists()
        assert events_of(copy_of(demo, host, left.op).read_bytes()).count("takeover") == 1


class Stubborn:
    """A step that would be sent whatever the host says."""

    async def judge(self) -> Ready:
        return Ready()

    async def progress(self) -> str:
        return ""

    async def find_out(self, *_: Any) -> Finding:
        raise AssertionError("it was sent")


def stubborn(*_: Any) -> Stubborn:
    return Stubborn()


def audited(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in audit(folder).path.read_bytes().splitlines()]


async def test_stop_here_gives_the_locks_back_and_says_how_the_fleet_stands(
    make_fleet: MakeFleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo = await make_fleet(hosts=("web1", "web2"))
    async with console(demo, tmp_path) as at:
        # plan, whole, two locks, and the intent of the first restart
        await killed_at(at, await at.plan("restart", hosts="web1 web2"), 9, monkeypatch)
        assert lock_of(demo, "web1").exists()
        (left,) = (await open_operations(at.context, ops(tmp_path))).found
        seen = await look(at, left)
        assert seen.left is not None
        assert seen.left.locked == ("web1", "web2")
        assert "locked by it: web1, web2" in words_of(seen)
        run = await go_on(at, seen, stop=True)
        assert run.ended is not None
        assert "done: nothing" in run.ended.summary or "not done: web1" in run.ended.summary
        assert (await open_operations(at.context, ops(tmp_path))).found == ()
    assert not lock_of(demo, "web1").exists()
    assert not lock_of(demo, "web2").exists()


async def test_a_lock_that_was_cleared_meanwhile_forbids_going_on(
    make_fleet: MakeFleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo = await make_fleet(hosts=("web1",))
    async with console(demo, tmp_path) as at:
        await killed_at(at, await at.plan("restart", hosts="web1"), 6, monkeypatch)
        lock_of(demo, "web1").unlink()
        (left,) = (await open_operations(at.context, ops(tmp_path))).found
        seen = await look(at, left)
        assert seen.cannot == "web1's lock is no longer its own: it is free"


async def test_who_may_not_act_as_the_owner_goes_without_copies_and_is_told(
    make_fleet: MakeFleet, tmp_path: Path
) -> None:
    demo = await make_fleet(hosts=("web1",), user="restarter")
    async with console(demo, tmp_path, user="restarter") as at:
        run = await at.carry_out(await at.plan("restart", hosts="web1"))
        assert run.ended is not None
        assert run.ended.ok
        told = [event.detail for event in run.history_of(0)]
        assert any("no copy of the operation is kept there" in line for line in told)
        assert (await open_operations(at.context, ops(tmp_path))).found == ()

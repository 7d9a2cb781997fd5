"""Plans of migrations carried out on the embedded fleet: real SSH, sh and files, Ecto's rules."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.operations.test_migration_demo import (
    AMOUNT,
    INVOICES,
    IRREVERSIBLE,
    LEGACY,
    REPO,
    USERS,
    tree_of,
    unpack,
)
from tests.waiting import until
from tui.demo import ecto
from tui.demo.elixir.errors import ElixirError
from tui.model.consent import Consent
from tui.model.fleet import Limits
from tui.model.migration import By, Direction, MigrationStatus
from tui.model.plan import Facts, Plan, PlanRefused, StepState, Tier
from tui.operations.audit_log import AuditLog, verify
from tui.operations.context import PlanContext
from tui.operations.migrate import down_steps, tier_of
from tui.operations.oplog import OpLog
from tui.operations.plan_run import PlanRun
from tui.operations.planners import build_plan, plan_again, step_kinds
from tui.operations.snapshot import Board
from tui.operations.steps import tell_name
from tui.ssh.fleet import Fleet
from tui.ssh.gate import Gate

if TYPE_CHECKING:
    from tui.demo.database import Database
    from tui.demo.fleet import DemoFleet


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.operations.migrate_work.POLL_S", 0.02)
    monkeypatch.setattr("tui.operations.detached.POLL_S", 0.05)
    monkeypatch.setattr("tui.operations.detached.ABSENT_S", 1.0)


@dataclass
class Console:
    """A console of one fleet that plans and carries out migrations."""

    demo: DemoFleet
    fleet: Fleet
    gate: Gate
    context: PlanContext
    folder: Path

    async def plan(self, direction: str, *versions: int, by: str = "", release: str = "") -> Plan:
        params: Facts = (
            ("direction", direction),
            ("repo", REPO),
            ("versions", " ".join(map(str, versions))),
            ("by", by),
            ("release", release),
        )
        return await build_plan(self.context, "migrate", params)

    async def refused(self, direction: str, *versions: int, by: str = "") -> str:
        with pytest.raises(PlanRefused) as raised:
            await self.plan(direction, *versions, by=by)
        return raised.value.reason

    def run_of(self, plan: Plan) -> PlanRun:
        consent = Consent(
            plan.hash,
            self.demo.environment.name,
            "test",
            oldest=plan.oldest,
            ticked=frozenset(loss.key for loss in plan.losses),
        )
        return PlanRun(
            plan,
            consent,
            sessions=self.fleet.sessions,
            gate=self.gate,
            oplog=OpLog(self.folder / "ops", time.time),
            audit=AuditLog(self.folder / "audit" / "audit.jsonl", time.time),
            kinds=step_kinds(self.context),
            clock=time.time,
        )

    async def carry_out(self, plan: Plan) -> PlanRun:
        run = self.run_of(plan)
        await asyncio.wait_for(run.run(), 30)
        assert verify(self.folder / "audit" / "audit.jsonl") == ""
        return run

    @property
    def applied(self) -> set[int]:
        return self.demo.machines["web1"].database.applied


@asynccontextmanager
async def console(demo: DemoFleet, folder: Path) -> AsyncIterator[Console]:
    gate = Gate(False, 900.0, time.time)
    limits = Limits(connect_timeout_s=5.0, keepalive_s=0.3, keepalive_misses=2)
    fleet = Fleet(demo.environment, limits, gate, ssh_config=())
    board = Board(fleet.sessions, demo.app, limits)
    fleet.start()
    try:
        names = ("web1", "web2", "web3")
        await asyncio.wait_for(asyncio.gather(*(fleet.sessions[n].usable() for n in names)), 20)
        context = PlanContext(
            demo.environment, demo.app, fleet.sessions, board.refresh, limits, time.time
        )
        yield Console(demo, fleet, gate, context, folder)
    finally:
        await fleet.close()


def migrations_of(run: PlanRun) -> list[tuple[str, StepState, str]]:
    return [
        (step.param("version"), run.last_of(i).state, run.last_of(i).detail)
        for i, step in enumerate(run.plan.steps)
        if step.kind.startswith("migrate_")
    ]


async def test_down_and_up_again_each_verified_by_the_status(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    async with console(demo_fleet, tmp_path) as at:
        plan = await at.plan("down", INVOICES, AMOUNT)
        assert plan.tier is Tier.DATA_LOSS
        assert plan.oldest == str(INVOICES)
        assert [loss.key for loss in plan.losses] == [str(AMOUNT), str(INVOICES)]
        assert plan.losses[0].what == "add_amount: column t_create_invoices.amount"
        said = next(v.reason for v in plan.verdicts if v.guard == "set")
        assert said == f"{INVOICES} and the one after it are undone; 20170728105044 stays"
        assert (await plan_again(at.context, plan)).hash == plan.hash
        run = await at.carry_out(plan)
        assert run.ended is not None
        assert run.ended.ok, run.ended.summary
        assert not {INVOICES, AMOUNT} & at.applied
        done = migrations_of(run)
        assert [row[0] for row in done] == [str(AMOUNT), str(INVOICES)]
        assert f"status read: {AMOUNT} is not applied" in done[0][2]
        back = await at.plan("up")
        assert back.tier is Tier.REVERSIBLE  # nothing is lost by these two
        run = await at.carry_out(back)
        assert run.ended is not None
        assert run.ended.ok, run.ended.summary
        assert {INVOICES, AMOUNT} <= at.applied


async def test_by_eval_the_code_on_disk_runs_beside_the_old_node(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    unpack(demo_fleet, "0.3.0")
    async with console(demo_fleet, tmp_path) as at:
        refused = await at.refused("up", LEGACY)
        assert refused == f"web1: {LEGACY} is no migration of Billing.Repo"
        plan = await at.plan("up", LEGACY, by="eval", release="0.3.0")
        assert plan.tier is Tier.DATA_LOSS  # its UPDATE cannot be judged
        run = await at.carry_out(plan)
        assert run.ended is not None
        assert run.ended.ok, run.ended.summary
        assert LEGACY in at.applied
        # The running node's code lacks the file now: it can undo nothing of it.
        refused = await at.refused("down", LEGACY, by="rpc")
        assert "has no file in this release: only a release that has it can undo it" in refused
        assert "0.3.0 on its disk has it: its code can, beside the node." in refused
        assert "plan rollback billing --to 0.2.0 undoes all that 0.2.0 lacks" in refused
        run = await at.carry_out(await at.plan("down", LEGACY, by="eval", release="0.3.0"))
        assert run.ended is not None
        assert run.ended.ok, run.ended.summary
        assert LEGACY not in at.applied


async def test_the_first_migrations_of_a_database_make_its_table(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    database = demo_fleet.machines["web1"].database
    database.table, database.applied = False, set()
    async with console(demo_fleet, tmp_path) as at:
        plan = await at.plan("up", USERS)
        assert not database.table  # no read makes it
        run = await at.carry_out(plan)
        assert run.ended is not None
        assert run.ended.ok, run.ended.summary
        assert (database.table, database.applied) == (True, {USERS})


async def test_what_is_refused_before_anything_is_sent(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    unpack(demo_fleet, "0.3.0")
    demo_fleet.machines["web1"].database.applied |= {LEGACY, IRREVERSIBLE}
    before = set(demo_fleet.machines["web1"].database.applied)
    async with console(demo_fleet, tmp_path) as at:
        with pytest.raises(PlanRefused, match="none were named"):
            await at.plan("down")
        with pytest.raises(PlanRefused, match="none were named"):
            down_steps(at.context, MigrationStatus("web1", By.RPC), (), by=By.RPC, release="x")
        with pytest.raises(PlanRefused, match="run once, on web1; not on web2"):
            await build_plan(at.context, "migrate", (("direction", "up"), ("hosts", "web2")))
        with pytest.raises(PlanRefused, match="is no migration version"):
            await build_plan(
                at.context, "migrate", (("direction", "down"), ("versions", "1;reboot"))
            )
        assert "nothing is pending" in await at.refused("up")
        assert "one by one" in await at.refused("down", USERS, INVOICES)
        with pytest.raises(PlanRefused, match="has neither down nor change"):
            await at.plan("down", IRREVERSIBLE, by="eval", release="0.3.0")
        assert at.applied == before


@pytest.mark.parametrize("production", [True, False])
def test_every_down_is_guarded_as_a_loss_and_an_up_where_something_goes(production: bool) -> None:
    assert tier_of(Direction.DOWN, False, production) is Tier.DATA_LOSS
    assert tier_of(Direction.UP, True, production) is Tier.DATA_LOSS
    plain = Tier.PRODUCTION if production else Tier.REVERSIBLE
    assert tier_of(Direction.UP, False, production) is plain


async def test_where_no_node_answers_the_code_on_disk_does_it(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    async with console(demo_fleet, tmp_path) as at:
        (tree_of(demo_fleet).real / "releases/COOKIE").write_text("another")
        plan = await at.plan("down", AMOUNT)
        assert plan.param("by") == "eval"
        said = [v.reason for v in plan.verdicts if v.guard == "code"]
        assert said == ["run beside the node, by the code of 0.2.0 on disk"]
        run = await at.carry_out(plan)
        assert run.ended is not None
        assert run.ended.ok, run.ended.summary
        assert AMOUNT not in at.applied


async def test_a_change_of_somebody_else_stops_it_before_the_step(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    async with console(demo_fleet, tmp_path) as at:
        plan = await at.plan("down", AMOUNT)
        at.applied.add(IRREVERSIBLE)
        run = await at.carry_out(plan)
        ((_, state, detail),) = migrations_of(run)
        assert state is StepState.REFUSED
        assert f"{IRREVERSIBLE} is applied" in detail
        assert AMOUNT in at.applied


async def test_an_empty_answer_with_exit_0_is_not_done(
    demo_fleet: DemoFleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with console(demo_fleet, tmp_path) as at:
        plan = await at.plan("down", INVOICES, AMOUNT)
        monkeypatch.setattr(ecto, "chosen", lambda *_: [])
        run = await at.carry_out(plan)
        first, second = migrations_of(run)
        assert first[1] is StepState.FAILED
        assert f"not done: {AMOUNT} is applied. Ecto answered []" in first[2]
        assert "exit status 0" in first[2]
        assert second[1] is StepState.SKIPPED
        assert run.ended is not None
        assert not run.ended.ok


async def test_a_failure_keeps_ectos_words_and_what_was_done(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    file = tree_of(demo_fleet).migrations_folder("0.2.0") / f"{INVOICES}_create_invoices.exs"
    async with console(demo_fleet, tmp_path) as at:
        plan = await at.plan("down", INVOICES, AMOUNT)
        # The text that was judged is not the one that runs: Ecto refuses it at the last moment.
        file.write_text(file.read_text().replace("create table(:t_create_invoices) do",
            "drop table(:old)\n    create table(:t_create_invoices) do"))  # fmt: skip
        run = await at.carry_out(plan)
        first, second = migrations_of(run)
        assert first[1] is StepState.DONE
        assert second[1] is StepState.FAILED
        assert f"not done: {INVOICES} is applied" in second[2]
        assert "Ecto.MigrationError: cannot reverse migration command: drop table" in second[2]
        assert at.applied & {INVOICES, AMOUNT} == {INVOICES}


async def test_a_row_that_went_although_ecto_failed_is_no_success(
    demo_fleet: DemoFleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def loses_its_row(database: Database, *_: object) -> list[int]:
        database.applied.discard(AMOUNT)
        raise ElixirError("Ecto.MigrationError", "x does not implement a `down/0`")

    async with console(demo_fleet, tmp_path) as at:
        plan = await at.plan("down", AMOUNT)
        monkeypatch.setattr(ecto, "run", loses_its_row)
        ((_, state, detail),) = migrations_of(await at.carry_out(plan))
        assert state is StepState.FAILED
        assert "look at the schema. Ecto.MigrationError: x does not implement" in detail


async def test_a_migration_outlives_the_link_and_is_found_again_with_its_output(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    machine = demo_fleet.machines["web1"]
    machine.database.migration_s = 1.5
    async with console(demo_fleet, tmp_path) as at:
        plan = await at.plan("down", AMOUNT)
        run = at.run_of(plan)
        task = asyncio.create_task(run.run())
        await until(machine.database.lock.locked)
        machine.drop_connections()
        await asyncio.wait_for(task, 30)
        ((_, state, detail),) = migrations_of(run)
        assert state is StepState.DONE
        assert f"status read: {AMOUNT} is not applied" in detail
        assert "not known" not in detail  # its answer was read to its end
        index = [step.kind for step in plan.steps].index("migrate_down")
        said = [event.detail for event in run.history_of(index)]
        assert any("waiting for the link" in text or "out of sight" in text for text in said)


async def test_another_console_reads_the_truth_of_a_step_it_did_not_send(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    async with console(demo_fleet, tmp_path) as at:
        plan = await at.plan("down", AMOUNT)
        index = [step.kind for step in plan.steps].index("migrate_down")
        run = await at.carry_out(plan)
        (record,) = (tmp_path / "ops").glob("*.jsonl")
        work = step_kinds(at.context)["migrate_down"](
            plan.steps[index], at.fleet.sessions["web1"], plan.facts
        )
        tell_name(work, record.stem, index)
        finding = await work.find_out((), None, lambda *_: None)
        assert finding.state is StepState.DONE
        assert run.last_of(index).state is StepState.DONE
        # A log of old that kept no parameters: open, never guessed.
        bare = step_kinds(at.context)["migrate_down"](
            replace(plan.steps[index], params=()), at.fleet.sessions["web1"], plan.facts
        )
        unknown = await bare.find_out((), None, lambda *_: None)
        assert (unknown.state, unknown.open) == (StepState.UNKNOWN, True)
        # Of a step that never began, the status is the whole truth.
        tell_name(work, record.stem, 77)
        at.applied.add(AMOUNT)
        finding = await work.find_out((), None, lambda *_: None)
        assert finding.state is StepState.FAILED
        assert "it was never begun" in finding.detail

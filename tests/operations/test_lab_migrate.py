"""Migrations on the lab's hosts: a real release, its Elixir and PostgreSQL, the stand-in for Ecto.

What the console says is compared with what root reads in the database itself.
"""

from __future__ import annotations

import asyncio
import re
import shlex
import shutil
import textwrap
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.lab.faults import black_hole, end_connections
from tests.lab.lab import Lab
from tests.lab.recipe import APP_ROOT
from tui.commands import snippet
from tui.model.consent import Consent
from tui.model.fleet import Environment, Limits
from tui.model.migration import By, MigrationStatus
from tui.model.plan import Facts, Plan, PlanRefused, StepState, Tier
from tui.operations.audit_log import AuditLog, verify
from tui.operations.context import PlanContext
from tui.operations.migration_read import read_both
from tui.operations.oplog import OpLog
from tui.operations.plan_run import PlanRun
from tui.operations.planners import build_plan, step_kinds
from tui.operations.snapshot import Board
from tui.ssh.fleet import Fleet
from tui.ssh.gate import Gate

pytestmark = [pytest.mark.lab, pytest.mark.timeout(240)]

REPO = "Billing.Repo"
USERS, EMAIL, INVOICES, AMOUNT = 20170725101500, 20170728105044, 20170801090000, 20180101120000
LEGACY, IRREVERSIBLE = 20180202120000, 20180203120000
SLOW, HIDDEN = 20190101000000, 20190102000000
OLD = (USERS, EMAIL, INVOICES, AMOUNT)
FOLDER = f"{APP_ROOT}/lib/billing-0.2.0/priv/repo/migrations"


@pytest.fixture(scope="module", autouse=True)
def as_it_was(lab: Lab) -> Iterator[None]:
    """0.3.0 lies on web1's disk beside the running 0.2.0; everything is put back afterwards."""
    lab.reset()
    shutil.copy(lab.releases / "billing-0.3.0.tar.gz", lab.host("web1").root / "var/tmp/new.tgz")
    lab.sh(
        "web1",
        f"cd {APP_ROOT} && tar -xzf /var/tmp/new.tgz --exclude=releases/COOKIE "
        "&& chown -R billing:billing . && rm /var/tmp/new.tgz",
    )
    yield
    lab.reset()


def query(lab: Lab, sql: str) -> list[str]:
    """Words that root reads in the database."""
    said = lab.sh("db1", f"echo {shlex.quote(sql)} | su postgres -c 'psql -At -d billing_prod'")
    return said.split()


def applied(lab: Lab) -> tuple[int, ...]:
    return tuple(map(int, query(lab, "SELECT version FROM schema_migrations ORDER BY 1")))


def columns(lab: Lab, table: str) -> list[str]:
    where = f"table_name = '{table}'"
    return query(lab, f"SELECT column_name FROM information_schema.columns WHERE {where}")


@pytest.fixture
def migration(lab: Lab) -> Iterator[object]:
    """`migration(version, name, body)` puts a file into the running release of web1."""
    made: list[Path] = []

    def make(version: int, name: str, body: str) -> None:
        path = lab.host("web1").root / FOLDER.lstrip("/") / f"{version}_{name}.exs"
        inner = textwrap.indent(textwrap.dedent(body).strip("\n"), "  ")
        module = "".join(part.title() for part in name.split("_"))
        path.write_text(f"defmodule Lab.{module} do\n  use Ecto.Migration\n\n{inner}\nend\n")
        made.append(path)

    yield make
    for path in made:
        path.unlink()
        version = int(path.name.partition("_")[0])
        query(lab, f"DELETE FROM schema_migrations WHERE version = {version}")


@dataclass
class Console:
    """A console over the lab's hosts that plans and carries out migrations."""

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

    def run_of(self, plan: Plan) -> PlanRun:
        ticked = frozenset(loss.key for loss in plan.losses)
        return PlanRun(
            plan,
            Consent(plan.hash, plan.environment, "lab", oldest=plan.oldest, ticked=ticked),
            sessions=self.fleet.sessions,
            gate=self.gate,
            oplog=OpLog(self.folder / "ops", time.time),
            audit=AuditLog(self.folder / "audit" / "audit.jsonl", time.time),
            kinds=step_kinds(self.context),
            clock=time.time,
        )

    async def carry_out(self, plan: Plan) -> PlanRun:
        run = self.run_of(plan)
        await asyncio.wait_for(run.run(), 120)
        assert verify(self.folder / "audit" / "audit.jsonl") == ""
        return run


@asynccontextmanager
async def console(environment: Environment, folder: Path) -> AsyncIterator[Console]:
    gate = Gate(False, 900.0, time.time)
    limits = Limits(keepalive_s=1.0, keepalive_misses=2)
    fleet = Fleet(environment, limits, gate, ssh_config=())
    fleet.start()
    app = environment.apps[0]
    try:
        board = Board(fleet.sessions, app, limits)
        sessions = fleet.sessions.values()
        await asyncio.wait_for(asyncio.gather(*(s.usable() for s in sessions)), 30)
        context = PlanContext(environment, app, fleet.sessions, board.refresh, limits, time.time)
        yield Console(fleet, gate, context, folder)
    finally:
        await fleet.close()


def done(run: PlanRun) -> None:
    assert run.ended is not None
    assert run.ended.ok, run.ended.summary


def details(run: PlanRun) -> list[tuple[StepState, str]]:
    return [
        (run.last_of(i).state, run.last_of(i).detail)
        for i, step in enumerate(run.plan.steps)
        if step.kind.startswith("migrate_")
    ]


def versions(status: MigrationStatus) -> tuple[str, tuple[int, ...], tuple[int, ...]]:
    assert status.trouble == ""
    repo = status.repo(REPO)
    assert repo is not None
    return status.release, repo.applied, repo.pending


async def test_both_views_of_a_release_that_waits_for_its_restart(
    lab: Lab, lab_environment: Environment, tmp_path: Path
) -> None:
    lab.sh("web1", f"printf '13.1.5 0.3.0' >{APP_ROOT}/releases/start_erl.data")
    try:
        async with console(lab_environment, tmp_path) as at:
            began = time.monotonic()
            seen = await read_both(at.context, "web1")
            print(f"\nboth views and all files read in {time.monotonic() - began:.1f} s")
    finally:
        lab.sh("web1", f"printf '13.1.5 0.2.0' >{APP_ROOT}/releases/start_erl.data")
    assert versions(seen.running) == ("0.2.0", OLD, ())
    assert versions(seen.on_disk) == ("0.3.0", OLD, (LEGACY, IRREVERSIBLE))
    repo = seen.on_disk.repo(REPO)
    assert repo is not None
    assert seen.files.since(repo, AMOUNT) == "0.2.0"
    assert seen.files.since(repo, LEGACY) == "0.3.0"
    assert seen.files.judgements(repo)[AMOUNT].down.words == "column t_create_invoices.amount"


async def test_up_by_the_code_on_disk_and_one_down_again(
    lab: Lab, lab_environment: Environment, tmp_path: Path
) -> None:
    async with console(lab_environment, tmp_path) as at:
        up = await at.plan("up", by="eval", release="0.3.0")
        assert up.tier is Tier.DATA_LOSS
        done(await at.carry_out(up))
        assert applied(lab) == (*OLD, LEGACY, IRREVERSIBLE)
        assert "z" in columns(lab, "t_create_users")
        # The running code has no file of it; the newest has no way down; nothing was sent.
        with pytest.raises(PlanRefused, match="only a release that has it can undo it"):
            await at.plan("down", LEGACY, by="rpc")
        with pytest.raises(PlanRefused, match="has neither down nor change"):
            await at.plan("down", LEGACY, IRREVERSIBLE, by="eval", release="0.3.0")
        one = await at.plan("down", LEGACY, by="eval", release="0.3.0")
        said = next(v.reason for v in one.verdicts if v.guard == "set")
        assert said == f"{LEGACY} alone is undone; {IRREVERSIBLE} stays, although newer"
        run = await at.carry_out(one)
        done(run)
        assert f"status read: {LEGACY} is not applied" in details(run)[0][1]
        assert applied(lab) == (*OLD, IRREVERSIBLE)
    query(lab, "ALTER TABLE t_create_users DROP COLUMN z")
    query(lab, f"DELETE FROM schema_migrations WHERE version = {IRREVERSIBLE}")


async def test_down_and_up_by_the_running_node(
    lab: Lab, lab_environment: Environment, tmp_path: Path
) -> None:
    async with console(lab_environment, tmp_path) as at:
        down = await at.plan("down", INVOICES, AMOUNT)
        began = time.monotonic()
        run = await at.carry_out(down)
        print(f"\ntwo migrations undone and verified in {time.monotonic() - began:.1f} s")
        done(run)
        assert applied(lab) == (USERS, EMAIL)
        assert columns(lab, "t_create_invoices") == []
        done(await at.carry_out(await at.plan("up")))
        assert applied(lab) == OLD
        assert "amount" in columns(lab, "t_create_invoices")
    log = lab.sh("web1", f"cat {APP_ROOT}/.beamdeck/steps/*.out")
    assert f"== Running {AMOUNT} Billing.Repo.Migrations.AddAmount.change/0 backward" in log


async def test_an_empty_answer_with_exit_0_is_not_done(
    lab: Lab, lab_environment: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What Ecto is asked when the target is past the newest (facts.md 9.1): [] and exit 0.
    real = snippet._snippet
    asked = b"Ecto.Migrator.run(repo, [{version, loaded}], direction, to: version)"
    past = b"Ecto.Migrator.run(repo, direction, to: version + 1)"

    def other(file: str) -> bytes:
        text = real(file)
        assert file != "migrate_one.exs" or asked in text
        return text.replace(asked, past)

    monkeypatch.setattr(snippet, "_snippet", other)
    async with console(lab_environment, tmp_path) as at:
        run = await at.carry_out(await at.plan("down", AMOUNT))
    ((state, detail),) = details(run)
    assert state is StepState.FAILED
    assert f"not done: {AMOUNT} is applied. Ecto answered []" in detail
    assert "exit status 0" in detail
    assert applied(lab) == OLD


async def test_a_change_that_ecto_cannot_reverse_fails_in_its_words(
    lab: Lab, lab_environment: Environment, tmp_path: Path, migration: object
) -> None:
    assert callable(migration)
    body = 'def change do\n  for sql <- ["SELECT 1"], do: execute(sql)\nend'
    migration(HIDDEN, "hidden_from_the_scan", body)
    async with console(lab_environment, tmp_path) as at:
        done(await at.carry_out(await at.plan("up", HIDDEN)))
        down = await at.plan("down", HIDDEN)
        assert "what it loses cannot be told" in down.losses[0].what
        run = await at.carry_out(down)
    ((state, detail),) = details(run)
    assert state is StepState.FAILED
    assert f"not done: {HIDDEN} is applied" in detail
    assert 'Ecto.MigrationError: cannot reverse migration command: execute "SELECT 1"' in detail
    assert applied(lab) == (*OLD, HIDDEN)


@pytest.mark.parametrize("by", [By.RPC, By.EVAL])
async def test_a_migration_outlives_the_link_and_its_output_is_found_again(
    lab: Lab, lab_environment: Environment, tmp_path: Path, migration: object, by: By
) -> None:
    assert callable(migration)
    body = (
        'def up do\n  execute "SELECT pg_sleep(7)"\n  execute "CREATE TABLE lab_slow (id int)"\n'
        'end\n\ndef down, do: execute("DROP TABLE lab_slow")'
    )
    migration(SLOW, "slow", body)
    async with console(lab_environment, tmp_path) as at:
        release = "0.2.0" if by is By.EVAL else ""
        plan = await at.plan("up", SLOW, by=by, release=release)
        run = at.run_of(plan)
        task = asyncio.create_task(run.run())
        step = f"{APP_ROOT}/.beamdeck/steps"
        async with asyncio.timeout(30):
            while "pg_sleep" not in lab.sh("web1", f"cat {step}/*.out; true"):
                active = "SELECT query FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sl%'"
                if by is By.RPC and query(lab, active):
                    break  # the node's log lines come when its rpc ends
                await asyncio.sleep(0.1)
        with black_hole("web1"):
            await asyncio.sleep(4.5)
        end_connections(lab.sh, "web1")
        await asyncio.wait_for(task, 60)
        done(run)
        ((_, detail),) = details(run)
        assert f"status read: {SLOW} is applied" in detail
        assert "not known" not in detail
        index = [s.kind for s in plan.steps].index("migrate_up")
        said = [event.detail for event in run.history_of(index)]
        assert any("out of sight" in text or "link" in text for text in said), said
        output = lab.sh("web1", f"cat {step}/*-{index + 1}.out")
        assert len(re.findall(rf"== Migrated {SLOW}", output)) == 1
        assert applied(lab) == (*OLD, SLOW)
        assert columns(lab, "lab_slow") == ["id"]
        done(await at.carry_out(await at.plan("down", SLOW)))
        assert applied(lab) == OLD
    lab.sh("web1", f"rm -f {step}/*")

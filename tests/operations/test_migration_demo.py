"""Migrations of the embedded fleet: the snippets, run by its evaluator, over real SSH."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tui.commands.migration import OneAnswer, one_expression, parse_one
from tui.commands.release_call import ask_by_rpc
from tui.demo.tree import INSIDE, ReleaseTree, release_files
from tui.model.fleet import Flavour, Limits
from tui.model.migration import By, Direction, MigrationStatus
from tui.model.release import ReleaseFacts
from tui.operations.context import PlanContext
from tui.operations.migration_read import read_status
from tui.operations.snapshot import Board
from tui.ssh.fleet import Fleet
from tui.ssh.gate import Gate

if TYPE_CHECKING:
    from tui.demo.fleet import DemoFleet

REPO = "Billing.Repo"
USERS, EMAIL, INVOICES, AMOUNT = (
    20170725101500, 20170728105044, 20170801090000, 20180101120000,
)  # fmt: skip
LEGACY, IRREVERSIBLE = 20180202120000, 20180203120000


@asynccontextmanager
async def context_of(demo: DemoFleet) -> AsyncIterator[PlanContext]:
    gate = Gate(False, 900.0, time.time)
    limits = Limits(connect_timeout_s=5.0)
    fleet = Fleet(demo.environment, limits, gate, ssh_config=())
    board = Board(fleet.sessions, demo.app, limits)
    fleet.start()
    try:
        await asyncio.wait_for(fleet.sessions["web1"].usable(), 20)
        yield PlanContext(
            demo.environment, demo.app, fleet.sessions, board.refresh, limits, time.time
        )
    finally:
        await fleet.close()


def tree_of(demo: DemoFleet) -> ReleaseTree:
    """web1's release."""
    sandbox = demo.machines["web1"].sandbox
    return ReleaseTree(sandbox.root / INSIDE, sandbox.seen(INSIDE))


def unpack(demo: DemoFleet, version: str) -> None:
    """A release's files into web1's tree, nothing else: neither booted nor migrated."""
    for name, content in release_files(version).items():
        demo.machines["web1"].sandbox.write(f"{INSIDE}/{name}", content)


def known(status: MigrationStatus) -> tuple[str, tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    assert status.trouble == ""
    repo = status.repo(REPO)
    assert repo is not None
    return status.release, repo.applied, repo.pending, repo.without_file


async def test_rpc_is_the_running_codes_view_and_eval_any_releases(demo_fleet: DemoFleet) -> None:
    old = (USERS, EMAIL, INVOICES, AMOUNT)
    unpack(demo_fleet, "0.3.0")
    (tree_of(demo_fleet).real / "releases/start_erl.data").write_text("13.1.5 0.3.0")
    async with context_of(demo_fleet) as context:
        assert known(await read_status(context, "web1", by=By.RPC)) == ("0.2.0", old, (), ())
        newer = await read_status(context, "web1", by=By.EVAL)
        assert known(newer) == ("0.3.0", old, (LEGACY, IRREVERSIBLE), ())
        older = await read_status(context, "web1", by=By.EVAL, release="0.1.0")
        assert known(older) == ("0.1.0", old, (), (AMOUNT,))
        repo = newer.repo()
        assert repo is not None
        assert repo.path.endswith("lib/billing-0.3.0/priv/repo/migrations")


async def test_never_migrated_is_no_error_and_creates_nothing(demo_fleet: DemoFleet) -> None:
    database = demo_fleet.machines["web1"].database
    database.table, database.applied = False, set()
    async with context_of(demo_fleet) as context:
        for by in By:
            status = await read_status(context, "web1", by=by)
            repo = status.repo(REPO)
            assert repo is not None
            assert (repo.never, repo.applied) == (True, ())
            assert repo.pending == (USERS, EMAIL, INVOICES, AMOUNT)
            assert not status.trouble
    assert not database.table


async def test_a_read_does_not_wait_for_a_migration_under_way(demo_fleet: DemoFleet) -> None:
    async with context_of(demo_fleet) as context, demo_fleet.machines["web1"].database.lock:
        await asyncio.wait_for(read_status(context, "web1", by=By.RPC), 5)


async def test_what_keeps_it_from_being_known_is_said(demo_fleet: DemoFleet) -> None:
    machine = demo_fleet.machines["web1"]
    async with context_of(demo_fleet) as context:
        unknown = await read_status(context, "web1", by=By.EVAL, release="0.9.9")
        assert "releases/0.9.9" in unknown.problem
        machine.database.reachable = False
        status = await read_status(context, "web1", by=By.EVAL)
        assert "Billing.Repo: DBConnection.ConnectionError: connection not avail" in status.trouble
        (tree_of(demo_fleet).real / "releases/COOKIE").write_text("another")
        status = await read_status(context, "web1", by=By.RPC)
        assert ":nodedown" in status.problem
        nowhere = await read_status(context, "web9", by=By.RPC)
        assert nowhere.problem == "web9 is not a host of this environment"


async def run_one(
    context: PlanContext, version: int, way: Direction, newest: int | None
) -> OneAnswer:
    release = ReleaseFacts(Flavour.MIX, context.app.root, node="billing@web1")
    text = one_expression(context.app, "t0ken", REPO, version, way, newest)
    command = ask_by_rpc(context.app, release, text, timeout_s=20, max_bytes=100_000)
    outcome = await context.sessions["web1"].run(command)
    answer = parse_one(outcome.stdout, "t0ken")
    assert answer.whole, outcome
    assert (outcome.exit_status == 0) is (answer.ran is not None)
    return answer


async def test_exactly_one_goes_and_only_if_nothing_moved(demo_fleet: DemoFleet) -> None:
    database = demo_fleet.machines["web1"].database
    before = set(database.applied)
    async with context_of(demo_fleet) as context:
        moved = await run_one(context, AMOUNT, Direction.DOWN, INVOICES)
        assert moved.refused == f"the newest applied migration is now {AMOUNT}"
        again = await run_one(context, AMOUNT, Direction.UP, AMOUNT)
        assert again.refused == "it is already applied"
        gone = await run_one(context, LEGACY, Direction.DOWN, AMOUNT)
        assert gone.refused == "it is not applied"
        absent = await run_one(context, LEGACY, Direction.UP, AMOUNT)
        assert absent.refused == "this release has 0 files of it"
        assert database.applied == before
        # An older one alone: `to: V` without the source pair would have taken AMOUNT along.
        middle = await run_one(context, INVOICES, Direction.DOWN, AMOUNT)
        assert middle.ran == (INVOICES,)
        assert database.applied == before - {INVOICES}
        up = await run_one(context, INVOICES, Direction.UP, AMOUNT)
        assert up.ran == (INVOICES,)
        assert database.applied == before


async def test_a_failure_is_told_in_ectos_words(demo_fleet: DemoFleet) -> None:
    machine = demo_fleet.machines["web1"]
    folder = tree_of(demo_fleet).migrations_folder("0.2.0")
    file = folder / "20180301000000_gone.exs"
    file.write_text(
        "defmodule Gone do\n  use Ecto.Migration\n\n"
        "  def change do\n    drop table(:t)\n  end\nend\n"
    )
    machine.database.applied.add(20180301000000)
    async with context_of(demo_fleet) as context:
        failed = await run_one(context, 20180301000000, Direction.DOWN, 20180301000000)
        assert "Ecto.MigrationError: cannot reverse migration command: drop table" in failed.failed
        file.write_text("defmodule Gone do\n  use Ecto.Migration\n\n  def up do\n  end\nend\n")
        lacking = await run_one(context, 20180301000000, Direction.DOWN, 20180301000000)
        assert lacking.refused == "it has neither down/0 nor change/0"
    assert 20180301000000 in machine.database.applied

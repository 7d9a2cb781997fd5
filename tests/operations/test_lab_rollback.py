"""The way back on the lab's hosts: real releases, their schema in PostgreSQL, systemd, sudo.

What the console says is compared with what root reads on the hosts themselves.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.lab.client import http_get, main_process
from tests.lab.faults import full_disk, link_down
from tests.lab.lab import Lab
from tests.lab.recipe import APP_ROOT
from tests.operations.plan_console import PlanConsole, plan_console
from tests.waiting import until
from tui.model.fleet import Environment, Limits, MigrateWhen
from tui.model.plan import PlanRefused
from tui.model.rollback_delta import Group, Undoing
from tui.operations.rehearse import rehearse_rollback
from tui.operations.rollback_delta import read_delta
from tui.operations.rollback_look import look_at_hosts

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

WEB = ("web1", "web2")
AMOUNT, NOTE = "20180101120000", "20180115120000"
LEGACY, IRREVERSIBLE = "20180202120000", "20180203120000"


@contextlib.asynccontextmanager
async def console(environment: Environment, folder: Path) -> AsyncIterator[PlanConsole]:
    app = replace(
        environment.apps[0], migrations=MigrateWhen.AFTER, migration_host="web1", release_store=None
    )
    at = replace(environment, apps=(app,))
    async with plan_console(at, app, folder, limits=Limits()) as opened:
        yield opened


def sql(lab: Lab, query: str) -> list[str]:
    return lab.sh("db1", f"su postgres -c \"psql -At billing_prod -c '{query}'\"").split()


def applied(lab: Lab) -> list[str]:
    return sorted(sql(lab, "select version from schema_migrations"))


def has_note(lab: Lab) -> bool:
    """Whether the column of 0.2.1's migration is in the schema itself."""
    return "note" in sql(lab, "select * from t_create_invoices limit 0") or "note" in lab.sh(
        "db1", "su postgres -c \"psql -d billing_prod -c '\\d t_create_invoices'\""
    )


def is_back(lab: Lab, host: str, version: str) -> None:
    """Root sees that version running, booting next, and serving."""
    assert main_process(lab, host)[1] == version
    boots = lab.sh(host, f"cat {APP_ROOT}/releases/start_erl.data").split()
    assert boots[1] == version
    address = lab.host(host).machine.address
    assert http_get(address, "/health") == (200, f"ok {version}")
    assert lab.sh(host, f"cat {APP_ROOT}/.beamdeck/lock 2>/dev/null; true") == ""


async def deploy(at: PlanConsole, lab: Lab, version: str) -> None:
    await at.do("deploy", 200, archive=str(lab.releases / f"billing-{version}.tar.gz"))


async def test_schema_and_code_go_back_and_each_host_is_verified(
    lab: Lab, lab_environment: Environment, tmp_path: Path, second: None
) -> None:
    before = applied(lab)
    async with console(lab_environment, tmp_path) as at:
        await deploy(at, lab, "0.2.1")
        assert applied(lab) == [*before, NOTE]
        assert has_note(lab)
        delta = await read_delta(at.context, "0.2.0", await look_at_hosts(at.context, WEB))
        (goes,) = delta.of(Group.UNDO)
        assert (str(goes.version), goes.undoing, goes.loses) == (
            NOTE,
            Undoing.LOSES,
            "column t_create_invoices.note",
        )
        assert [str(m.version) for m in delta.of(Group.UNTOUCHED)] == before
        told = await rehearse_rollback(at.context)
        assert (told.works, told.target, told.reasons) == (True, "0.2.0", ())
        with full_disk(lab.sh, "web2"):
            full = await rehearse_rollback(at.context)
            assert not full.works
            assert any(reason.startswith("web2: ") for reason in full.reasons), full.reasons
        await at.do("rollback", 200, version="0.2.0")
        assert applied(lab) == before
        assert not has_note(lab)
        for host in WEB:
            is_back(lab, host, "0.2.0")


async def test_code_first_leaves_the_schema_ahead_and_the_newer_code_takes_it_back(
    lab: Lab, lab_environment: Environment, tmp_path: Path, second: None
) -> None:
    before = applied(lab)
    async with console(lab_environment, tmp_path) as at:
        await deploy(at, lab, "0.2.1")
        await at.do("rollback", 200, version="0.2.0", code_only="yes")
        for host in WEB:
            is_back(lab, host, "0.2.0")
        assert applied(lab) == [*before, NOTE]
        pids = [main_process(lab, host)[0] for host in WEB]
        plan = await at.plan("rollback", version="0.2.0")
        assert "by the code of 0.2.1" in plan.title
        assert any(f"0.2.0 runs, but {NOTE}: applied" in v.reason for v in plan.verdicts)
        assert (await rehearse_rollback(at.context, "0.2.0")).works
        run = await at.carry_out(plan, 200)
        assert run.ended is not None
        assert run.ended.ok, run.ended.summary
        assert applied(lab) == before
        assert not has_note(lab)
        assert [main_process(lab, host)[0] for host in WEB] == pids, "none was restarted"
        for host in WEB:
            is_back(lab, host, "0.2.0")


async def test_what_cannot_be_undone_is_refused_before_anything_ran(
    lab: Lab, lab_environment: Environment, tmp_path: Path, second: None
) -> None:
    async with console(lab_environment, tmp_path) as at:
        await deploy(at, lab, "0.3.0")
        ahead = applied(lab)
        assert ahead[-2:] == [LEGACY, IRREVERSIBLE]
        with pytest.raises(PlanRefused, match=f"{IRREVERSIBLE}.*neither down nor change") as no:
            await at.plan("rollback", version="0.2.0")
        assert "Code only, with the schema left ahead, can be planned" in no.value.reason
        told = await rehearse_rollback(at.context, "0.2.0")
        assert any(IRREVERSIBLE in reason for reason in told.reasons)
        assert applied(lab) == ahead
        for host in WEB:
            is_back(lab, host, "0.3.0")
        assert (await rehearse_rollback(at.context, "0.2.0", code_only=True)).works
        await at.do("rollback", 200, version="0.2.0", code_only="yes")
        assert applied(lab) == ahead
        for host in WEB:
            is_back(lab, host, "0.2.0")


async def test_a_host_that_was_left_out_is_finished_when_it_is_back(
    lab: Lab, lab_environment: Environment, tmp_path: Path, second: None
) -> None:
    before = applied(lab)
    async with console(lab_environment, tmp_path) as at:
        await deploy(at, lab, "0.2.1")
        with link_down("web2"):
            await until(lambda: not at.fleet.sessions["web2"].link.usable, 30)
            with pytest.raises(PlanRefused) as away:
                await at.plan("rollback", version="0.2.0")
            assert away.value.unreachable == ("web2",)
            told = await rehearse_rollback(at.context)
            assert any(reason.startswith("web2: it cannot be reached") for reason in told.reasons)
            plan = await at.plan("rollback", version="0.2.0", without="web2")
            assert plan.left_out == ("web2",)
            run = await at.carry_out(plan, 200)
            assert run.ended is not None
            assert run.ended.ok, run.ended.summary
            assert applied(lab) == before
            is_back(lab, "web1", "0.2.0")
        is_back(lab, "web2", "0.2.1")
        await asyncio.wait_for(at.fleet.sessions["web2"].usable(), 60)
        await at.do("rollback", 200, version="0.2.0", hosts="web2")
        is_back(lab, "web2", "0.2.0")
        assert applied(lab) == before

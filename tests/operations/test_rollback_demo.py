"""Back to the release before, while what was deployed last loops."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import MakeFleet
from tests.operations.plan_console import hasten, plan_console
from tests.security.archives import file, packed, tar, whole
from tests.waiting import until
from tui.demo.tree import archive_files, mode_of
from tui.model.fleet import MigrateWhen
from tui.model.plan import PlanRefused


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    hasten(monkeypatch)


async def test_the_way_back_while_the_unit_loops(make_fleet: MakeFleet, tmp_path: Path) -> None:
    demo = await make_fleet(hosts=("web1",))
    machine = demo.machines["web1"]
    machine.timing = replace(machine.timing, limit_burst=100_000)
    archive = tmp_path / "billing-0.3.0.tar.gz"
    archive.write_bytes(whole())
    app = replace(demo.app, migrations=MigrateWhen.NEVER)
    async with plan_console(demo.environment, app, tmp_path) as at:
        await at.do("deploy", archive=str(archive))
        # A release that broke after its deploy: the next start of it dies, again and again.
        shutil.rmtree(machine.beam.tree.real / "lib/billing-0.3.0/ebin")
        machine.beam.exit(1)
        await until(lambda: machine.unit.state.restarts >= 2)
        plans = []
        for _ in range(6):
            count = machine.unit.state.restarts
            plans.append(await at.plan("rollback", version="0.2.0", code_only="yes"))
            await until(lambda before=count: machine.unit.state.restarts > before)  # type: ignore[misc]  # bound at once
        assert len({plan.hash for plan in plans}) == 1
        run = await asyncio.wait_for(at.carry_out(plans[0]), 60)
        assert run.ended is not None
        assert run.ended.ok, run.ended.summary
        snapshot = await at.context.refresh("web1")
        assert snapshot is not None
        assert (snapshot.release.runs, snapshot.release.boots) == ("0.2.0", "0.2.0")
        assert machine.unit.state.restarts == 0, "it does not loop any more"
        with pytest.raises(PlanRefused, match=r"0\.3\.0 is not whole: .*billing-0\.3\.0"):
            await at.plan("rollback", version="0.3.0", code_only="yes")


async def test_a_host_that_is_away_is_left_out_by_its_name_only(
    make_fleet: MakeFleet, tmp_path: Path
) -> None:
    demo = await make_fleet(hosts=("web1", "web2"))
    archive = tmp_path / "billing-0.3.0.tar.gz"
    archive.write_bytes(whole())
    app = replace(demo.app, migrations=MigrateWhen.NEVER)
    async with plan_console(demo.environment, app, tmp_path) as at:
        await demo.machines["web2"].refuse_connections()
        demo.machines["web2"].drop_connections()
        await until(lambda: not at.fleet.sessions["web2"].link.usable)
        for kind, asked in (
            ("deploy", {"archive": str(archive)}),
            ("rollback", {"version": "0.1.0", "code_only": "yes"}),
        ):
            with pytest.raises(PlanRefused) as refused:
                await at.plan(kind, **asked)
            assert refused.value.unreachable == ("web2",)
            plan = await at.plan(kind, **asked, without="web2")
            assert plan.left_out == ("web2",)
            assert {step.host for step in plan.steps} == {"web1"}
            assert "web2" in dict(plan.params)["hosts"].split(), "it is still asked for"


async def test_code_first_is_told_and_the_newer_code_takes_the_schema_back(
    make_fleet: MakeFleet, tmp_path: Path
) -> None:
    demo = await make_fleet(hosts=("web1", "web2"))
    amount = 20180101120000
    async with plan_console(demo.environment, demo.app, tmp_path) as at:
        await at.do("rollback", version="0.1.0", code_only="yes")
        plan = await at.plan("rollback", version="0.1.0")
        (told,) = [v.reason for v in plan.verdicts if "0.1.0 runs, but" in v.reason]
        assert f"{amount}: applied, and in no file of it" in told
        assert "by the code of 0.2.0" in plan.title
        assert "plan rollback billing --to 0.2.0" in plan.undo
        assert [s.kind for s in plan.steps if "lock" not in s.kind] == ["migrate_down"]
        assert plan.losses, "the column goes with what is in it"
        before = [await at.context.refresh(host) for host in ("web1", "web2")]
        run = await at.carry_out(plan)
        assert run.ended is not None
        assert run.ended.ok, run.ended.summary
        assert amount not in demo.database.applied
        after = [await at.context.refresh(host) for host in ("web1", "web2")]
        pids = [[s.unit.main_pid for s in seen if s is not None] for seen in (before, after)]
        assert pids[0] == pids[1], "none was restarted"
        assert len(pids[0]) == 2
        with pytest.raises(PlanRefused, match=r"every host runs and boots 0\.1\.0 already"):
            await at.plan("rollback", version="0.1.0")


async def test_what_two_releases_share_is_told_by_the_archive_or_not_at_all(
    make_fleet: MakeFleet, tmp_path: Path
) -> None:
    demo = await make_fleet(hosts=("web1",))
    rel = demo.machines["web1"].beam.tree.real / "releases/0.1.0/billing.rel"
    text = rel.read_text()
    rel.write_text(text.replace('{billing,"0.1.0"', '{billing,"0.2.0"'))
    assert rel.read_text() != text
    store = tmp_path / "store"
    store.mkdir()
    app = replace(demo.app, release_store=str(store))
    async with plan_console(demo.environment, app, tmp_path) as at:
        with pytest.raises(PlanRefused, match=r"shares its folder of migrations with 0\.2\.0"):
            await at.plan("rollback", version="0.1.0")
        plan = await at.plan("rollback", version="0.1.0", code_only="yes")
        assert any("put the archive" in v.reason for v in plan.verdicts)
        files = {
            name.replace("lib/billing-0.1.0", "lib/billing-0.2.0"): data
            for name, data in archive_files("0.1.0", "C" * 52).items()
        }
        files["releases/0.1.0/billing.rel"] = rel.read_text()
        members = [file(name, data, mode_of(name)) for name, data in sorted(files.items())]
        (store / "billing-0.1.0.tar.gz").write_bytes(packed(tar(members)))
        plan = await at.plan("rollback", version="0.1.0")
        assert [s.param("version") for s in plan.steps if s.kind == "migrate_down"] == [
            "20180101120000"
        ]

"""A release from its archive to hosts that run it, over real SSH against the embedded fleet."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.operations.plan_console import hasten, plan_console
from tui.demo.fleet import DemoFleet
from tui.demo.tree import write_archive
from tui.model.fleet import MigrateWhen
from tui.model.plan import PlanRefused, StepState, Tier, VerdictKind


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hosts live fast; what is waited for them is shortened alike."""
    hasten(monkeypatch)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "billing-0.3.0.tar.gz"
    write_archive(path, "0.3.0", "A" * 52)
    return path


def _spoil(path: Path) -> None:
    """Change a byte and leave the size and the times."""
    stat = path.stat()
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


async def test_deploy_to_two_hosts(demo_fleet: DemoFleet, tmp_path: Path, archive: Path) -> None:
    app = replace(demo_fleet.app, migrations=MigrateWhen.NEVER)
    before = {n: m.beam.tree.cookie() for n, m in demo_fleet.machines.items()}
    async with plan_console(demo_fleet.environment, app, tmp_path) as at:
        plan = await at.plan("deploy", archive=str(archive), hosts="web1 web2")
        again = await at.plan("deploy", archive=str(archive), hosts="web1 web2")
        assert again.hash == plan.hash
        run = await at.carry_out(plan)
        assert run.ended is not None
        assert run.ended.ok, run.ended.summary
        for name in ("web1", "web2"):
            tree = demo_fleet.machines[name].beam.tree
            assert tree.boot_version() == "0.3.0"
            assert tree.cookie() == before[name], "the host's cookie is kept"
            assert tree.missing_app("0.3.0") is None
            work = tree.real / ".beamdeck"
            assert not [
                p for p in work.rglob("*") if "incoming/" in str(p) or "0.3.0.new" in str(p)
            ]
            snapshot = await at.context.refresh(name)
            assert snapshot is not None
            assert snapshot.release.runs == "0.3.0"
        said = [record for record in at.audit if record["event"] == "begin"]
        assert all("command" in r for r in said if plan.steps[int(r["step"])].command)
        with pytest.raises(PlanRefused, match=r"releases/0\.3\.0 is there already"):
            await at.plan("deploy", archive=str(archive), hosts="web1")


async def test_migrations_run_after_the_first_restart_and_the_way_back_is_judged(
    demo_fleet: DemoFleet, tmp_path: Path, archive: Path
) -> None:
    new = (20180202120000, 20180203120000)
    async with plan_console(demo_fleet.environment, demo_fleet.app, tmp_path) as at:
        plan = await at.plan("deploy", archive=str(archive), hosts="web1 web2")
        assert plan.tier is Tier.DATA_LOSS
        assert [loss.key for loss in plan.losses] == [str(v) for v in new]
        (way_back,) = [v for v in plan.verdicts if v.guard == "migrations"]
        assert way_back.kind is VerdictKind.WARN
        assert "20180203120000 (undo: no)" in way_back.reason
        # Without it the command would be refused, as the rollback below is.
        assert "--to 0.2.0 --code-only; 20180203120000 cannot be undone" in plan.undo
        kinds = [(step.kind, step.host) for step in plan.steps if step.kind != "lock"]
        first = kinds.index(("restart", "web1"))
        assert kinds[first + 1 : first + 4] == [
            ("migrate_up", "web1"),
            ("migrate_up", "web1"),
            ("switch", "web2"),
        ]
        run = await at.carry_out(plan)
        assert run.ended is not None
        assert run.ended.ok, run.ended.summary
        assert set(new) <= set(demo_fleet.database.applied)
        with pytest.raises(PlanRefused, match="neither down nor change"):
            await at.plan("rollback", version="0.2.0", hosts="web1 web2")
        back = await at.plan("rollback", version="0.2.0", hosts="web1 web2", code_only="yes")
        assert any("stays ahead" in verdict.reason for verdict in back.verdicts)
        assert not back.losses
        await at.carry_out(back)
        for name in ("web1", "web2"):
            snapshot = await at.context.refresh(name)
            assert snapshot is not None
            assert (snapshot.release.runs, snapshot.release.boots) == ("0.2.0", "0.2.0")
        assert set(new) <= set(demo_fleet.database.applied), "the schema was left ahead"
        with pytest.raises(PlanRefused, match=r"every host runs and boots 0\.2\.0 already"):
            await at.plan("rollback", version="0.2.0", hosts="web1 web2", code_only="yes")
        # The schema is still ahead, and what cannot be undone cannot be undone from here either.
        with pytest.raises(PlanRefused, match="neither down nor change"):
            await at.plan("rollback", version="0.2.0", hosts="web1 web2")


async def test_migrations_run_before_the_switch_by_the_new_code(
    demo_fleet: DemoFleet, tmp_path: Path, archive: Path
) -> None:
    app = replace(demo_fleet.app, migrations=MigrateWhen.BEFORE)
    async with plan_console(demo_fleet.environment, app, tmp_path) as at:
        plan = await at.plan("deploy", archive=str(archive), hosts="web1")
        kinds = [step.kind for step in plan.steps]
        assert kinds.index("install") < kinds.index("migrate_up") < kinds.index("switch")
        run = await at.carry_out(plan)
        assert run.ended is not None
        assert run.ended.ok, run.ended.summary
        assert 20180203120000 in demo_fleet.database.applied


async def test_a_rollback_takes_the_schema_back_first(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    async with plan_console(demo_fleet.environment, demo_fleet.app, tmp_path) as at:
        plan = await at.plan("rollback", version="0.1.0", hosts="web1 web2", canary="yes")
        assert plan.tier is Tier.DATA_LOSS
        assert plan.oldest == "20180101120000"
        assert [step.what for step in plan.steps if step.kind == "migrate_down"] == [
            "undo 20180101120000 add_amount"
        ]
        assert [step.host for step in plan.steps if step.pause] == ["web2"]
        run = at.run_of(plan)
        running = asyncio.create_task(run.run())
        async with asyncio.timeout(40):
            while run.paused is None:  # noqa: ASYNC110 - a run tells its watchers, not an event
                await asyncio.sleep(0.02)
        assert demo_fleet.machines["web1"].beam.tree.boot_version() == "0.1.0"
        assert demo_fleet.machines["web2"].beam.tree.boot_version() == "0.2.0"
        run.go_on()
        await asyncio.wait_for(running, 40)
        assert run.ended is not None
        assert run.ended.ok, run.ended.summary
        assert 20180101120000 not in demo_fleet.database.applied


async def test_a_rollback_to_what_is_not_there(demo_fleet: DemoFleet, tmp_path: Path) -> None:
    async with plan_console(demo_fleet.environment, demo_fleet.app, tmp_path) as at:
        with pytest.raises(PlanRefused, match=r"web1: 0\.0\.9 is not on it; there are"):
            await at.plan("rollback", version="0.0.9")


async def test_an_upload_of_another_file_is_found_out(
    demo_fleet: DemoFleet, tmp_path: Path, archive: Path
) -> None:
    app = replace(demo_fleet.app, migrations=MigrateWhen.NEVER)
    async with plan_console(demo_fleet.environment, app, tmp_path) as at:
        plan = await at.plan("deploy", archive=str(archive), hosts="web1")
        await asyncio.to_thread(_spoil, archive)
        run = await at.carry_out(plan)
        upload = next(i for i, s in enumerate(plan.steps) if s.kind == "upload")
        assert run.last_of(upload).state is StepState.FAILED
        assert "has changed since the plan was made" in run.last_of(upload).detail
        assert demo_fleet.machines["web1"].beam.tree.boot_version() == "0.2.0"


async def test_a_full_disk_is_said_and_the_old_release_stays(
    demo_fleet: DemoFleet, tmp_path: Path, archive: Path
) -> None:
    app = replace(demo_fleet.app, migrations=MigrateWhen.NEVER)
    machine = demo_fleet.machines["web1"]
    async with plan_console(demo_fleet.environment, app, tmp_path) as at:
        plan = await at.plan("deploy", archive=str(archive), hosts="web1")
        machine.fill_disk()
        with pytest.raises(PlanRefused, match="are free"):
            await at.plan("deploy", archive=str(archive), hosts="web1")
        run = await at.carry_out(plan)
        assert run.ended is not None
        assert not run.ended.ok
        machine.fill_disk(False)
        assert machine.beam.tree.boot_version() == "0.2.0"
        assert not machine.beam.tree.exists("0.3.0")
        run = await at.do("deploy", archive=str(archive), hosts="web1")
        assert machine.beam.tree.boot_version() == "0.3.0"

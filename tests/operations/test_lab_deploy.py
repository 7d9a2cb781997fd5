"""Deploys and rollbacks of real releases on the lab's hosts: real tar, systemd, sudo, BEAM.

What the console says is compared with what root reads on the hosts themselves.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.lab.client import main_process
from tests.lab.faults import full_disk, read_only
from tests.lab.lab import Lab
from tests.lab.recipe import APP_ROOT, UNIT
from tests.operations.plan_console import PlanConsole, plan_console
from tui.model.fleet import Environment, Limits, MigrateWhen
from tui.model.plan import PlanRefused, StepState
from tui.operations.archive import read_archive
from tui.operations.audit_log import verify
from tui.operations.deploy_steps import upload_step
from tui.operations.planners import step_kinds
from tui.operations.upload_work import UploadWork

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

WEB = ("web1", "web2")
_BACK_TO_OLDEST = f"""
systemctl stop {UNIT}
cd {APP_ROOT}
rm -rf releases/0.2.0 lib/billing-0.2.0 .beamdeck
printf '13.1.5 0.1.0' >releases/start_erl.data
chown billing: releases/start_erl.data
systemctl start {UNIT}
"""


@pytest.fixture
def oldest(lab: Lab) -> Iterator[None]:
    """Both hosts have 0.1.0 only and run it; the lab is as before at the end."""
    lab.reset()
    for host in WEB:
        lab.sh(host, _BACK_TO_OLDEST)
    try:
        yield
    finally:
        lab.reset()


@contextlib.asynccontextmanager
async def console(
    environment: Environment, folder: Path, when: MigrateWhen
) -> AsyncIterator[PlanConsole]:
    app = replace(environment.apps[0], migrations=when, migration_host="web1")
    at = replace(environment, apps=(app,))
    async with plan_console(at, app, folder, limits=Limits()) as opened:
        yield opened


def applied(lab: Lab) -> set[str]:
    """The versions in the table, as the database says."""
    query = "select version from schema_migrations"
    said = lab.sh("db1", f"su postgres -c \"psql -At billing_prod -c '{query}'\"")
    return set(said.split())


async def test_deploy_two_versions_and_back(
    lab: Lab, lab_environment: Environment, tmp_path: Path, oldest: None
) -> None:
    async with console(lab_environment, tmp_path, MigrateWhen.AFTER) as at:
        for version in ("0.2.0", "0.3.0"):
            archive = lab.releases / f"billing-{version}.tar.gz"
            before = {host: main_process(lab, host)[0] for host in WEB}
            plan = await at.plan("deploy", archive=str(archive))
            await at.carry_out(plan, 200)
            for host in WEB:
                pid, runs = main_process(lab, host)
                assert pid != before[host]
                assert runs == version
                boots = lab.sh(host, f"cat {APP_ROOT}/releases/start_erl.data").split()
                assert boots == ["13.1.5", version]
                assert lab.sh(host, f"ls {APP_ROOT}/.beamdeck/lock 2>/dev/null; true") == ""
            assert {loss.key for loss in plan.losses} <= applied(lab)
        commands = {r["command"] for r in at.audit if r["event"] == "begin" and "command" in r}
        assert any("start_erl.data" in command for command in commands)
        assert verify(at.audit_path) == ""
        _flip(at.audit_path)
        assert verify(at.audit_path) != ""
    async with console(lab_environment, tmp_path / "back", MigrateWhen.AFTER) as at:
        back = await at.plan("rollback", version="0.2.0", code_only="yes")
        await at.carry_out(back, 200)
        assert {main_process(lab, host)[1] for host in WEB} == {"0.2.0"}


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(("folder", "step"), [("incoming", "hand_over"), ("staging", "unpack")])
async def test_a_disk_that_fills_up_leaves_the_old_release_bootable(
    lab: Lab, lab_environment: Environment, tmp_path: Path, oldest: None, folder: str, step: str
) -> None:
    archive = lab.releases / "billing-0.2.0.tar.gz"
    work = f"{APP_ROOT}/.beamdeck"
    async with console(lab_environment, tmp_path, MigrateWhen.NEVER) as at:
        with full_disk(lab.sh, "web1"), pytest.raises(PlanRefused, match=r"are free|be written"):
            await at.plan("deploy", archive=str(archive), hosts="web1")
        lab.sh("web1", f"install -d -o billing -g billing {work} {work}/{folder}")
        plan = await at.plan("deploy", archive=str(archive), hosts="web1")
        with full_disk(lab.sh, "web1", f"{work}/{folder}"):
            run = await at.carry_out(plan, 100)
            failed = [i for i, s in enumerate(plan.steps) if run.last_of(i).state == "failed"]
            assert [plan.steps[i].kind for i in failed] == [step]
            assert "no space is left on the host" in run.last_of(failed[0]).detail
            left = set(lab.sh("web1", f"ls -A {work}/{folder}").split())
            assert {name for name in left if not name.endswith(".pid")} <= {"full", "0.2.0.said"}
        boots = lab.sh("web1", f"cat {APP_ROOT}/releases/start_erl.data").split()
        assert boots[1] == "0.1.0"
        assert main_process(lab, "web1")[1] == "0.1.0"
        assert lab.sh("web1", f"ls {work}/lock 2>/dev/null; true") == ""
        await at.do("deploy", 200, archive=str(archive), hosts="web1")
        assert main_process(lab, "web1")[1] == "0.2.0"


async def test_sftp_that_only_fails_is_told_as_a_full_disk(
    lab: Lab, lab_environment: Environment, tmp_path: Path, oldest: None
) -> None:
    """The disk fills up behind the judge's back: the part is named, and gone on with later."""
    archive, folder = lab.releases / "billing-0.2.0.tar.gz", "/home/devops/.beamdeck/billing"
    async with console(lab_environment, tmp_path, MigrateWhen.NEVER) as at:
        app = at.context.app
        lab.sh("web1", f"rm -rf {folder}; install -d -m 0700 -o devops -g devops {folder}")
        step = upload_step(app, read_archive(archive, app.name), "web1")
        work = step_kinds(at.context)["upload"](step, at.fleet.sessions["web1"], ())
        assert isinstance(work, UploadWork)
        at.gate.unlock("test")
        grant = at.gate.grant("test")
        with full_disk(lab.sh, "web1", folder):
            lab.sh("web1", f"rm {folder}/full")
            refused = (await work.judge()).refused
            assert refused.startswith("only 1.0M are free for the upload, "), refused
            outcome = await work.act(grant, _nothing)
            assert (outcome.exit_status, outcome.stderr) == (1, b"Failure")
            found = await work.find_out((), outcome, _nothing)
            assert found.state is StepState.FAILED
            assert found.detail.startswith("no space is left on the host; ")
            assert "of it stay in ~/.beamdeck/billing/0.2.0.tar.gz.part" in found.detail
            kept = int(lab.sh("web1", f"stat -c %s {folder}/0.2.0.tar.gz.part"))
            lab.sh("web1", f"cp {folder}/0.2.0.tar.gz.part /home/devops/part")
        lab.sh("web1", f"cd {folder} && mv /home/devops/part 0.2.0.tar.gz.part && chown devops: *")
        said: list[str] = []
        outcome = await work.act(grant, lambda state, detail: said.append(detail))
        assert outcome.ok
        assert (await work.find_out((), outcome, _nothing)).state is StepState.DONE
        assert any("going on behind" in detail for detail in said)
        assert 0 < kept < archive.stat().st_size
        there = lab.sh("web1", f"sha256sum <{folder}/0.2.0.tar.gz").split()[0]
        assert there == step.param("sha256")
        assert lab.sh("web1", f"stat -c %a:%U {folder}/*").split() == ["600:devops"]
        lab.sh("web1", f"rm -r {folder}")


def _nothing(state: StepState, detail: str) -> None:
    pass


async def test_a_read_only_file_system_is_refused_before_anything_is_written(
    lab: Lab, lab_environment: Environment, tmp_path: Path, oldest: None
) -> None:
    archive = str(lab.releases / "billing-0.2.0.tar.gz")
    async with console(lab_environment, tmp_path, MigrateWhen.NEVER) as at:
        with (
            read_only(lab.sh, "web1", APP_ROOT),
            pytest.raises(PlanRefused, match=f"web1: {APP_ROOT}.* cannot be written"),
        ):
            await at.plan("deploy", archive=archive)
        left = "ls -d /home/devops/.beamdeck/billing/* 2>/dev/null; true"
        assert lab.sh("web1", left) == ""

"""A real relx release on real systemd hosts: read, restarted, stopped, started; never changed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.lab.lab import Lab
from tests.lab.recipe import RELAY_ROOT, RELAY_UNIT
from tests.operations.plan_console import PlanConsole, plan_console
from tui.model.fleet import App, Environment, Flavour, Limits
from tui.model.host import HostSnapshot
from tui.model.plan import PlanRefused, StepState
from tui.model.unit import UnitWord

pytestmark = [pytest.mark.lab, pytest.mark.timeout(240)]


# Its script takes a moment to become the VM.
_START = f"""
systemctl reset-failed; systemctl start {RELAY_UNIT}
pid=$(systemctl show -p MainPID --value {RELAY_UNIT})
for try in $(seq 100); do
  ! tr '\\0' '\\n' <"/proc/$pid/cmdline" | grep -qx -- -boot || break
  sleep 0.1
done
"""


@asynccontextmanager
async def relay(lab: Lab, lab_environment: Environment, folder: Path) -> AsyncIterator[PlanConsole]:
    """A console of the relay on web1, which runs until the end."""
    app = App("relay", RELAY_UNIT, RELAY_ROOT)
    host = next(host for host in lab_environment.hosts if host.name == "web1")
    environment = replace(lab_environment, hosts=(host,), apps=(app,))
    lab.sh("web1", _START)
    try:
        async with plan_console(environment, app, folder, limits=Limits()) as at:
            yield at
    finally:
        lab.sh("web1", f"systemctl stop {RELAY_UNIT}")


async def now(at: PlanConsole) -> HostSnapshot:
    snapshot = await at.context.refresh("web1")
    assert snapshot is not None
    return snapshot


async def test_it_is_told_by_reads(lab: Lab, lab_environment: Environment, tmp_path: Path) -> None:
    async with relay(lab, lab_environment, tmp_path) as at:
        snapshot = await now(at)
        release = snapshot.release
        assert release.flavour is Flavour.RELX
        assert (release.runs, release.boots, release.boots_erts) == ("1.0.0", "1.0.0", "13.1.5")
        assert release.versions == ("1.0.0", "1.1.0")
        assert snapshot.unit.word is UnitWord.RUNNING
        assert (release.runs_by, release.node) == ("boot path", "relay")


async def test_restart_stop_and_start_are_verified(
    lab: Lab, lab_environment: Environment, tmp_path: Path
) -> None:
    async with relay(lab, lab_environment, tmp_path) as at:
        before = (await now(at)).unit.main_pid
        await at.do("restart", 120, hosts="web1")
        after = await now(at)
        assert after.unit.main_pid != before
        assert after.release.runs == "1.0.0"
        await at.do("stop", 60, hosts="web1")
        assert (await now(at)).unit.word is UnitWord.STOPPED
        run = await at.do("start", 60, hosts="web1")
        told = [run.last_of(n) for n, step in enumerate(run.plan.steps) if step.kind == "start"]
        assert [event.state for event in told] == [StepState.DONE]
        assert "runs 1.0.0" in told[0].detail


async def test_what_would_boot_is_what_the_launcher_names(
    lab: Lab, lab_environment: Environment, tmp_path: Path
) -> None:
    launcher, data = f"{RELAY_ROOT}/bin/relay", f"{RELAY_ROOT}/releases/start_erl.data"
    async with relay(lab, lab_environment, tmp_path) as at:
        try:
            # relx never asks the file; unpacking another version brings another launcher.
            lab.sh("web1", f"cp -p {launcher} {launcher}.kept; cp -p {data} {data}.kept")
            lab.sh("web1", f"echo '13.1.5 1.1.0' >{data}")
            release = (await now(at)).release
            assert (release.runs, release.boots) == ("1.0.0", "1.0.0")
            lab.sh("web1", f"cp -p {launcher}-1.1.0 {launcher}; mv {data}.kept {data}")
            release = (await now(at)).release
            assert (release.runs, release.boots) == ("1.0.0", "1.1.0")
            assert release.restart_changes
            await at.do("restart", 120, hosts="web1")
            assert (await now(at)).release.runs == "1.1.0"
        finally:
            lab.sh("web1", f"mv {launcher}.kept {launcher}; mv {data}.kept {data}; true")


async def test_its_files_and_schema_are_left_alone(
    lab: Lab, lab_environment: Environment, tmp_path: Path
) -> None:
    async with relay(lab, lab_environment, tmp_path) as at:
        for kind, params in (("rollback", {"version": "1.1.0", "code_only": "yes"}), ("prune", {})):
            with pytest.raises(PlanRefused, match=r"(?i)a relx release: no real one"):
                await at.plan(kind, **params)

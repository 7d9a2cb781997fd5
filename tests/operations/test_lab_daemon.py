"""A real release without systemd: found in /proc, started and stopped by its own launcher."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.lab.lab import Lab
from tests.lab.recipe import APP_ROOT, UNIT
from tests.operations.plan_console import PlanConsole, plan_console
from tui.model.fleet import Environment, Limits, Manager
from tui.model.host import HostSnapshot
from tui.model.plan import PlanRefused
from tui.model.unit import UnitWord

pytestmark = [pytest.mark.lab, pytest.mark.timeout(240)]

ENV_FILE = "/etc/billing.env"
_ENVIRONMENT = f"""
{{ systemctl show -p Environment --value {UNIT} | tr ' ' '\\n'
  for f in $(systemctl show -p EnvironmentFiles --value {UNIT} | cut -d ' ' -f 1); do cat "$f"; done
}} | grep = >{ENV_FILE}
chown billing: {ENV_FILE}; chmod 600 {ENV_FILE}
systemctl stop {UNIT}
"""


@pytest.fixture
def without_systemd(lab: Lab) -> Iterator[None]:
    """The unit is stopped on web1; the lab is as before at the end."""
    lab.sh("web1", _ENVIRONMENT)
    try:
        yield
    finally:
        lab.sh("web1", f"pkill -9 -u billing; rm -f {ENV_FILE}; systemctl start {UNIT}; true")
        lab.reset()


async def now(at: PlanConsole) -> HostSnapshot:
    snapshot = await at.context.refresh("web1")
    assert snapshot is not None
    return snapshot


async def test_start_restart_and_stop(
    lab: Lab, lab_environment: Environment, tmp_path: Path, without_systemd: None
) -> None:
    app = replace(lab_environment.apps[0], manager=Manager.RELEASE, env_file=ENV_FILE)
    environment = replace(lab_environment, apps=(app,))
    async with plan_console(environment, app, tmp_path, limits=Limits()) as at:
        snapshot = await now(at)
        assert snapshot.unit.word is UnitWord.STOPPED
        assert snapshot.unit.name == "bin/billing"
        with pytest.raises(PlanRefused, match="stopped already"):
            await at.plan("stop", hosts="web1")

        await at.do("start", 120, hosts="web1")
        first = await now(at)
        assert first.unit.word is UnitWord.RUNNING
        assert first.release.runs == "0.2.0"
        pid = lab.sh("web1", f"su billing -s /bin/sh -c '{APP_ROOT}/bin/billing pid'").strip()
        assert str(first.unit.main_pid) == pid
        environ = lab.sh("web1", f"tr '\\0' '\\n' </proc/{pid}/environ")
        assert "DATABASE_URL=" in environ
        with pytest.raises(PlanRefused, match="nothing to start"):
            await at.plan("start", hosts="web1")

        await at.do("restart", 200, hosts="web1")
        second = await now(at)
        assert second.unit.word is UnitWord.RUNNING
        assert second.unit.main_pid != first.unit.main_pid
        assert second.unit.invocation_id != first.unit.invocation_id

        await at.do("stop", 200, hosts="web1")
        assert (await now(at)).unit.word is UnitWord.STOPPED
        assert lab.sh("web1", f"ls {APP_ROOT}/.beamdeck/daemon 2>/dev/null; true") == ""
        with pytest.raises(PlanRefused, match="has no unit file"):
            await at.plan("daemon_reload", hosts="web1")


async def test_a_changed_cookie_and_a_launcher_that_refuses(
    lab: Lab, lab_environment: Environment, tmp_path: Path, without_systemd: None
) -> None:
    app = replace(lab_environment.apps[0], manager=Manager.RELEASE, env_file=ENV_FILE)
    environment = replace(lab_environment, apps=(app,))
    launcher = f"{APP_ROOT}/bin/billing"
    ask = f"su billing -s /bin/sh -c '{launcher} pid'"
    async with plan_console(environment, app, tmp_path, limits=Limits()) as at:
        await at.do("start", 120, hosts="web1")
        lab.sh("web1", f"printf OTHERCOOKIE >{APP_ROOT}/releases/COOKIE")
        await at.do("restart", 200, hosts="web1")
        pid = (await now(at)).unit.main_pid
        assert lab.sh("web1", ask).strip() == str(pid), "it runs with the new cookie"

        plan = await at.plan("restart", hosts="web1")
        lab.sh("web1", f"mv {launcher} {launcher}.kept; printf '#!/bin/sh\necho :nodedown; exit 1' "
               f">{launcher}; chmod 755 {launcher}")  # fmt: skip
        run = await at.carry_out(plan, 200)
        assert run.ended is not None
        assert not run.ended.ok
        assert ":nodedown" in run.ended.summary
        assert (await now(at)).unit.main_pid == pid, "nothing was killed"

"""A release on this machine that systemd does not run, with a launcher of the test's own."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.operations.plan_console import plan_console
from tui.model.fleet import App, Environment, Host, Manager, Transport
from tui.model.plan import PlanRefused
from tui.model.unit import UnitWord

pytestmark = pytest.mark.skipif(shutil.which("perl") is None, reason="needs perl for a process")

LAUNCHER = r"""#!/bin/sh
root=$(cd "$(dirname "$0")/.." && pwd -P)
case $1 in
  daemon)
    echo "$MARK" >"$root/mark"
    setsid perl -e 'sleep 600' -- -root "$root" -boot "$root/releases/0.2.0/start" \
      </dev/null >/dev/null 2>&1 &
    echo $! >"$root/pid" ;;
  stop) [ ! -e "$root/refuse" ] || { echo ":nodedown" >&2; exit 1; }
    kill "$(cat "$root/pid")" ;;
  *) exit 1 ;;
esac
"""


@pytest.fixture
def release(tmp_path: Path) -> Iterator[Path]:
    """A release's folder, not root's: nothing is done as root there."""
    root = tmp_path / "release"
    for folder in ("bin", "releases/0.2.0", "lib"):
        (root / folder).mkdir(parents=True)
    (root / "bin/billing").write_text(LAUNCHER)
    (root / "bin/billing").chmod(0o755)
    (root / "releases/start_erl.data").write_text("13.1.5 0.2.0")
    (root / "releases/COOKIE").write_text("TESTCOOKIE")
    (root / "releases/0.2.0/env.sh").write_text("")
    (root / "env").write_text("MARK='of the file'\n")
    if os.getuid() == 0:
        user = pwd.getpwnam("nobody")
        for path in (root, *root.rglob("*")):
            os.chown(path, user.pw_uid, user.pw_gid)
        for folder in (tmp_path, *tmp_path.parents):
            if folder.stat().st_uid == 0 and folder.stat().st_mode & 0o005 == 0:
                folder.chmod(folder.stat().st_mode | 0o011)
    yield root
    subprocess.run(["pkill", "-9", "-f", f"{root}/releases/0.2.0/start"], check=False)


def local(root: Path) -> tuple[Environment, App]:
    app = App(
        "billing",
        deliver_to=str(root),
        manager=Manager.RELEASE,
        env_file=str(root / "env"),
        owner="nobody" if os.getuid() == 0 else None,
    )
    host = Host("here", transport=Transport.LOCAL)
    return Environment("trying", hosts=(host,), apps=(app,)), app


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    work = "tui.operations.restart_aftermath"
    for name, seconds in {"POLL_S": 0.03, "SETTLE_S": 0.25, "VERSION_WAIT_S": 2.0}.items():
        monkeypatch.setattr(f"{work}.{name}", seconds)
    monkeypatch.setattr("tui.operations.restart_setback.QUIET_S", 0.6)


async def test_start_restart_stop_on_this_machine(release: Path, tmp_path: Path) -> None:
    environment, app = local(release)
    async with plan_console(environment, app, tmp_path / "state") as at:
        before = await at.context.refresh("here")
        assert before is not None
        assert before.unit.word is UnitWord.STOPPED
        await at.do("start", hosts="here")
        first = await at.context.refresh("here")
        assert first is not None
        assert (first.unit.word, first.release.runs) == (UnitWord.RUNNING, "0.2.0")
        assert (release / "mark").read_text() == "of the file\n"
        await at.do("restart", hosts="here")
        second = await at.context.refresh("here")
        assert second is not None
        assert second.unit.invocation_id != first.unit.invocation_id
        assert (release / "mark").read_text() == "of the file\n", "the old node's environment"
        await at.do("stop", hosts="here")
        with pytest.raises(PlanRefused, match="stopped already"):
            await at.plan("stop", hosts="here")


async def test_a_launcher_that_refuses_leaves_the_node_alone(release: Path, tmp_path: Path) -> None:
    environment, app = local(release)
    async with plan_console(environment, app, tmp_path / "state") as at:
        await at.do("start", hosts="here")
        before = await at.context.refresh("here")
        (release / "refuse").touch()
        for kind in ("restart", "stop"):
            run = await at.carry_out(await at.plan(kind, hosts="here"))
            assert run.ended is not None
            assert not run.ended.ok
            assert ":nodedown" in run.ended.summary
        after = await at.context.refresh("here")
        assert before is not None
        assert after is not None
        assert after.unit.invocation_id == before.unit.invocation_id


async def test_another_release_beside_it_is_not_taken_for_it(release: Path, tmp_path: Path) -> None:
    environment, app = local(release)
    other = replace(app, deliver_to=str(release.parent / "rel"))
    async with plan_console(environment, app, tmp_path / "state") as at:
        await at.do("start", hosts="here")
    changed = replace(environment, apps=(other,))
    async with plan_console(changed, other, tmp_path / "state2") as at:
        seen = await at.context.refresh("here")
        assert seen is not None
        assert seen.unit.word is UnitWord.NOT_FOUND

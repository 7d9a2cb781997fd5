"""A build by the app's own command: followed, and believed only by what is in the store."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.operations.plan_console import plan_console
from tui.demo.fleet import DemoFleet
from tui.model.plan import PlanRefused

BUILD = """#!/bin/sh
echo "VERSION=${VERSION-unset}"
read -r line && echo "stdin said $line"
case $1 in
  good) echo building; cp "$2/billing_0.3.0.release.tar.gz" "$2/billing_0.4.0.release.tar.gz" ;;
  nothing) echo 'nothing to do' ;;
  bad) echo '** (Mix) password=hunter22 could not compile'; exit 3 ;;
esac
"""


async def test_builds_that_end_well_without_an_archive_and_badly(
    demo_fleet: DemoFleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERSION", "9")
    folder = tmp_path / "src"
    folder.mkdir()
    script = folder / "build"
    script.write_text(BUILD)
    os.chmod(script, 0o755)
    ends: dict[str, tuple[bool, str]] = {}
    for how in ("good", "nothing", "bad"):
        command = f"./build {how} {demo_fleet.store}"
        app = replace(demo_fleet.app, build=command, build_in=str(folder))
        async with plan_console(demo_fleet.environment, app, tmp_path / how) as at:
            plan = await at.plan("build")
            assert plan.hosts == ("this machine",)
            run = await at.carry_out(plan)
            assert run.ended is not None
            told = " ".join([run.ended.summary, *(getattr(e, "detail", "") for e in run.events)])
            ends[how] = (run.ended.ok, told)
    assert ends["good"][0]
    assert "built 0.4.0" in ends["good"][1]
    assert not ends["nothing"][0]
    assert "no new archive is in the store" in ends["nothing"][1]
    assert "VERSION=unset" in ends["nothing"][1]
    assert "stdin said" not in ends["nothing"][1]
    assert not ends["bad"][0]
    assert "exit status 3" in ends["bad"][1]
    assert "could not compile" in ends["bad"][1]
    assert "hunter22" not in ends["bad"][1]


async def test_what_the_config_lacks_is_said(demo_fleet: DemoFleet, tmp_path: Path) -> None:
    async with plan_console(demo_fleet.environment, demo_fleet.app, tmp_path) as at:
        with pytest.raises(PlanRefused, match="names no build command"):
            await at.plan("build")
        app = replace(demo_fleet.app, build="make", build_in=str(tmp_path / "gone"))
        at.context = replace(at.context, app=app)
        run = await at.carry_out(await at.plan("build"))
        assert run.ended is not None
        assert "is not there" in run.ended.summary
        at.context = replace(at.context, app=replace(app, build_in=None))
        with pytest.raises(PlanRefused, match="build_in"):
            await at.plan("build")
        edeliver = replace(app, build="mix edeliver build release", build_in="/tmp")
        at.context = replace(at.context, app=edeliver)
        assert "force-pushes" in (await at.plan("build")).verdicts[0].reason

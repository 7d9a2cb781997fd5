"""Releases of tools that were never tried for real: their files and schema are left alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.operations.plan_console import plan_console
from tests.security.archives import whole
from tui.model.fleet import Flavour
from tui.model.plan import PlanRefused

if TYPE_CHECKING:
    from tui.demo.fleet import DemoFleet


@pytest.mark.parametrize("flavour", [Flavour.DISTILLERY, Flavour.RELX])
async def test_they_are_restarted_and_read_and_nothing_else(
    demo_fleet: DemoFleet, tmp_path: Path, flavour: Flavour
) -> None:
    archive = tmp_path / "billing-0.3.0.tar.gz"
    archive.write_bytes(whole())
    app = replace(demo_fleet.app, flavour=flavour)
    asked = {
        "deploy": {"archive": str(archive), "migrations": "never"},
        "rollback": {"version": "0.1.0", "code_only": "yes"},
        "prune": {},
        "migrate": {"direction": "up"},
    }
    async with plan_console(demo_fleet.environment, app, tmp_path) as at:
        for kind, params in asked.items():
            with pytest.raises(PlanRefused, match=f"(?i){flavour} release: no real one"):
                await at.plan(kind, **params)
        assert (await at.plan("restart", hosts="web1")).steps

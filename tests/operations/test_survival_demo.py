"""Where a step would end together with its link, the plan says so before it is begun."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.operations.demo_bench import console
from tui.model.plan import VerdictKind

if TYPE_CHECKING:
    from tui.demo.fleet import DemoFleet

ASKED = {"version": "0.1.0", "code_only": "yes", "hosts": "web1"}


async def test_a_host_that_ends_what_a_user_leaves_behind_is_named(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    sandbox = demo_fleet.machines["web1"].sandbox
    sandbox.write("bin/loginctl", "#!/bin/sh\necho yes\n", 0o755)
    async with console(demo_fleet, tmp_path) as at:
        plan = await at.plan("rollback", **ASKED)
        assert [v for v in plan.verdicts if v.guard == "link"] == [], "a unit outlives its link"
        restart = "/usr/bin/systemctl --job-mode=fail restart billing_prod.service"
        demo_fleet.machines["web1"].set_sudoers("devops", ["(billing) ALL", restart])
        after = await at.plan("rollback", **ASKED)
        (verdict,) = [v for v in after.verdicts if v.guard == "link"]
        assert verdict.kind is VerdictKind.WARN
        assert verdict.reason.startswith("web1: a step at work there ends if its link is lost")
        assert verdict.reason.endswith("(KillUserProcesses), and devops may start no unit by sudo")
        sandbox.write("bin/loginctl", "#!/bin/sh\necho no\n", 0o755)
        last = await at.plan("rollback", **ASKED)
        assert [v for v in last.verdicts if v.guard == "link"] == []

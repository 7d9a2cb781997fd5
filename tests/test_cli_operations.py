"""`beamdeck operations`, after a `beamdeck run` that was killed with SIGKILL in mid-plan."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from tests.test_headless import BEAMDECK, config, run, state

__all__ = ["config", "state"]


def test_a_killed_run_is_listed_from_the_log_and_from_the_hosts(
    config: str, state: Path, tmp_path: Path
) -> None:
    done = run(config, state, "operations")
    assert (done.returncode, done.stdout) == (0, "every operation has its end\n")
    asked = ("restart", "billing", "--host", "web1", "--host", "web2")
    plan = json.loads(run(config, state, "plan", *asked, "--json").stdout)["plan"]
    killed = subprocess.Popen(
        [*BEAMDECK, "--config", config, "run", "--plan-hash", plan, *asked],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "XDG_STATE_HOME": str(state)},
    )
    assert killed.stdout is not None
    with killed.stdout:
        for line in killed.stdout:
            if "3/6 web1" in line and "sent" in line:
                break
        killed.kill()
        killed.wait(20)
    done = run(config, state, "operations")
    assert done.returncode == 1
    assert "step 3 of 6, restart billing_prod.service, was begun" in done.stdout
    assert "found on web1, web2" in done.stdout
    # Another machine knows of it by the hosts alone.
    other = run(config, tmp_path, "operations", "--json")
    assert other.returncode == 1
    (told,) = json.loads(other.stdout)["operations"]
    assert (told["step"], told["steps"], told["host"], told["state"]) == (3, 6, "web1", "unknown")
    assert told["found_on"] == ["web1", "web2"]
    assert told["user"]
    _marks_are_looked_up(config, state)


def _marks_are_looked_up(config: str, state: Path) -> None:
    """What the hosts hold of the killed run, beside the audit as it is and cut short."""
    verify = ("audit", "verify", "--hosts")
    whole = run(config, state, *verify)
    assert whole.returncode == 0, whole.stdout + whole.stderr
    assert "web1: 3 marks" in whole.stdout
    assert "5 marks in the audit, 0 of others" in whole.stdout
    path = state / "beamdeck" / "audit" / "audit.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))
    assert run(config, state, "audit", "verify").returncode == 0, "the chain itself is whole"
    cut = run(config, state, *verify)
    assert cut.returncode == 1
    assert "not in the audit: web1 " in cut.stdout
    assert "step 3 restart billing_prod.service: begin" in cut.stdout
    path.unlink()
    gone = run(config, state, *verify)
    assert gone.returncode == 1
    assert gone.stdout.count("not in the audit: ") == 5

"""A deploy and a rollback on the lab, their consoles killed with SIGKILL in and after each step.

One operation: each console takes up what the one before left, and is killed a step further.
"""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tests.lab.client import main_process
from tests.lab.faults import end_connections
from tests.lab.lab import Lab
from tests.lab.recipe import APP_ROOT, UNIT
from tests.operations.killed_console import Job
from tui.model.fleet import Environment, MigrateWhen
from tui.operations.audit_log import verify

pytestmark = [pytest.mark.lab, pytest.mark.timeout(400)]

WEB = ("web1", "web2")
MIDDLE = ("upload", "hand_over", "unpack", "install", "restart", "migrate_up")
CUT = ("upload", "unpack", "restart")
KILLED = -9


@dataclass
class Told:
    """What a console said before it went, and how it went."""

    status: int
    lines: list[dict[str, Any]] = field(default_factory=list)

    def __getitem__(self, name: str) -> Any:
        return next((line[name] for line in self.lines if name in line), None)


def console(folder: Path, job: Job) -> Told:
    """Start a console and wait until it is gone."""
    (folder / "job.pickle").write_bytes(pickle.dumps(job))
    argv = [sys.executable, "-m", "tests.operations.killed_console", str(folder)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode in (0, KILLED), done.stderr
    return Told(done.returncode, [json.loads(line) for line in done.stdout.splitlines()])


def starts(lab: Lab, host: str) -> int:
    """How often the unit was started, by the host's journal."""
    said = lab.sh(host, f"journalctl -q -o cat -u {UNIT} | grep -c '^Started '; true")
    return int(said.strip() or "0")


def rows(lab: Lab) -> list[str]:
    query = "select version from schema_migrations"
    return lab.sh("db1", f"su postgres -c \"psql -At billing_prod -c '{query}'\"").split()


def lock(lab: Lab, host: str) -> str:
    return lab.sh(host, f"cat {APP_ROOT}/.beamdeck/lock 2>/dev/null; true")


def events(folder: Path) -> list[dict[str, Any]]:
    (log,) = (folder / "ops").glob("*.jsonl")
    return [json.loads(line) for line in log.read_bytes().splitlines()]


def sent_again_after(log: list[dict[str, Any]], steps: list[list[str]]) -> list[tuple[str, str]]:
    """(kind of step, what was found of it before) for each step that was sent once more.

    A console that is killed as a step ends may have written the next one's intent already.
    """
    again: list[tuple[str, str]] = []
    found: dict[int, str] = {}
    began = -1
    for event in log:
        if event["event"] == "intent":
            began = int(event["step"])
            if began in found:
                again.append((steps[began][0], found[began]))
            found[began] = "nothing was found out"
        elif event["event"] == "result":
            found[int(event["step"])] = f"{event['state']}: {event['detail']}"
        elif event["event"] == "resumed" and found.get(began) == "nothing was found out":
            found[began] = str(event["detail"])
    return again


def test_killed_after_and_in_each_step_the_deploy_comes_to_its_end(
    lab: Lab, lab_environment: Environment, tmp_path: Path, second: None
) -> None:
    app = replace(lab_environment.apps[0], migrations=MigrateWhen.AFTER, migration_host="web1")
    job = Job(
        replace(lab_environment, apps=(app,)),
        str(lab.releases / "billing-0.3.0.tar.gz"),
        0,
        "after",
    )
    before, were = {host: starts(lab, host) for host in WEB}, rows(lab)
    began = time.monotonic()
    told = console(tmp_path, job)
    assert told.status == KILLED
    assert told["found"] is None
    steps = told["steps"]
    op = ""
    # Killed behind the first step above. Behind the last there is nothing left to go on with.
    for number, (kind, host, what) in list(enumerate(steps))[1:-1]:
        moments = ("middle", "after") if kind in MIDDLE and host == "web1" else ("after",)
        if kind in CUT and host == "web2":
            moments = ("middle", "after")
        for moment in moments:
            told = console(tmp_path, replace(job, step=number, moment=moment))
            where = (number, kind, host, what, moment, told)
            print(f"{time.monotonic() - began:6.1f} s", *where[:5], told["state"], told["detail"])
            assert told["found"] is not None, where
            (op,) = told["found"]
            assert not told["problem"], where
            assert told.status == KILLED or told["ok"] is not None, where
            if moment == "middle":
                assert told.status == KILLED, where
            if kind in CUT and host == "web2" and moment == "middle":
                end_connections(lab.sh, host)
            if "lock" not in kind:
                for each in WEB:
                    assert op in lock(lab, each), where
    last = console(tmp_path, replace(job, moment="never"))
    assert last["ok"] is True, last
    for host in WEB:
        assert main_process(lab, host)[1] == "0.3.0"
        assert starts(lab, host) - before[host] == 1
        assert lock(lab, host) == ""
    now = rows(lab)
    assert len(now) == len(set(now))
    migrated = [what for kind, _, what in steps if kind == "migrate_up"]
    assert len(now) - len(were) == len(migrated) > 0
    for kind, sent_again in sent_again_after(events(tmp_path), steps):
        assert sent_again.startswith("failed: "), (kind, "was sent again after", sent_again)
    assert verify(tmp_path / "audit" / "audit.jsonl") == ""
    assert time.monotonic() - began < 240


def test_killed_after_and_in_each_step_a_rollback_is_ended_by_other_operators(
    lab: Lab, lab_environment: Environment, tmp_path: Path, second: None
) -> None:
    """Each console has a state folder of its own: what it knows, the hosts told it."""
    app = replace(lab_environment.apps[0], migrations=MigrateWhen.AFTER, migration_host="web1")
    environment = replace(lab_environment, apps=(app,))
    were = rows(lab)
    newer = str(lab.releases / "billing-0.2.1.tar.gz")
    assert console(folder(tmp_path, "deploy"), Job(environment, newer, 0, "never"))["ok"] is True
    before = {host: starts(lab, host) for host in WEB}
    job = Job(environment, "", 0, "after", "rollback", "0.2.0")
    began = time.monotonic()
    told = console(folder(tmp_path, "0"), job)
    assert told.status == KILLED
    steps = told["steps"]
    assert "migrate_down" in [kind for kind, _, _ in steps]
    for number, (kind, host, what) in list(enumerate(steps))[1:-1]:
        for moment in ("middle", "after") if kind in ("migrate_down", "restart") else ("after",):
            at = folder(tmp_path, f"{number}-{moment}")
            told = console(at, replace(job, step=number, moment=moment))
            where = (number, kind, host, what, moment, told)
            print(f"{time.monotonic() - began:6.1f} s", *where[:5], told["state"], told["detail"])
            assert told["found"] is not None, where
            assert len(told["found"]) == 1, where
            assert not told["problem"], where
            assert told.status == KILLED or told["ok"] is not None, where
    last = folder(tmp_path, "last")
    told = console(last, replace(job, moment="never"))
    assert told["ok"] is True, told
    for host in WEB:
        assert main_process(lab, host)[1] == "0.2.0"
        assert starts(lab, host) - before[host] == 1, "restarted once"
        assert lock(lab, host) == ""
    assert sorted(rows(lab)) == sorted(were)
    for kind, sent_again in sent_again_after(events(last), steps):
        assert sent_again.startswith("failed: "), (kind, "was sent again after", sent_again)
    assert verify(last / "audit" / "audit.jsonl") == ""


def folder(top: Path, name: str) -> Path:
    """The state of an operator who was not there before."""
    made = top / name
    made.mkdir()
    return made

"""`beamdeck status` and `beamdeck tail` as commands say what the hosts themselves say."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.lab.client import main_process
from tests.lab.lab import Lab
from tests.lab.recipe import APP_ROOT, UNIT

pytestmark = pytest.mark.lab

WEB = ("web1", "web2")


@pytest.fixture
def config_file(lab: Lab, tmp_path: Path) -> Path:
    """The lab as a configuration, as an operator writes it."""
    hosts = "".join(
        f'[[environments.hosts]]\nname = "{host}"\naddress = "{lab.host(host).machine.address}"\n'
        f'user = "devops"\nidentity = "{lab.key}"\nknown_hosts = "{lab.known_hosts}"\n'
        for host in WEB
    )
    path = tmp_path / "config.toml"
    path.write_text(
        f'[[environments]]\nname = "lab"\n{hosts}'
        f'[[environments.apps]]\nname = "billing"\nunit = "{UNIT}"\ndeliver_to = "{APP_ROOT}"\n'
        'owner = "billing"\n[environments.apps.health]\nkind = "http"\nport = 4000\n'
    )
    return path


def _beamdeck(config: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "XDG_STATE_HOME": str(config.parent / "state")}
    argv = [sys.executable, "-m", "tui", "--config", str(config), *words]
    return subprocess.run(
        argv, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_status_says_what_systemd_says(lab: Lab, config_file: Path) -> None:
    done = _beamdeck(config_file, "status", "--json")
    assert done.returncode == 0, done.stderr
    told = {host["host"]: host for host in json.loads(done.stdout)["hosts"]}
    assert tuple(told) == WEB
    for name in WEB:
        pid, version = main_process(lab, name)
        names = "MainPID,InvocationID,ActiveState,SubState,NRestarts,Result"
        shown = dict(
            line.split("=", 1)
            for line in lab.sh(name, f"systemctl show -p {names} {UNIT}").splitlines()
        )
        unit, release, machine = (told[name][part] for part in ("unit", "release", "machine"))
        assert told[name]["state"] == "running"
        assert (str(unit["main_pid"]), unit["invocation_id"]) == (pid, shown["InvocationID"])
        assert unit["active_state"] == shown["ActiveState"]
        assert str(unit["restarts"]) == shown["NRestarts"]
        assert (release["runs"], release["boots"]) == (version, "0.2.0")
        assert release["flavour"] == "mix"
        assert machine["boot_id"] == lab.sh(name, "cat /proc/sys/kernel/random/boot_id").strip()
        assert machine["journal_persistent"] is True
        assert machine["systemd_version"] == 252


def test_tail_prints_what_journalctl_has(lab: Lab, config_file: Path) -> None:
    since = time.time() - 20
    done = _beamdeck(config_file, "tail", "--json", "--no-follow", f"--since=@{since:.0f}")
    assert done.returncode == 0, done.stderr
    entries = [json.loads(line) for line in done.stdout.splitlines()]
    # Across hosts by their clocks as measured, which a busy machine measures to some milliseconds.
    newest = list(itertools.accumulate((e["at_us"] for e in entries), max))
    assert max(high - e["at_us"] for high, e in zip(newest, entries, strict=True)) < 1_000_000
    for host in WEB:
        mine = [e for e in entries if e["host"] == host]
        asked = f"journalctl -q -u {UNIT} -o json --no-pager --since=@{since:.0f}"
        there = [json.loads(line) for line in lab.sh(host, asked).splitlines()]
        # A trace is one entry here and a line each there.
        lines = [line for e in mine for line in e["message"].split("\n")]
        assert lines == [entry["MESSAGE"] for entry in there][: len(lines)]
        assert {e["cursor"] for e in mine} <= {entry["__CURSOR"] for entry in there}
        assert len(mine) > 10


def test_nobody_reads_the_cookie_or_the_password(lab: Lab, config_file: Path) -> None:
    cookie = lab.sh("web1", f"cat {APP_ROOT}/releases/COOKIE").strip()
    text = "".join(
        done.stdout + done.stderr
        for done in (
            _beamdeck(config_file, "status", "--json"),
            _beamdeck(config_file, "status"),
            _beamdeck(config_file, "tail", "--json", "--no-follow", "--since=1m"),
        )
    )
    assert UNIT in text
    assert cookie not in text
    assert "billing_prod@" not in text

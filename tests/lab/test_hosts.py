"""The hosts are what the README says: booted, apart from each other and from this machine."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.lab.client import http_get, ssh
from tests.lab.lab import HEALTHY, Lab
from tests.lab.recipe import MACHINES, NAMESPACE, PORT, UNIT, Machine
from tests.lab.shell import run

pytestmark = pytest.mark.lab

NAMES = [machine.name for machine in MACHINES]
WEB = [machine.name for machine in MACHINES if machine.app]


@pytest.mark.parametrize("name", NAMES)
def test_each_host_is_a_booted_systemd(lab: Lab, name: str) -> None:
    assert lab.sh(name, "systemctl is-system-running").strip() == "running"
    assert lab.sh(name, "cat /proc/1/comm").strip() == "systemd"
    assert lab.sh(name, "hostname").strip() == name


@pytest.mark.parametrize("machine", MACHINES, ids=NAMES)
def test_the_journal_is_kept_where_it_is_declared(lab: Lab, machine: Machine) -> None:
    files = lab.sh(machine.name, "journalctl --header | grep '^File path:'")
    folder = "/var/log/journal/" if machine.persistent else "/run/log/journal/"
    assert re.findall(r"^File path: (/\w+/log/journal/)", files, re.M)
    assert set(re.findall(r"^File path: (/\w+/log/journal/)", files, re.M)) == {folder}


def test_each_host_has_a_tmp_of_its_own(lab: Lab) -> None:
    lab.sh("web1", "touch /tmp/mine")
    assert lab.sh("web2", "ls /tmp/mine 2>&1; true").strip().endswith("No such file or directory")
    assert not Path("/tmp/mine").exists()
    lab.sh("web1", "rm /tmp/mine")


def test_no_host_sees_the_processes_or_groups_of_another(lab: Lab) -> None:
    for name in WEB:
        pids = lab.sh(name, f"cat /sys/fs/cgroup/systemd/system.slice/{UNIT}/cgroup.procs").split()
        assert pids
        assert "0" not in pids
        main = lab.sh(name, f"systemctl show -p MainPID --value {UNIT}").strip()
        assert main in pids


def test_nothing_routes_out_of_the_lab(lab: Lab) -> None:
    devices = {machine.namespace: {"lo", "host0"} for machine in MACHINES}
    devices[NAMESPACE] = {"lo", "br-lab", *(f"v-{name}" for name in NAMES)}
    for namespace, expected in devices.items():
        routes = run("ip", "-n", namespace, "route").splitlines()
        assert [route.split()[0] for route in routes] == ["10.77.0.0/24"]
        links = json.loads(run("ip", "-j", "-n", namespace, "link"))
        assert {link["ifname"] for link in links} == expected


def test_hosts_keep_their_own_keys(lab: Lab) -> None:
    kept = [line.split() for line in lab.known_hosts.read_text().splitlines()]
    assert {kind for _, kind, _ in kept} == {"ssh-ed25519", "ecdsa-sha2-nistp256"}
    assert len({blob for _, _, blob in kept}) == 2 * len(MACHINES)


@pytest.mark.parametrize("name", WEB)
def test_the_application_serves(lab: Lab, name: str) -> None:
    address = lab.host(name).machine.address
    assert http_get(address, "/health") == (200, "ok 0.2.0")
    lab.sh(name, "touch /tmp/unhealthy")
    try:
        assert http_get(address, "/health") == (503, "unhealthy 0.2.0")
    finally:
        lab.sh(name, "rm /tmp/unhealthy")


def test_the_application_keeps_its_state_in_postgresql(lab: Lab) -> None:
    """Every twentieth request, of two a second, stores an invoice."""
    count = "su postgres -c \"psql -At billing_prod -c 'select count(*) from t_create_invoices'\""
    before = int(lab.sh("db1", count))
    lab.host("db1").wait_until(f'test "$({count})" -gt {before}', 15)


def test_a_reboot_keeps_the_journal_and_brings_the_application_back(lab: Lab) -> None:
    web2 = lab.host("web2")
    boots = "journalctl --list-boots | wc -l"
    before, leader = int(web2.sh(boots)), web2.leader
    # 255 if the connection is gone before the answer is.
    assert ssh(lab, "devops", "web2", "sudo -n systemctl --no-block reboot").status in (0, 255)
    until = time.monotonic() + 30
    while web2.leader in (leader, None):
        assert time.monotonic() < until
        time.sleep(0.1)
    web2.wait_booted()
    web2.wait_until(HEALTHY)
    assert int(web2.sh(boots)) == before + 1
    assert ssh(lab, "devops", "web2", "hostname").out.strip() == "web2"
    assert http_get(web2.machine.address, "/health", PORT)[0] == 200


def test_without_root_it_says_so() -> None:
    asked = ("unshare", "--user", sys.executable, "-m", "tests.lab", "status")
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert done.stderr.startswith("lab: the lab needs root")

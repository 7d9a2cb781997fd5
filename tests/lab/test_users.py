"""Who may what, over real SSH and sudo."""

from __future__ import annotations

import subprocess

import pytest

from tests.lab.client import Answer, ssh, ssh_argv
from tests.lab.lab import HEALTHY, Lab
from tests.lab.recipe import APP_ROOT, UNIT

pytestmark = pytest.mark.lab

EXACT = f"/usr/bin/systemctl restart {UNIT}"


def _main_pid(lab: Lab, host: str) -> str:
    return lab.sh(host, f"systemctl show -p MainPID --value {UNIT}").strip()


def test_devops_restarts_through_sudo(lab: Lab) -> None:
    before = _main_pid(lab, "web1")
    assert ssh(lab, "devops", "web1", f"sudo -n systemctl restart {UNIT}").status == 0
    after = _main_pid(lab, "web1")
    assert after not in (before, "0")
    lab.host("web1").wait_until(HEALTHY)
    shown = lab.sh("web1", f"systemctl show -p Result,NRestarts,Job {UNIT}").split()
    assert set(shown) >= {"Result=success", "NRestarts=0"}


def test_devops_may_not_without_sudo(lab: Lab) -> None:
    refused = ssh(lab, "devops", "web1", f"systemctl restart {UNIT}")
    assert refused.status == 4
    assert "Access denied" in refused.err


def test_devops_does_not_own_the_release_but_reads_it(lab: Lab) -> None:
    assert ssh(lab, "devops", "web1", f"touch {APP_ROOT}/mine").status == 1
    assert (
        ssh(lab, "devops", "web1", f"stat -c '%a %U:%G' {APP_ROOT}").out == "755 billing:billing\n"
    )
    assert ssh(lab, "devops", "web1", f"{APP_ROOT}/bin/billing pid").out.strip() == _main_pid(
        lab, "web1"
    )
    groups = ssh(lab, "devops", "web1", "id -nG").out.split()
    assert groups == ["devops", "systemd-journal"]


def test_restarter_has_exactly_one_line(lab: Lab) -> None:
    before = _main_pid(lab, "web2")
    assert ssh(lab, "restarter", "web2", f"sudo -n -l {EXACT}").out.strip() == EXACT
    assert ssh(lab, "restarter", "web2", f"sudo -n {EXACT}").status == 0
    assert _main_pid(lab, "web2") != before
    lab.host("web2").wait_until(HEALTHY)


@pytest.mark.parametrize(
    "command",
    [
        "systemctl restart billing_prod",
        f"systemctl --job-mode=fail restart {UNIT}",
        f"systemctl stop {UNIT}",
        "systemctl restart ssh.service",
        "true",
    ],
)
def test_restarter_is_refused_every_other(lab: Lab, command: str) -> None:
    before = _main_pid(lab, "web2")
    refused = ssh(lab, "restarter", "web2", f"sudo -n {command}")
    assert (refused.status, refused.err.strip()) == (1, "sudo: a password is required")
    assert ssh(lab, "restarter", "web2", f"sudo -n -l {command}").status == 1
    assert _main_pid(lab, "web2") == before


def test_watcher_reads_no_journal_and_has_no_sudo(lab: Lab) -> None:
    seen = ssh(lab, "watcher", "web1", f"journalctl -u {UNIT} -n 3 --no-pager")
    assert "Hint: You are currently not seeing messages" in seen.err + seen.out
    assert "request_id" not in seen.out
    quiet = ssh(lab, "watcher", "web1", f"journalctl -q -u {UNIT} -n 3 --no-pager")
    assert (quiet.out, quiet.err) == ("", "")
    assert ssh(lab, "watcher", "web1", "sudo -n true").status == 1


def test_fishy_has_another_shell(lab: Lab) -> None:
    answer = ssh(lab, "fishy", "web1", "set -l words a b; echo $words[2] $version")
    assert answer.status == 0
    assert answer.out.startswith("b 3.")


@pytest.mark.parametrize("user", ["devops", "restarter", "fishy"])
def test_these_read_the_journal(lab: Lab, user: str) -> None:
    seen = ssh(lab, user, "web1", f"journalctl -q -u {UNIT} -n 3 -o cat --no-pager")
    assert len(seen.out.splitlines()) == 3


def test_a_strange_key_is_refused(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> None:
    strange = tmp_path_factory.mktemp("key") / "id"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", strange], check=True)
    argv = [
        word.replace(str(lab.ssh_config), "/dev/null") for word in ssh_argv(lab, "devops", "web1")
    ]
    options = [
        "-i",
        str(strange),
        "-o",
        "BatchMode=yes",
        "-o",
        f"UserKnownHostsFile={lab.known_hosts}",
    ]
    argv[-3:] = [*options, "-o", "StrictHostKeyChecking=yes", "-l", "devops", "10.77.0.11"]
    done = subprocess.run([*argv, "true"], capture_output=True, text=True, check=False)
    assert Answer(done.returncode, done.stdout, done.stderr.split("(")[0].strip()) == Answer(
        255, "", "devops@10.77.0.11: Permission denied"
    )


def test_sshd_has_its_default_limits(lab: Lab) -> None:
    effective = lab.sh("web1", "sshd -T").splitlines()
    assert "maxsessions 10" in effective
    assert "maxstartups 10:30:100" in effective

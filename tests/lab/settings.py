"""What is written into a host's root before its first boot: users, keys, sudo rules, units."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path

from tests.lab.recipe import (
    APP_ROOT,
    DATABASE_PASSWORD,
    MACHINES,
    NETWORK,
    RELAY_ROOT,
    RELAY_UNIT,
    RELAY_VERSIONS,
    UNIT,
    VERSIONS,
    Machine,
)
from tests.lab.shell import run

# In this order: devops gets 1000 and billing 1001, as in the transcripts.
USERS = ("devops", "billing", "restarter", "watcher", "fishy")
DATABASE_URL = f"ecto://billing_prod:{DATABASE_PASSWORD}@{NETWORK}.13:5432/billing_prod"
SUDOERS = f"""devops ALL=(ALL) NOPASSWD: ALL
fishy ALL=(ALL) NOPASSWD: ALL
restarter ALL=(root) NOPASSWD: /usr/bin/systemctl restart {UNIT}
"""
MASKED = ("apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "fstrim.timer")
UNTHROTTLED = "LogRateLimitIntervalSec=1s\nLogRateLimitBurst=1000000\n"

APP_UNIT = f"""[Unit]
Description=billing service (prod)
After=network.target

[Service]
Type=simple
User=billing
WorkingDirectory={APP_ROOT}
Environment=LANG=C.UTF-8 DATABASE_URL={DATABASE_URL} RELEASE_NODE=billing@%l
ExecStart={APP_ROOT}/bin/billing start
ExecStop={APP_ROOT}/bin/billing stop
Restart=on-failure
SyslogIdentifier=billing
{UNTHROTTLED}
[Install]
WantedBy=multi-user.target
"""

UNITS = {
    UNIT: APP_UNIT,
    # A release that relx built; started by the tests that need it.
    RELAY_UNIT: f"[Service]\nUser=billing\nWorkingDirectory={RELAY_ROOT}\n"
    f"Environment=LANG=C.UTF-8\nExecStart={RELAY_ROOT}/bin/relay foreground\n"
    "SyslogIdentifier=relay\n",
    # Ends in SIGKILL: it does not hear SIGTERM and has three seconds.
    "stubborn.service": "[Service]\nTimeoutStopSec=3\n"
    "ExecStart=/bin/sh -c 'trap \"\" TERM; while :; do sleep 1; done'\n",
    # Dies at start until systemd gives up.
    "looper.service": "[Service]\nRestart=on-failure\nRestartSec=300ms\n"
    "ExecStart=/bin/sh -c 'echo \"[error] module :telemetry_app is not available\"; exit 1'\n",
    # Takes five seconds to stop.
    "slowstop.service": "[Service]\nExecStart=/bin/sleep infinity\nExecStop=/bin/sleep 5\n",
    # N lines as fast as can be, never throttled; the same with a narrow limit, and a last line
    # after it, since journald says what it dropped only when the unit logs again.
    "flood@.service": f"[Service]\n{UNTHROTTLED}ExecStart=/usr/bin/seq -f '[info] line %%.0f' %i\n",
    "throttled@.service": "[Service]\nLogRateLimitIntervalSec=10s\nLogRateLimitBurst=500\n"
    "ExecStart=/bin/sh -c 'seq -f \"[info] line %%.0f\" %i; sleep 12; echo after'\n",
    # RATE numbered lines a second until it is stopped, never throttled.
    "steady@.service": f"[Service]\n{UNTHROTTLED}ExecStart=/usr/local/bin/steady %i\n",
}

# Paced by the clock; `read` with a limit waits without starting a process.
STEADY = """#!/bin/bash
exec 9<> <(:)
start=${EPOCHREALTIME/./} number=0
while :; do
  due=$(((${EPOCHREALTIME/./} - start) * $1 / 1000000))
  while ((number < due)); do printf '[info] line %d\\n' $((++number)); done
  read -rt 0.02 -u 9
done
"""


def write(machine: Machine, root: Path, key: Path, releases: Path) -> None:
    """Make the mounted root of a host its own; it has not been booted yet."""
    etc = root / "etc"
    (etc / "hostname").write_text(machine.name + "\n")
    (etc / "machine-id").write_text(uuid.uuid4().hex + "\n")
    names = "".join(f"{m.address} {m.name}\n" for m in MACHINES)
    (etc / "hosts").write_text(f"127.0.0.1 localhost\n{names}")
    (etc / "resolv.conf").unlink(missing_ok=True)
    _keys(machine, root, key)
    _journal(machine, root)
    for name, text in UNITS.items():
        (etc / "systemd/system" / name).write_text(text)
    steady = root / "usr/local/bin/steady"
    steady.write_text(STEADY)
    steady.chmod(0o755)
    for name in MASKED:
        (etc / "systemd/system" / name).symlink_to("/dev/null")
    if machine.app:
        write_release(root, releases)
        _write_relay(root, releases)
    else:
        _database(root)


def _keys(machine: Machine, root: Path, key: Path) -> None:
    for old in (root / "etc/ssh").glob("ssh_host_*"):
        old.unlink()
    # Without an RSA key, whose making takes seconds; sshd uses what is there.
    for kind in ("ed25519", "ecdsa"):
        path = root / f"etc/ssh/ssh_host_{kind}_key"
        run("ssh-keygen", "-q", "-t", kind, "-N", "", "-C", machine.name, "-f", str(path))
    for user in USERS:
        shell = "/usr/bin/fish" if user == "fishy" else "/bin/bash"
        run("chroot", str(root), "useradd", "-m", "-s", shell, user)
        folder = root / "home" / user / ".ssh"
        folder.mkdir(mode=0o700)
        shutil.copy(f"{key}.pub", folder / "authorized_keys")
        run("chroot", str(root), "chown", "-R", f"{user}:{user}", f"/home/{user}/.ssh")
    for user in ("devops", "restarter", "fishy"):
        run("chroot", str(root), "usermod", "-aG", "systemd-journal", user)
    rules = root / "etc/sudoers.d/lab"
    rules.write_text(SUDOERS)
    rules.chmod(0o440)


def _journal(machine: Machine, root: Path) -> None:
    folder = root / "var/log/journal"
    shutil.rmtree(folder, ignore_errors=True)
    if machine.persistent:
        folder.mkdir()


def write_release(root: Path, releases: Path) -> None:
    """Both older versions unpacked in place of whatever is there; 0.2.0 boots."""
    home = root / APP_ROOT.lstrip("/")
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    (root / "home/billing").chmod(0o755)
    for version in VERSIONS[:2]:
        run("tar", "-xzf", str(releases / f"billing-{version}.tar.gz"), "-C", str(home))
    run("chroot", str(root), "chown", "-R", "billing:billing", "/home/billing/prod")


def _write_relay(root: Path, releases: Path) -> None:
    home = root / RELAY_ROOT.lstrip("/")
    home.mkdir(parents=True)
    # What is unpacked last boots next.
    for version in reversed(RELAY_VERSIONS):
        run("tar", "-xzf", str(releases / f"relay-{version}.tar.gz"), "-C", str(home))
    run("chroot", str(root), "chown", "-R", "billing:billing", RELAY_ROOT)


def _database(root: Path) -> None:
    settings = root / "etc/postgresql/15/main"
    with (settings / "postgresql.conf").open("a") as file:
        file.write("listen_addresses = '*'\n")
    with (settings / "pg_hba.conf").open("a") as file:
        file.write(f"host all all {NETWORK}.0/24 scram-sha-256\n")

"""One host of the lab: its overlay root, its boot, a way in as root, its end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

from tests.lab import settings
from tests.lab.recipe import Machine
from tests.lab.shell import LabError, quiet, run


class LabHost:
    """A booted systemd in a root, a network namespace and a /tmp of its own."""

    def __init__(self, machine: Machine, folder: Path) -> None:
        self.machine = machine
        self.folder = folder
        self.root = folder / "root"

    @property
    def pid(self) -> int | None:
        """The container's own process on this machine, None if it is not there."""
        try:
            pid = int((self.folder / "pid").read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError):
            return None
        # A recorded number may have gone to somebody else's process since.
        return pid if str(self.root).encode() in command else None

    def prepare(self, lower: Path, key: Path, releases: Path) -> None:
        """Mount the overlay and write what makes this host itself."""
        for name in ("upper", "work", "root"):
            (self.folder / name).mkdir(parents=True)
        options = f"lowerdir={lower},upperdir={self.folder}/upper,workdir={self.folder}/work"
        run("mount", "-t", "overlay", "overlay", "-o", options, str(self.root))
        settings.write(self.machine, self.root, key, releases)

    def boot(self) -> None:
        """Start systemd in it; returns at once."""
        argv = [
            "systemd-nspawn", "-q", "-D", str(self.root), "-b", "--register=no", "--keep-unit",
            f"--machine={self.machine.name}", "--link-journal=no",
            f"--network-namespace-path=/run/netns/{self.machine.namespace}",
        ]  # fmt: skip
        with (self.folder / "console.log").open("wb") as log:
            started = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        (self.folder / "pid").write_text(str(started.pid))

    def _enter(self, script: str) -> list[str]:
        pid = self.pid
        if pid is None:
            raise LabError(f"{self.machine.name} is not up")
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        if not children:
            raise LabError(f"{self.machine.name} has not begun to boot")
        inside = ["nsenter", "-t", children[0], "-m", "-u", "-i", "-n", "-p"]
        return [*inside, "/usr/bin/env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                "HOME=/root", "LC_ALL=C.UTF-8", "/bin/sh", "-c", f"cd /\n{script}"]  # fmt: skip

    def sh(self, script: str, *, check: bool = True, timeout_s: float = 120) -> str:
        """stdout of a script run as root inside the host."""
        return run(*self._enter(script), check=check, timeout_s=timeout_s)

    def wait_booted(self, limit_s: float = 60) -> None:
        """Until systemd says that it runs and sshd listens."""
        until = time.monotonic() + limit_s
        asked = (
            "systemctl is-system-running | grep -qE 'running|degraded' && ss -ltn | grep -q ':22 '"
        )
        while time.monotonic() < until:
            with contextlib.suppress(LabError):
                if quiet(self._enter(asked)):
                    return
            time.sleep(0.2)
        last = (self.folder / "console.log").read_text(errors="replace")[-1500:]
        raise LabError(f"{self.machine.name} did not boot within {limit_s:g} s:\n{last}")

    def stop(self, limit_s: float = 10) -> None:
        """Power off, then end the one process if it is still there; unmount."""
        pid = self.pid
        if pid is not None:
            with contextlib.suppress(LabError, subprocess.TimeoutExpired):
                self.sh("systemctl poweroff --no-block", check=False, timeout_s=5)
            until = time.monotonic() + limit_s
            while self.pid is not None and time.monotonic() < until:
                self._reap(pid)
                time.sleep(0.1)
            if self.pid is not None:
                os.kill(pid, signal.SIGKILL)
            while self.pid is not None:
                self._reap(pid)
                time.sleep(0.1)
        if os.path.ismount(self.root):
            run("umount", "-l", str(self.root))

    @staticmethod
    def _reap(pid: int) -> None:
        # Only if this process started it; else it is init's child and gone by itself.
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)

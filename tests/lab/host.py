"""One host of the lab: its overlay root, its control group, its boot, a way in, its end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

from tests.lab import cgroup, settings
from tests.lab.recipe import Machine
from tests.lab.shell import LabError, quiet, run, unmount_below

# Says who it is before anything else, so that a run that was killed can be cleaned up. It stays:
# a host that reboots makes systemd-nspawn end with 133, and it is the caller's part to start it
# again (systemd.exec calls it FORCE_RESTART).
LAUNCH = """
echo $$ >"$1"; shift
while [ "$1" != -- ]; do echo $$ >"$1/cgroup.procs"; shift; done
shift
while "$@"; [ $? = 133 ]; do :; done
"""
NSPAWN = Path("/run/systemd/nspawn")
READY = "systemctl is-system-running | grep -q running && ss -Hltn 'sport = :22' | grep -q ."


class LabHost:
    """A booted systemd in a root, a control group, a network namespace and a /tmp of its own."""

    def __init__(self, machine: Machine, folder: Path) -> None:
        self.machine = machine
        self.folder = folder
        self.root = folder / "root"

    @property
    def name(self) -> str:
        """The host's name."""
        return self.machine.name

    @property
    def pid(self) -> int | None:
        """The process of this machine that keeps the host up, None if it is not there."""
        try:
            pid = int((self.folder / "pid").read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError):
            return None
        # A recorded number may have gone to somebody else's process since.
        return pid if str(self.root).encode() in command else None

    @property
    def leader(self) -> int | None:
        """The host's process 1, as this machine numbers it; another one after a reboot."""
        container = _child(self.pid)
        return _child(container)

    def prepare(self, lower: Path, key: Path, releases: Path) -> None:
        """Mount the overlay and write what makes this host itself."""
        for name in ("upper", "work", "root"):
            (self.folder / name).mkdir(parents=True)
        # volatile: nothing is ever synced to a disk, since nothing is meant to outlive this.
        layers = f"lowerdir={lower},upperdir={self.folder}/upper,workdir={self.folder}/work"
        run("mount", "-t", "overlay", "overlay", "-o", f"{layers},volatile", str(self.root))
        settings.write(self.machine, self.root, key, releases)

    def boot(self) -> None:
        """Start systemd in it; returns at once."""
        groups = [str(group) for group in cgroup.make(self.machine.namespace)]
        argv = [
            "systemd-nspawn", "-q", "-D", str(self.root), "-b", "--register=no", "--keep-unit",
            f"--machine={self.machine.namespace}", f"--hostname={self.name}", "--link-journal=no",
            f"--network-namespace-path=/run/netns/{self.machine.namespace}",
        ]  # fmt: skip
        launch = ["/bin/sh", "-ec", LAUNCH, "launch", str(self.folder / "pid"), *groups, "--"]
        with (self.folder / "console.log").open("wb") as log:
            self._started = subprocess.Popen(
                [*launch, *argv],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def inside(self, *argv: str) -> list[str]:
        """The argv that runs `argv` as root inside the host."""
        leader = self.leader
        if leader is None:
            raise LabError(f"{self.name} is not up")
        enter = ["nsenter", "-t", str(leader), "-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w"]
        plain = ["/usr/bin/env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"]
        return [*enter, *plain, "LC_ALL=C.UTF-8", *argv]

    def sh(self, script: str, *, check: bool = True, timeout_s: float = 120) -> str:
        """stdout of a script run as root inside the host; LabError if it fails."""
        return run(*self.inside("/bin/sh", "-c", script), check=check, timeout_s=timeout_s)

    def wait_booted(self, limit_s: float = 90) -> None:
        """Until systemd says that it runs and sshd listens."""
        self.wait_until(READY, limit_s)

    def wait_until(self, script: str, limit_s: float = 30) -> None:
        """Until a script ends with 0 inside the host; LabError with its console after the limit."""
        until = time.monotonic() + limit_s
        while time.monotonic() < until:
            with contextlib.suppress(LabError):
                if quiet(self.inside("/bin/sh", "-c", script)):
                    return
            time.sleep(0.1)
        last = (self.folder / "console.log").read_text(errors="replace")[-1500:]
        raise LabError(f"{self.name}: not within {limit_s:g} s: {script}\n{last}")

    def stop(self, limit_s: float = 15) -> None:
        """End the host at once, as a power cut would; its root is thrown away anyway."""
        group, until = self.machine.namespace, time.monotonic() + limit_s
        # First who would start it again; then whoever is in the group, which is this host's alone.
        while pids := [pid for pid in (self.pid, *cgroup.pids(group)) if pid is not None]:
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._reap()
            if time.monotonic() > until:
                raise LabError(f"{self.name} does not end: {pids} are left")
            time.sleep(0.02)
        cgroup.remove(group)
        self._tidy_after_nspawn()
        unmount_below(self.folder)

    def _tidy_after_nspawn(self) -> None:
        # What it leaves when it is killed, or where /run is no tmpfs.
        if self.root.is_dir():
            at = self.root.stat()
            (NSPAWN / f"locks/inode-{at.st_dev}:{at.st_ino}").unlink(missing_ok=True)
        with contextlib.suppress(FileNotFoundError):
            (NSPAWN / "propagate" / self.machine.namespace).rmdir()

    def _reap(self) -> None:
        # Only who started it can; else it is init's child and gone by itself.
        started = getattr(self, "_started", None)
        if started is not None:
            started.poll()
            return
        with contextlib.suppress(ChildProcessError, OSError, ValueError):
            os.waitpid(int((self.folder / "pid").read_text()), os.WNOHANG)


def _child(pid: int | None) -> int | None:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return None
    return int(children[0]) if children else None

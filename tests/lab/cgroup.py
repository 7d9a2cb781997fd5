"""A control group a host, so that no host's systemd sees another's processes.

Without one, every container of a machine that has no systemd of its own shares the same groups:
stops then end with "Failed to kill control group", and what a unit left running is not ended.
"""

from __future__ import annotations

import errno
from pathlib import Path

from tests.lab.shell import LabError

# systemd's own tree and the unified one beside it (the hybrid layout), or the unified one alone.
TREES = (Path("/sys/fs/cgroup/systemd"), Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup"))


def make(name: str) -> list[Path]:
    """Make the groups of a host; the folders whose `cgroup.procs` its first process is put into."""
    groups = [tree / name for tree in TREES if (tree / "cgroup.procs").exists()]
    if not groups:
        raise LabError("no control groups at /sys/fs/cgroup (hidden by `ip netns exec`?)")
    for group in groups:
        group.mkdir(exist_ok=True)
    return groups


def pids(name: str) -> list[int]:
    """The processes that are left in a host's groups, as this machine numbers them."""
    groups = [group for root in _roots(name) for group in [root, *root.rglob("*/")]]
    return sorted({int(pid) for group in groups for pid in _procs(group)})


def remove(name: str) -> None:
    """Remove a host's groups, the innermost first."""
    for root in _roots(name):
        for group in [*sorted((p for p in root.rglob("*/")), reverse=True), root]:
            group.rmdir()


def _roots(name: str) -> list[Path]:
    return [tree / name for tree in TREES if (tree / name).is_dir()]


def _procs(group: Path) -> list[str]:
    try:
        return (group / "cgroup.procs").read_text().split()
    except OSError as error:
        # Gone between being listed and being read: then nobody is in it.
        if error.errno not in (errno.ENOENT, errno.ENODEV):
            raise
        return []

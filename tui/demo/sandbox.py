"""The folders of a fleet: one root a host, and paths that mean another root on each host.

A release's folder is one path for the whole fleet, yet three hosts live on one machine. So the
paths of the fleet go through a link to `/proc/self/fd/NUMBER`: each process of a host has the
host's root open under that number, and sees its own files under the common path.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from tui.demo.children import Child, Children, Start
from tui.errors import BeamdeckError

_VIEWED = ("etc", "home", "tmp", "opt", "srv")
_LONGEST = 50  # a Unix socket's path has 108 bytes; what follows needs up to 58


class Base:
    """The fleet's folder, below `parent` or the temporary folder: private, removed at close."""

    def __init__(self, children: Children, parent: str | None = None) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="beamdeck-", dir=_parent(parent)))
        self.children = children
        for name in _VIEWED:
            (self.path / name).symlink_to(f"/proc/self/fd/{children.slot}/{name}")

    def close(self) -> None:
        """Remove everything; links are not followed."""
        shutil.rmtree(self.path)


def _parent(wanted: str | None) -> str:
    """The wanted folder, or the first of the usual ones, where a fleet can live."""
    usual = (tempfile.gettempdir(), "/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - mkdtemp follows
    for folder in (wanted, *usual):
        if folder is None or not os.path.isdir(folder) or len(folder) > _LONGEST:
            continue
        if not os.statvfs(folder).f_flag & os.ST_NOEXEC:  # the shims must run from there
            return folder
    raise BeamdeckError(
        "The demo found no temporary folder that programs may run from.",
        remedy="Set TMPDIR to a folder on a file system that is not mounted noexec.",
    )


class Sandbox:
    """A host's root: `bin` (first in every PATH), `home`, `tmp`, `etc`, `run`."""

    def __init__(self, base: Base, name: str) -> None:
        self.base = base
        self.name = name
        self.root = base.path / "hosts" / name
        for folder in ("bin", "run", "var", *_VIEWED):
            (self.root / folder).mkdir(parents=True)
        self._descriptor = os.open(self.root, os.O_PATH | os.O_DIRECTORY)
        self.full = False

    @property
    def bin(self) -> Path:
        """The folder of the simulated programs."""
        return self.root / "bin"

    @property
    def search_path(self) -> str:
        """PATH of every process on the host."""
        return f"{self.bin}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"

    def real(self, seen: str) -> Path:
        """The file on this machine behind a path as the host's processes see it."""
        prefix = f"{self.base.path}/"
        if seen.startswith(prefix):
            first, _, rest = seen.removeprefix(prefix).partition("/")
            if first in _VIEWED:
                return self.root / first / rest
        return Path(seen)

    def seen(self, inside: str) -> str:
        """The path by which the host's processes know `inside` (relative to its root)."""
        return f"{self.base.path}/{inside}"

    def write(self, inside: str, content: str | bytes, mode: int = 0o644) -> Path:
        """Write a file below the root, with its folders."""
        path = self.root / inside
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        path.chmod(mode)
        return path

    def spawn(self, start: Start) -> Child:
        """Start a process of this host."""
        return self.base.children.spawn(start, self._descriptor)

    def spawn_shell(self, start: Start) -> Child:
        """Start a user's command: when the disk is full it cannot make files grow."""
        if self.full:
            limit = ("/bin/sh", "-c", 'trap "" XFSZ; ulimit -f 0; exec "$@"', "sh")
            start = replace(start, argv=(*limit, *start.argv))
        return self.spawn(start)

    def close(self) -> None:
        """Let go of the root; the base removes it."""
        os.close(self._descriptor)

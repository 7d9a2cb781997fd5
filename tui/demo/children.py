"""Every process that a fleet starts: spawned in a session of its own, watched, ended at close.

A child inherits one descriptor beside its three: the host's root folder, under a number that is
the same for the whole fleet. The fleet's paths lead through `/proc/self/fd/NUMBER`, so one path
is another folder on each host (see sandbox.py).
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

MARK = "BEAMDECK_DEMO"
_FIRST_SLOT = 200


@dataclass(frozen=True, slots=True)
class Start:
    """What a child is started with; descriptors are for its stdin, stdout and stderr.

    `executable` is what is run where argv[0] is to say something else.
    """

    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: str
    stdin: int = subprocess.DEVNULL
    stdout: int = subprocess.DEVNULL
    stderr: int = subprocess.DEVNULL
    executable: str | None = None


class Child:
    """A running process, leader of its session and group."""

    def __init__(self, process: subprocess.Popen[bytes], gone: Callable[[Child], None]) -> None:
        self._process = process
        self._gone = gone
        self._watchers: list[Callable[[int], None]] = []
        self.pid = process.pid
        self.returncode: int | None = None
        self._pidfd = os.pidfd_open(process.pid)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._pidfd, self._reap)

    def on_exit(self, watcher: Callable[[int], None]) -> None:
        """Call `watcher` with the return code (negative: the signal) once it has ended."""
        if self.returncode is not None:
            watcher(self.returncode)
        else:
            self._watchers.append(watcher)

    def signal_group(self, number: signal.Signals) -> None:
        """Send a signal to the child's process group, if any of it is left."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the child alone."""
        if self.returncode is None:
            self._process.send_signal(number)

    async def wait(self) -> int:
        """The return code, once it has ended."""
        if self.returncode is None:
            ended: asyncio.Future[int] = self._loop.create_future()
            self.on_exit(partial(_settle, ended))
            return await ended
        return self.returncode

    def _reap(self) -> None:
        code = self._process.poll()
        if code is None:
            return
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        self.returncode = code
        self._gone(self)
        for watcher in self._watchers:
            watcher(code)
        self._watchers.clear()


def _settle(ended: asyncio.Future[int], code: int) -> None:
    if not ended.done():  # whoever waited may have given up
        ended.set_result(code)


class Children:
    """The processes of one fleet, and the descriptor number that they know their host by."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._running: dict[int, Child] = {}
        with open(os.devnull, "rb") as reserved:
            self.slot = fcntl.fcntl(reserved.fileno(), fcntl.F_DUPFD_CLOEXEC, _FIRST_SLOT)

    @property
    def running(self) -> tuple[int, ...]:
        """The process ids of the children that have not ended."""
        return tuple(self._running)

    def spawn(self, start: Start, root: int) -> Child:
        """Start a process that knows the folder `root` (a descriptor) by the fleet's number."""
        # Spawning is synchronous on the one event loop, so the number cannot change hands
        # between these two calls.
        os.dup2(root, self.slot, inheritable=False)
        process = subprocess.Popen(
            start.argv,
            executable=start.executable,
            stdin=start.stdin,
            stdout=start.stdout,
            stderr=start.stderr,
            env={**start.env, MARK: self._token},
            cwd=start.cwd,
            start_new_session=True,
            pass_fds=(self.slot,),
        )
        child = Child(process, self._forget)
        self._running[child.pid] = child
        return child

    def _forget(self, child: Child) -> None:
        self._running.pop(child.pid, None)

    async def close(self) -> None:
        """End everything: each child's group, then whoever left it for a session of its own."""
        ended = [child.wait() for child in self._running.values()]
        for child in tuple(self._running.values()):
            child.signal_group(signal.SIGKILL)
        for _ in range(20):
            strays = _marked(self._token)
            if not strays:
                break
            for pid in strays:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            await asyncio.sleep(0.005)
        await asyncio.gather(*ended)
        os.close(self.slot)


def group_members(group: int) -> list[tuple[int, str]]:
    """(process id, name) of every process of a group, the oldest first."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            name, _, rest = (folder / "stat").read_text(encoding="utf-8").rpartition(") ")
        except (FileNotFoundError, ProcessLookupError):
            continue  # gone since the listing
        if int(rest.split()[2]) == group:
            found.append((int(folder.name), name.partition("(")[2]))
    return sorted(found)


def _marked(token: str) -> list[int]:
    """Process ids, zombies left out, whose environment carries this fleet's own mark."""
    mark = f"{MARK}={token}".encode()
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            environ = (folder / "environ").read_bytes()
        except (PermissionError, FileNotFoundError, ProcessLookupError):
            continue  # another user's, or gone since the listing: not one of ours
        if mark in environ.split(b"\0"):
            found.append(int(folder.name))
    return found

"""What a systemd service is made of: what its file says, its state, its jobs, its main program."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from tui.demo.children import Child
from tui.demo.hostclock import HostClock
from tui.demo.timing import Timing

if TYPE_CHECKING:
    from tui.demo.unit import Unit

Value = str | int | bytes


class Refused(Exception):
    """A job that is not even queued; the text and systemctl's exit status."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.text = text
        self.status = status


class Main(Protocol):
    """What a unit runs: its main process, and how that takes a stop."""

    name: str

    def start(self) -> Child:
        """Fork; OSError if it cannot be executed."""
        ...

    async def exec_stop(self) -> None:
        """ExecStop, to its end; nothing if there is none."""
        ...

    def terminate(self) -> None:
        """SIGTERM to the control group."""
        ...

    def close(self) -> None:
        """Let go of what is held; the process is ended by whoever holds the children."""
        ...


class World(Protocol):
    """What a unit needs of its machine."""

    timing: Timing
    clock: HostClock
    jobs: Iterator[int]

    def new_id(self) -> str: ...

    def unit_says(
        self, unit: Unit, priority: int, message: str, extra: Mapping[str, Value]
    ) -> None:
        """A message of PID 1 about the unit, into the journal."""
        ...


@dataclass(frozen=True, slots=True)
class Settings:
    """What a unit file says."""

    name: str
    description: str
    argv: tuple[str, ...]
    user: str = ""
    working_directory: str = ""
    environment: tuple[str, ...] = ()
    fragment: str = ""
    restart: str = "on-failure"
    exec_stop: str = ""
    type: str = "simple"
    remain: bool = False
    transient: bool = False
    collect: bool = False
    timeout_stop_s: float | None = None
    restart_s: float | None = None


@dataclass(frozen=True, slots=True)
class State:
    """A unit's changing properties; times are (µs since the epoch, µs monotonic), 0 never."""

    active: str = "inactive"
    sub: str = "dead"
    result: str = "success"
    main_pid: int = 0
    control_pid: int = 0
    restarts: int = 0
    invocation: str = ""
    exec_pid: int = 0
    exec_code: int = 0
    exec_status: int = 0
    exec_start: tuple[int, int] = (0, 0)
    exec_exit: tuple[int, int] = (0, 0)
    changed: tuple[int, int] = (0, 0)
    active_enter: tuple[int, int] = (0, 0)
    active_exit: tuple[int, int] = (0, 0)
    inactive_exit: tuple[int, int] = (0, 0)
    inactive_enter: tuple[int, int] = (0, 0)


@dataclass(eq=False, slots=True)
class Job:
    """A queued or running job; `done` gets its result: done, failed, canceled."""

    number: int
    kind: str
    done: asyncio.Future[str]
    task: asyncio.Task[None] | None = field(default=None)


class StartLimit:
    """StartLimitBurst= starts in StartLimitIntervalSec=; systemd's own starts count too."""

    def __init__(self) -> None:
        self._begun = 0.0
        self._count = 0

    def admits(self, now: float, timing: Timing) -> bool:
        """Whether one more start may be tried at `now` (seconds of any clock)."""
        if self._count == 0 or now - self._begun > timing.limit_interval_s:
            self._begun, self._count = now, 0
        self._count += 1
        return self._count <= timing.limit_burst


def job_numbers() -> Iterator[int]:
    """Job ids, as they grow on a host that has run for a while."""
    return itertools.count(2310)

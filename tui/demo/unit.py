"""A systemd service's life: jobs, stop with its limit, automatic restart, the start limit.

What a unit logs, and in which order, is systemd 252's as the transcripts have it.
"""

from __future__ import annotations

import asyncio
import itertools
import signal
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from tui.demo.children import Child
from tui.demo.hostclock import HostClock
from tui.demo.timing import Timing

_STARTED = "39f53479d3a045ac8e11786248231fbf"
_START_FAILED = "be02cf6855d2428ba40df7e9d022f03d"
_STOPPING = "de5b426a63be47a7b6ac3eaac82e2f6f"
_STOPPED = "9d1aaa27d60140bd96365438aad20286"
_EXITED = "98e322203f7a4ed290d09fe03c09fe15"
_FAILED = "d9b373ed55a64feb8242e02dbe79a49c"
_SUCCESS = "7ad2d189f7e94e70a38c781354912448"
_RESTART = "5eb03494b6584870a536b337290809b3"
# What systemd takes for a clean end beside exit status 0.
_CLEAN = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGPIPE)

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


class Unit:
    """One loaded service."""

    def __init__(self, settings: Settings, main: Main, world: World) -> None:
        self.settings = settings
        self.main = main
        self.state = State()
        self.job: Job | None = None
        self.ended: Callable[[], None] = lambda: None
        self._world = world
        self._child: Child | None = None
        self._stopping: asyncio.Task[None] | None = None
        self._waiting: asyncio.TimerHandle | None = None
        self._closed = False
        self._starts = (0.0, 0)
        self._loop = asyncio.get_running_loop()

    @property
    def name(self) -> str:
        """The unit's full name."""
        return self.settings.name

    @property
    def title(self) -> str:
        """The unit as systemd's messages call it."""
        return f"{self.name} - {self.settings.description}"

    @property
    def child(self) -> Child | None:
        """The main process, while it runs."""
        return self._child

    # Jobs

    def submit(self, kind: str, mode: str = "replace") -> Job:
        """Queue a start, stop or restart, or join the one under way; Refused if it may not."""
        now = self.job
        if now is not None and (now.kind == kind or {now.kind, kind} == {"start", "restart"}):
            return now
        if now is not None:
            if mode == "fail":
                raise Refused(
                    f"Transaction for {self.name}/{kind} is destructive ({self.name} has "
                    f"'{now.kind}' job queued, but '{kind}' is included in transaction).",
                    4,
                )
            self._end_job(now, "canceled")
        job = Job(next(self._world.jobs), kind, self._loop.create_future())
        self.job = job
        job.task = self._loop.create_task(self._carry_out(job))
        return job

    def _end_job(self, job: Job, result: str) -> None:
        if self.job is job:
            self.job = None
        if not job.done.done():
            job.done.set_result(result)
        if job.task is not None and job.task is not asyncio.current_task():
            job.task.cancel()

    async def _carry_out(self, job: Job) -> None:
        """Do what the job asks; a stop under way is finished whatever becomes of the job."""
        if job.kind in ("stop", "restart") or self._stopping is not None:
            await self._stopped(job)
        result = "done"
        if job.kind in ("start", "restart") and not self._up:
            result = "done" if self._start() else "failed"
        self._end_job(job, result)

    @property
    def _up(self) -> bool:
        return self.state.active in ("active", "activating") and self._waiting is None

    # Start

    def _start(self) -> bool:
        self._cancel_timer()
        if not self._within_limit():
            self._says(4, "Start request repeated too quickly.")
            self._die("start-limit-hit" if self.state.result == "success" else self.state.result)
            text = f"Failed to start {self.title}."
            extra = {"JOB_TYPE": "start", "JOB_RESULT": "failed", "MESSAGE_ID": _START_FAILED}
            self._world.unit_says(self, 3, text, extra)
            return False
        self._set(invocation=self._world.new_id(), result="success", exec_code=0, exec_status=0)
        self._child = self.main.start()
        stamp = self._stamp()
        pid = self._child.pid
        self._set(main_pid=pid, exec_pid=pid, exec_start=stamp, exec_exit=(0, 0))
        self._enter("active", "running")
        self._log_job("Started", _STARTED, "start", "done")
        self._child.on_exit(self._main_exited)
        return True

    def _within_limit(self) -> bool:
        begun, count = self._starts
        now = self._loop.time()
        timing = self._world.timing
        if count == 0 or now - begun > timing.limit_interval_s:
            self._starts = (now, 1)
            return True
        self._starts = (begun, count + 1)
        return count < timing.limit_burst

    def reset_failed(self) -> None:
        """Forget failures: the start limit, the restart counter, the failed state."""
        self._starts = (0.0, 0)
        self._set(restarts=0)
        if self.state.active == "failed":
            self._set(result="success")
            self._enter("inactive", "dead")

    # Stop

    async def _stopped(self, job: Job) -> None:
        if self._waiting is not None:
            self._cancel_timer()
            self._enter("inactive", "dead")
            self._log_job("Stopped", _STOPPED, job.kind, "done")
            return
        if self._stopping is None:
            if self._child is None:
                if self.settings.remain and self.state.active == "active":
                    self._die("success")
                return
            self._stopping = self._loop.create_task(self._stop(self._child, job.kind))
        await asyncio.shield(self._stopping)

    async def _stop(self, child: Child, kind: str) -> None:
        """Stop the main process: ExecStop, SIGTERM, and SIGKILL past the limit."""
        self._world.unit_says(
            self,
            6,
            f"Stopping {self.title}...",
            {"JOB_TYPE": "stop", "MESSAGE_ID": _STOPPING},
        )
        self._enter("deactivating", "stop" if self.settings.exec_stop else "stop-sigterm")
        result = "success"
        await self.main.exec_stop()
        if child.returncode is None:
            self._enter("deactivating", "stop-sigterm")
            self.main.terminate()
            try:
                await asyncio.wait_for(child.wait(), self._world.timing.timeout_stop_s)
            except TimeoutError:
                result = "timeout"
                self._says(4, "State 'stop-sigterm' timed out. Killing.")
                name = f"{child.pid} ({self.main.name})"
                self._says(5, f"Killing process {name} with signal SIGKILL.")
                self._enter("deactivating", "stop-sigkill")
                child.signal_group(signal.SIGKILL)
                await child.wait()
        self._note_exit(child.returncode or 0)
        self._stopping = None
        self._die(result)
        self._log_job("Stopped", _STOPPED, kind, "done")

    def _main_exited(self, code: int) -> None:
        """The main process has ended; during a stop that is the stop's business."""
        if self._stopping is not None or self._closed:
            return
        clean = self._note_exit(code)
        if clean and self.settings.remain:
            self._enter("active", "exited")
            return
        result = "success" if clean else ("exit-code" if code > 0 else "signal")
        again = not clean and self.settings.restart == "on-failure"
        self._die(result, again=again)
        if again:
            self._enter("activating", "auto-restart")
            self._waiting = self._loop.call_later(self._world.timing.restart_s, self._again)

    def _again(self) -> None:
        """The automatic restart, once RestartSec is over."""
        self._waiting = None
        count = self.state.restarts + 1
        self._set(restarts=count)
        self._says(
            6,
            f"Scheduled restart job, restart counter is at {count}.",
            {"MESSAGE_ID": _RESTART, "N_RESTARTS": count},
        )
        self._log_job("Stopped", _STOPPED, "restart", "done")
        self._start()

    def _note_exit(self, code: int) -> bool:
        """Take down how the main process ended and log an unclean end; whether it was clean."""
        self._child = None
        killed = code < 0
        status = -code if killed else code
        self._set(
            main_pid=0,
            exec_code=2 if killed else 1,
            exec_status=status,
            exec_exit=self._stamp(),
        )
        if code == 0 or (killed and status in _CLEAN):
            return True
        kind = "killed" if killed else "exited"
        word = signal.Signals(status).name[3:] if killed else _exit_word(status)
        self._says(
            4 if killed else 5,
            f"Main process exited, code={kind}, status={status}/{word}",
            {"MESSAGE_ID": _EXITED, "EXIT_CODE": kind, "EXIT_STATUS": status},
        )
        return False

    def _die(self, result: str, *, again: bool = False) -> None:
        self._set(result=result, main_pid=0)
        if result == "success":
            self._says(6, "Deactivated successfully.", {"MESSAGE_ID": _SUCCESS})
        else:
            extra = {"MESSAGE_ID": _FAILED, "UNIT_RESULT": result}
            self._says(4, f"Failed with result '{result}'.", extra)
        if not again:
            self._enter("inactive" if result == "success" else "failed", self._dead_sub(result))
            self.ended()

    @staticmethod
    def _dead_sub(result: str) -> str:
        return "dead" if result == "success" else "failed"

    def _cancel_timer(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def close(self) -> None:
        """Forget timers and jobs; the processes are ended by whoever holds the children."""
        self._closed = True
        self._cancel_timer()
        if self.job is not None:
            self._end_job(self.job, "canceled")
        if self._stopping is not None:
            self._stopping.cancel()

    # State

    def _set(self, **changes: object) -> None:
        self.state = replace(self.state, **changes)  # type: ignore[arg-type]  # names of State

    def _stamp(self) -> tuple[int, int]:
        return self._world.clock.now_us(), self._world.clock.monotonic_us()

    def _enter(self, active: str, sub: str) -> None:
        before = self.state.active
        stamp = self._stamp()
        self._set(active=active, sub=sub, changed=stamp)
        was_down, is_down = before in ("inactive", "failed"), active in ("inactive", "failed")
        if was_down and not is_down:
            self._set(inactive_exit=stamp)
        if is_down and not was_down:
            self._set(inactive_enter=stamp)
        if active == "active" and before != "active":
            self._set(active_enter=stamp)
        if before == "active" and active != "active":
            self._set(active_exit=stamp)

    def _says(self, priority: int, text: str, extra: Mapping[str, Value] | None = None) -> None:
        self._world.unit_says(self, priority, f"{self.name}: {text}", extra or {})

    def _log_job(self, verb: str, message_id: str, kind: str, result: str) -> None:
        extra = {"JOB_TYPE": kind, "JOB_RESULT": result, "MESSAGE_ID": message_id}
        self._world.unit_says(self, 6, f"{verb} {self.title}.", extra)


def _exit_word(status: int) -> str:
    words = {1: "FAILURE", 2: "INVALIDARGUMENT", 126: "n/a", 127: "n/a", 203: "EXEC"}
    return words.get(status, "n/a")


def job_numbers() -> Iterator[int]:
    """Job ids, as they grow on a host that has run for a while."""
    return itertools.count(2310)

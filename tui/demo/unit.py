"""A systemd service's life: jobs, stop with its limit, automatic restart, the start limit.

What a unit logs, and in which order, is systemd 252's as the transcripts have it.
"""

from __future__ import annotations

import asyncio
import signal

from tui.demo.children import Child, group_members
from tui.demo.unit_model import Job, Main, Refused, Settings, StartLimit, World
from tui.demo.unit_record import (
    RESTARTING,
    START_FAILED,
    STARTED,
    STARTING,
    STOPPED,
    STOPPING,
    UnitRecord,
)


class Unit(UnitRecord):
    """One loaded service: its jobs, and how it starts, stops and is started again."""

    def __init__(self, settings: Settings, main: Main, world: World) -> None:
        super().__init__(settings, world)
        self.main = main
        self.job: Job | None = None
        self._child: Child | None = None
        self._stopping: asyncio.Task[None] | None = None
        self._waiting: asyncio.TimerHandle | None = None
        self._closed = False
        self._limit = StartLimit()
        self._loop = asyncio.get_running_loop()

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
        self.ended()

    async def _carry_out(self, job: Job) -> None:
        """Do what the job asks; a stop under way is finished whatever becomes of the job."""
        if job.kind in ("stop", "restart") or self._stopping is not None:
            await self._stopped(job)
        result = "done"
        if job.kind in ("start", "restart") and not self._up:
            result = "done" if self._start(by_hand=True) else "failed"
        self._end_job(job, result)

    @property
    def _up(self) -> bool:
        return self.state.active in ("active", "activating") and self._waiting is None

    async def finished(self) -> None:
        """Return once the main process has ended and systemd has taken note."""
        if self._child is not None:
            await self._child.wait()
        while self._stopping is not None:
            await asyncio.shield(self._stopping)

    # Start

    def _start(self, *, by_hand: bool = False) -> bool:
        self._cancel_timer()
        if not self._limit.admits(self._loop.time(), self._world.timing):
            self.says(4, "Start request repeated too quickly.")
            self.die("start-limit-hit" if self.state.result == "success" else self.state.result)
            text = f"Failed to start {self.title}."
            extra = {"JOB_TYPE": "start", "JOB_RESULT": "failed", "MESSAGE_ID": START_FAILED}
            self._world.unit_says(self, 3, text, extra)
            return False
        self.put(invocation=self._world.new_id(), result="success", exec_code=0, exec_status=0)
        if by_hand:
            self.put(restarts=0)  # it counts systemd's own starts since the last by hand
        if self.settings.type == "exec":
            self.says_begin("Starting", STARTING, "start")
        self._child = self.main.start()
        stamp = self.stamp()
        pid = self._child.pid
        self.put(main_pid=pid, exec_pid=pid, exec_start=stamp, exec_exit=(0, 0))
        self.enter("active", "running")
        self.says_job("Started", STARTED, "start", "done")
        self._child.on_exit(self._main_exited)
        return True

    def reset_failed(self) -> None:
        """Forget failures: the start limit, the restart counter, the failed state."""
        self._limit = StartLimit()
        self.put(restarts=0)
        if self.state.active == "failed":
            self.put(result="success")
            self.enter("inactive", "dead")

    # Stop

    async def _stopped(self, job: Job) -> None:
        if self._waiting is not None:
            self._cancel_timer()
            self.enter("inactive", "dead")
            self.says_job("Stopped", STOPPED, job.kind, "done")
            return
        if self._stopping is None:
            if self._child is None:
                if self.settings.remain and self.state.active == "active":
                    self.die("success")
                    self.says_job("Stopped", STOPPED, job.kind, "done")
                return
            self._stopping = self._loop.create_task(self._stop(self._child))
        await asyncio.shield(self._stopping)

    async def _stop(self, child: Child) -> None:
        """Stop the main process: ExecStop, SIGTERM, and SIGKILL past the limit."""
        self.says_begin("Stopping", STOPPING, "stop")
        self.enter("deactivating", "stop" if self.settings.exec_stop else "stop-sigterm")
        result = "success"
        await self.main.exec_stop()
        if child.returncode is None:
            self.enter("deactivating", "stop-sigterm")
            self.main.terminate()
            try:
                await asyncio.wait_for(child.wait(), self.timeout_stop_s)
            except TimeoutError:
                result = "timeout"
                self.says(4, "State 'stop-sigterm' timed out. Killing.")
                for pid, name in group_members(child.pid):
                    self.says(5, f"Killing process {pid} ({name}) with signal SIGKILL.")
                self.enter("deactivating", "stop-sigkill")
                child.signal_group(signal.SIGKILL)
                await child.wait()
        self._child = None
        self.note_exit(child.returncode or 0)
        self._stopping = None
        self.die(result)
        if self.job is not None and self.job.kind != "start":  # else the stop job was cancelled
            self.says_job("Stopped", STOPPED, self.job.kind, "done")

    def _main_exited(self, code: int) -> None:
        """The main process has ended; during a stop that is the stop's business."""
        if self._stopping is not None or self._closed:
            return
        self._child = None
        clean = self.note_exit(code)
        if clean and self.settings.remain:
            self.enter("active", "exited")
            return
        result = "success" if clean else ("exit-code" if code > 0 else "signal")
        again = not clean and self.settings.restart == "on-failure"
        self.die(result, again=again)
        if again:
            self.enter("activating", "auto-restart")
            self._waiting = self._loop.call_later(self.restart_s, self._again)

    def _again(self) -> None:
        """The automatic restart, once RestartSec is over."""
        self._waiting = None
        count = self.state.restarts + 1
        self.put(restarts=count)
        self.says(
            6,
            f"Scheduled restart job, restart counter is at {count}.",
            {"MESSAGE_ID": RESTARTING, "N_RESTARTS": count},
        )
        self.says_job("Stopped", STOPPED, "restart", "done")
        self._start()

    def _cancel_timer(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def send(self, number: signal.Signals) -> None:
        """`systemctl kill`: a signal to the control group, on a client's request."""
        if self._child is not None:
            name = f"{self._child.pid} ({self.main.name})"
            self.says(5, f"Sent signal {number.name} to main process {name} on client request.")
            self._child.signal_group(number)

    def close(self) -> None:
        """Forget timers and jobs; the processes are ended by whoever holds the children."""
        self._closed = True
        self._cancel_timer()
        if self.job is not None:
            self._end_job(self.job, "canceled")
        if self._stopping is not None:
            self._stopping.cancel()
        self.main.close()

"""A scripted systemd unit in virtual time, moving as systemd 252 moved in the transcripts.

A restart is a job of PID 1 that goes on without its client, NRestarts starts anew after a manual
start, the sixth start in ten seconds is refused.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.operations.virtual_time import clock
from tui.commands.restart_evidence import PROCESS_EXIT, START_DONE, STOP_BEGUN, UNIT_FAILED
from tui.model.unit import UnitFacts


@dataclass
class Behaviour:
    """How the unit takes stops and starts. Times in seconds."""

    stop_s: float = 1.0
    start_s: float = 0.5
    stop_limit_s: float = 90.0
    start_limit_s: float = 90.0
    stubborn: bool = False
    dies_after_s: float | None = None
    deaths: int = 10_000
    never_ready: bool = False
    restart_s: float = 0.1
    burst: int = 5
    boots: str | None = "0.3.0+41"
    comes_up_with: str | None = None
    restarting: bool = True
    says_no: tuple[int, bytes] | None = None
    shell_s: float = 0.2
    readable_version: bool = True
    health: bytes | Exception | None = b"HTTP/1.1 200 OK\r\n\r\n"
    healthy_after_s: float = 0.0
    forwarding: bool = True
    bash: bool = True
    sudo: Sequence[int] = (0, 0, 0)
    sudo_run: bytes = b""
    exists: bool = True
    masked: bool = False
    readable_journal: bool = True
    reboots_at_restart: bool = False


@dataclass
class FakeUnit:
    """The unit's state, as `systemctl show` has it, and what PID 1 does with it."""

    ways: Behaviour
    active: str = "active"
    sub: str = "running"
    result: str = "success"
    pid: int | None = 4000
    restarts: int = 0
    runs: int = 1
    release: str | None = "0.3.0+41"
    since: float = 0.0
    job: str = ""
    boot_id: str = "b" * 32
    starts: int = 0
    attempts: list[float] = field(default_factory=list)
    entries: list[bytes] = field(default_factory=list)
    _task: asyncio.Task[None] | None = None
    _job: asyncio.Task[bool] | None = None

    @property
    def invocation(self) -> str:
        return f"{self.runs:032x}"

    def says(self, message: str, message_id: str = "", **fields: str) -> None:
        """An entry of PID 1 about the unit."""
        lines = [f"_PID=1\nUNIT=billing.service\nINVOCATION_ID={self.invocation}\nPRIORITY=6"]
        lines += [f"MESSAGE_ID={message_id}"] if message_id else []
        lines += [f"{name}={value}" for name, value in fields.items()]
        self._write("\n".join(lines), message)

    def app_says(self, message: str) -> None:
        """A line of the app itself."""
        self._write(
            f"_PID={self.pid}\n_TRANSPORT=stdout\nPRIORITY=6\n_SYSTEMD_UNIT=billing.service\n"
            f"_SYSTEMD_INVOCATION_ID={self.invocation}",
            message,
        )

    def _write(self, fields: str, message: str) -> None:
        at = int(clock() * 1e6)
        number = len(self.entries)
        self.entries.append(
            f"__CURSOR=s=1;i={number:x}\n__REALTIME_TIMESTAMP={at}\n__MONOTONIC_TIMESTAMP={at}\n"
            f"_BOOT_ID={self.boot_id}\nMESSAGE={message}\n{fields}\n\n".encode()
        )

    async def restart(self) -> bool:
        """The job, shared by whoever asks while it runs; whether it ended well."""
        if self._job is None or self._job.done():
            self._job = asyncio.create_task(self._restart())
        return await asyncio.shield(self._job)

    async def _restart(self) -> bool:
        self.job = "4711"
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self.active in ("active", "activating"):
            await self._stop()
        self.restarts = 0
        started = await self.start()
        self.job = ""
        return started

    async def _stop(self) -> None:
        ways = self.ways
        self.says("Stopping billing.service...", STOP_BEGUN)
        self.active, self.sub = "deactivating", "stop-sigterm"
        if ways.stubborn:
            await asyncio.sleep(ways.stop_limit_s)
            self.sub = "stop-sigkill"
            self.says("billing.service: State 'stop-sigterm' timed out. Killing.")
            self.says("killed", PROCESS_EXIT, EXIT_CODE="killed", EXIT_STATUS="9")
            self.says("Failed with result 'timeout'.", UNIT_FAILED, UNIT_RESULT="timeout")
            self.result = "timeout"
        else:
            await asyncio.sleep(ways.stop_s)
            self.result = "success"
        self.active, self.sub, self.pid = "inactive", "dead", None

    async def start(self) -> bool:
        """A start, by whomever; whether it came to a process."""
        ways = self.ways
        now = clock()
        self.attempts = [at for at in self.attempts if now - at < 10.0]
        if len(self.attempts) >= ways.burst:
            self.says("billing.service: Start request repeated too quickly.")
            if self.result == "success":
                self.result = "start-limit-hit"
            self.active, self.sub, self.pid = "failed", "failed", None
            return False
        self.attempts.append(now)
        self.runs += 1
        self.starts += 1
        self.pid = 4000 + self.runs
        self.result = "success"
        self.active, self.sub = "activating", "start"
        if ways.never_ready:
            await asyncio.sleep(ways.start_limit_s)
            self.active, self.sub, self.pid, self.result = "failed", "failed", None, "timeout"
            return False
        await asyncio.sleep(ways.start_s)
        self.active, self.sub = "active", "running"
        self.release, self.since = ways.comes_up_with or ways.boots, clock()
        self.says("Started billing.service.", START_DONE)
        if ways.dies_after_s is not None and ways.deaths > 0:
            ways.deaths -= 1
            self._task = asyncio.create_task(self._die(ways.dies_after_s))
        return True

    async def _die(self, after_s: float) -> None:
        await asyncio.sleep(after_s)
        self.app_says("** (UndefinedFunctionError) module :telemetry_app is not available")
        self.says("exited", PROCESS_EXIT, EXIT_CODE="exited", EXIT_STATUS="1")
        self.result, self.pid = "exit-code", None
        if not self.ways.restarting:
            self.active, self.sub = "failed", "failed"
            return
        self.active, self.sub = "activating", "auto-restart"
        await asyncio.sleep(self.ways.restart_s)
        self.restarts += 1
        self._task = None
        await asyncio.create_task(self.start())

    def facts(self) -> UnitFacts:
        ways = self.ways
        load = "not-found" if not ways.exists else "masked" if ways.masked else "loaded"
        return UnitFacts(
            name="billing.service",
            load_state=load,
            active_state=self.active,
            sub_state=self.sub,
            result=self.result,
            main_pid=self.pid,
            restarts=self.restarts,
            job=self.job,
            invocation_id=self.invocation,
            since_monotonic_us=int(self.since * 1e6),
            exec_code=1,
            exec_status=1,
            type="simple",
            timeout_start_s=_limit(ways.start_limit_s),
            timeout_stop_s=_limit(ways.stop_limit_s),
        )


def _limit(seconds: float) -> float | None:
    return None if seconds == float("inf") else seconds

"""A scripted host for the restart's tests: a systemd unit in virtual time, sudo, journal, faults.

The unit moves as systemd 252 moved in the transcripts: a restart is a job of PID 1 that goes on
without its client, NRestarts starts anew after a manual start, the sixth start in ten seconds is
refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.operations.virtual_time import clock
from tui.commands.restart_evidence import PROCESS_EXIT, START_DONE, STOP_BEGUN, UNIT_FAILED
from tui.commands.sudo import read_restart_right
from tui.errors import NotConnected
from tui.model.command import Command, Ended, Outcome
from tui.model.consent import Consent
from tui.model.fleet import App, Environment, Health, HealthKind, Host
from tui.model.gate import Grant
from tui.model.host import HostSnapshot, Link, LinkState, MachineFacts
from tui.model.plan import Plan, PlanEnded, PlanEvent, StepEvent
from tui.model.release import ReleaseFacts
from tui.model.unit import UnitFacts
from tui.operations.audit_log import AuditLog
from tui.operations.oplog import OpLog
from tui.operations.restart import restart_kinds, restart_plan
from tui.operations.runner import run_plan
from tui.operations.step_hand import Desk
from tui.operations.steps import Steering, StepKind
from tui.ssh.gate import Gate

RESTART_ARGV = ("sudo", "-n", "systemctl", "--job-mode=fail", "restart", "billing.service")


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


@dataclass
class Fault:
    """What goes wrong at one use of the session; the link stays away for `outage_s`.

    `how`: `refused` (no link before sending), `unsent` (lost on the way out), `late arrival`
    (lost, and the host gets it after the link is back), `unheard` (the host does it, the answer
    is lost), `no status` (the channel closes without a status), `late` (past the limit).
    """

    how: str
    outage_s: float = 5.0


class FakeSession:
    """A session to the scripted host. Counts its uses; `faults` go off by count (from 1)."""

    def __init__(self, name: str, app: App, gate: Gate, ways: Behaviour) -> None:
        self.host = Host(name)
        self.app = app
        self.unit = FakeUnit(ways)
        self.link = Link(LinkState.UP, fingerprint="SHA256:abc")
        self.faults: dict[int, Fault] = {}
        self.uses = 0
        self.sent: list[Command] = []
        self.marks: list[str] = []
        self._gate = gate
        self._running: set[asyncio.Task[Outcome]] = set()
        self._gone = asyncio.Event()
        self._up = asyncio.Event()
        self._up.set()

    @property
    def ways(self) -> Behaviour:
        return self.unit.ways

    # -- the Session protocol ------------------------------------------------------------

    async def run(self, command: Command, grant: Grant | None = None) -> Outcome:
        self._gate.check(command, grant)
        if not self.link.usable:
            raise NotConnected("no link")
        fault = self._fault()
        how = fault.how if fault else ""
        if fault and how in ("refused", "unsent", "late arrival"):
            self.cut(fault.outage_s)
            if how == "refused":
                raise NotConnected("no link")
            if how == "late arrival":
                # The bytes were on their way, and reach the host after the link is back.
                loop = asyncio.get_running_loop()
                loop.call_later(fault.outage_s + 3.0, self._begin, command)
            return Outcome(Ended.LINK_LOST, None)
        task = self._begin(command)
        if fault and how in ("unheard", "late"):
            await asyncio.sleep(0.3)
            if how == "late":
                return Outcome(Ended.TIMED_OUT, None)
            self.cut(fault.outage_s)
            return Outcome(Ended.LINK_LOST, None, b"half an ans")
        gone = asyncio.ensure_future(self._gone.wait())
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        gone.cancel()
        if not task.done():
            # A silent command without a terminal runs on to its end when its channel is gone.
            return Outcome(Ended.LINK_LOST, None)
        if how == "no status":
            return replace(task.result(), exit_status=None)
        return task.result()

    def _begin(self, command: Command) -> asyncio.Task[Outcome]:
        task = asyncio.ensure_future(self._answer(command))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    @contextlib.asynccontextmanager
    async def connect_tcp(self, address: str, port: int) -> AsyncIterator[FakeChannel]:
        if not self.link.usable:
            raise NotConnected("no link")
        fault = self._fault()
        if fault is not None:
            self.cut(fault.outage_s)
            raise ConnectionResetError("the connection is gone")
        if not self.ways.forwarding:
            raise PermissionError("administratively prohibited")
        answer = self._health()
        if isinstance(answer, Exception):
            raise answer
        yield FakeChannel(answer)

    def stream(self, command: Command) -> contextlib.AbstractAsyncContextManager[object]:
        raise AssertionError("a restart streams nothing")

    def watch(self, callback: Callable[[Link], None]) -> Callable[[], None]:
        return lambda: None

    async def usable(self) -> None:
        await self._up.wait()

    # -- the host ------------------------------------------------------------------------

    def cut(self, outage_s: float | None) -> None:
        """Lose the link; None: for good."""
        self.link = replace(self.link, state=LinkState.LOST)
        self._up.clear()
        self._gone.set()
        if outage_s is not None:
            asyncio.get_running_loop().call_later(outage_s, self.mend)

    def mend(self) -> None:
        self.link = replace(self.link, state=LinkState.UP)
        self._up.set()
        self._gone.clear()

    def _fault(self) -> Fault | None:
        self.uses += 1
        return self.faults.get(self.uses)

    def _health(self) -> bytes | Exception:
        if self.unit.active != "active":
            return ConnectionRefusedError("connect failed")
        if clock() - self.unit.since < self.ways.healthy_after_s:
            return b"HTTP/1.1 503 Service Unavailable\r\n\r\n"
        return self.ways.health if self.ways.health is not None else b""

    async def _answer(self, command: Command) -> Outcome:
        await asyncio.sleep(0.02)
        words = tuple(str(word) for word in command.argv)
        if words == ("probe",):
            return Outcome(Ended.EXITED, 0)
        if words[:1] == ("logger",):
            self.marks.append(words[-1])
            return Outcome(Ended.EXITED, 0)
        if command == read_restart_right(self.app):
            return self._rights()
        if "journalctl" in words:
            return self._journal(words)
        if words[0] == "bash":
            return self._by_bash()
        assert not command.reading(), command
        self.sent.append(command)
        return await self._restart()

    async def _restart(self) -> Outcome:
        ways = self.ways
        if ways.says_no is not None:
            return Outcome(Ended.EXITED, ways.says_no[0], b"", ways.says_no[1])
        if ways.sudo_run:
            return Outcome(Ended.EXITED, 1, b"", ways.sudo_run)
        if not ways.exists:
            said = b"Failed to restart billing.service: Unit billing.service not found.\n"
            return Outcome(Ended.EXITED, 5, b"", said)
        if ways.masked:
            said = b"Failed to restart billing.service: Unit billing.service is masked.\n"
            return Outcome(Ended.EXITED, 1, b"", said)
        if ways.reboots_at_restart:
            self.unit.boot_id = "c" * 32
            self.unit.runs += 1
            self.unit.starts += 1
            self.cut(20.0)
            return Outcome(Ended.LINK_LOST, None)
        if await self.unit.restart():
            return Outcome(Ended.EXITED, 0)
        return Outcome(Ended.EXITED, 1, b"", b"Job for billing.service failed.\n")

    def _rights(self) -> Outcome:
        lines = ["uid=1000", "user=devops", "path=/usr/bin/systemctl"]
        lines += [f"may={status}" for status in self.ways.sudo]
        return Outcome(Ended.EXITED, 0, "\n".join(lines).encode() + b"\n")

    def _journal(self, words: tuple[str, ...]) -> Outcome:
        if not self.ways.readable_journal:
            return Outcome(Ended.EXITED, 0)
        wanted = [w.encode() for w in words if w.startswith(("_PID=", "UNIT=", "INVOCATION_ID="))]
        found = [e for e in self.unit.entries if all(b"\n" + w + b"\n" in e for w in wanted)]
        return Outcome(Ended.EXITED, 0, b"".join(found[-200:]))

    def _by_bash(self) -> Outcome:
        if not self.ways.bash:
            return Outcome(Ended.EXITED, 127, b"", b"exec: bash: not found\n")
        answer = self._health()
        if isinstance(answer, Exception):
            return Outcome(Ended.EXITED, 8, b"bash: connect: Connection refused\n")
        return Outcome(Ended.EXITED, 0, answer.split(b"\r\n")[0] + b"\r\n")

    async def refresh(self, _name: str = "") -> HostSnapshot | None:
        """As the board reads it: a snapshot, or None if that cannot be."""
        try:
            outcome = await self.run(Command(("probe",)))
        except NotConnected:
            return None
        if not outcome.ok:
            return None
        unit = self.unit
        shell = clock() - unit.since < self.ways.shell_s
        runs = unit.release if unit.pid and unit.active == "active" and not shell else None
        return HostSnapshot(
            host=self.host.name,
            app=self.app.name,
            taken_at=clock(),
            rtt_s=0.01,
            unit=unit.facts(),
            release=ReleaseFacts(
                runs=runs if self.ways.readable_version else None, boots=self.ways.boots
            ),
            machine=MachineFacts(boot_id=unit.boot_id, journal_readable=self.ways.readable_journal),
        )


class FakeChannel:
    """What a health check reads."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self.written = b""

    async def read(self, count: int) -> bytes:
        block, self._answer = self._answer[:count], self._answer[count:]
        return block

    def write(self, data: bytes) -> None:
        self.written += data


APP = App("billing", health=Health(HealthKind.HTTP, within_s=30.0))


class FakeFleet:
    """Scripted hosts web1, web2, … with a real gate and real records in `folder`."""

    def __init__(
        self, folder: Path, *ways: Behaviour, app: App = APP, production: bool = False
    ) -> None:
        self.app = app
        names = [f"web{number}" for number in range(1, len(ways) + 1)]
        hosts = tuple(Host(name) for name in names)
        self.environment = Environment("staging", production, hosts, (app,))
        self.gate = Gate(production, 900.0, clock)
        self.sessions = {
            name: FakeSession(name, app, self.gate, way)
            for name, way in zip(names, ways, strict=True)
        }
        self.oplog = OpLog(folder / "ops", clock)
        self.audit = AuditLog(folder / "audit" / "audit.jsonl", clock)
        self.clock = clock
        self.steering = Steering()
        self.sent: list[tuple[str, str]] = []

    @property
    def kinds(self) -> dict[str, StepKind]:
        return restart_kinds(self.environment, self.app, self.refresh, clock)

    async def refresh(self, name: str) -> HostSnapshot | None:
        return await self.sessions[name].refresh()

    async def plan(self, *names: str) -> Plan:
        """A plan for the hosts named, else for all."""
        hosts = names or tuple(self.sessions)
        return await restart_plan(
            self.environment, self.app, self.sessions, self.refresh, hosts, clock
        )

    def run(self, plan: Plan, consent: Consent | None = None) -> AsyncIterator[PlanEvent]:
        """The plan's events; without a consent, with the right one."""
        given = consent or Consent(plan.hash, plan.environment, "test 4711")
        desk = Desk(
            self.sessions,
            self.gate,
            self.oplog,
            self.audit,
            self.kinds,
            clock,
            lambda at, host, text: self.sent.append((host, text)),
        )
        return run_plan(plan, given, desk, self.steering)

    async def restart(self, *names: str) -> list[PlanEvent]:
        """Plan and carry out; every event."""
        return [event async for event in self.run(await self.plan(*names))]

    def audited(self) -> list[dict[str, object]]:
        """The audit's records."""
        return [json.loads(line) for line in self.audit.path.read_bytes().splitlines()]


def last_of(events: Sequence[PlanEvent], index: int) -> StepEvent:
    """The last event of a step."""
    return [e for e in events if isinstance(e, StepEvent) and e.index == index][-1]


def ended(events: Sequence[PlanEvent]) -> PlanEnded:
    """The plan's end, which must be its last event."""
    last = events[-1]
    assert isinstance(last, PlanEnded)
    return last

"""A session to a scripted host: its unit, sudo, journal and health, and faults of the link."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace

from tests.operations.fake_lock import FakeLock
from tests.operations.fake_unit import Behaviour, FakeUnit
from tests.operations.virtual_time import clock
from tui.commands.sudo import read_restart_right
from tui.errors import NotConnected
from tui.model.command import Command, Ended, Outcome
from tui.model.fleet import App, Host
from tui.model.gate import Grant
from tui.model.host import HostSnapshot, Link, LinkState, MachineFacts
from tui.model.release import ReleaseFacts
from tui.ssh.gate import Gate


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
        self.lock = FakeLock(app)
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
        locked = self.lock.answer(command, clock())
        if locked is not None:
            return locked
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

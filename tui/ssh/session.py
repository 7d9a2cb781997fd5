"""One host's session: keeps a line up, tells its state, and lends it to commands.

The only place that decides when to try again: with full jitter after a lost link or a host that
cannot be reached, never by itself after a key or an authentication was refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tui.errors import NameRefused, NotConnected
from tui.model.command import Command, Outcome
from tui.model.fleet import Host
from tui.model.gate import Grant
from tui.model.host import Link, LinkState
from tui.model.terminal import TerminalCommand
from tui.model.text import scrub_line
from tui.ssh import pulse
from tui.ssh.backoff import Backoff
from tui.ssh.failure import LinkFailure
from tui.ssh.gate import UPLOAD, Gate
from tui.ssh.settings import check_names
from tui.ssh.watchers import Watchers

if TYPE_CHECKING:
    from tui.ssh.collect import Blocks
    from tui.ssh.dial import Dialer
    from tui.ssh.line import Line
    from tui.ssh.terminal import SshTerminal
    from tui.ssh.wire_sessions import TcpSession

_log = logging.getLogger(__name__)


class SshSession:
    """A host over SSH, as operations/ports.py wants it."""

    def __init__(
        self,
        host: Host,
        dialer: Dialer,
        gate: Gate,
        clock: Callable[[], float],
        *,
        backoff: Backoff | None = None,
        chance: random.Random | None = None,
    ) -> None:
        """Not connected until `start`. `clock` gives Unix seconds."""
        self.host = host
        self.refusal: LinkFailure | None = None
        self._dialer = dialer
        self._gate = gate
        self._clock = clock
        self._backoff = backoff or Backoff()
        self._chance = chance or random.Random()  # noqa: S311  # jitter, not a secret
        self._watchers: Watchers[Link] = Watchers()
        self._link = Link(since=clock())
        self._line: Line | None = None
        self._heard_at: float | None = None
        self._poke = asyncio.Event()
        self._up = asyncio.Event()
        self._closed = False
        self._life: asyncio.Task[None] | None = None

    # -- the link --------------------------------------------------------------------------

    @property
    def link(self) -> Link:
        """The link now; `heard_at` is when anything last came from the host."""
        return replace(self._link, heard_at=self._last_heard())

    def watch(self, callback: Callable[[Link], None]) -> Callable[[], None]:
        """Call back on the event loop at each change of `link`; the result ends it."""
        return self._watchers.add(callback)

    async def usable(self) -> None:
        """Return as soon as the link is usable; NotConnected once the session is closed."""
        while not (self._link.usable and self._line is not None):
            if self._closed:
                raise NotConnected(f"{self.host.name}: the session is closed")
            await self._up.wait()

    def start(self) -> None:
        """Begin to connect in the background; a second call does nothing."""
        if self._life is None and not self._closed:
            self._life = asyncio.create_task(self._live(), name=f"link {self.host.name}")

    def retry(self) -> None:
        """Try again now, also after a final refusal; nothing while the link is up."""
        if not self._link.usable:
            self._poke.set()

    async def close(self) -> None:
        """End the link for good; what runs on the host is left alone."""
        self._closed = True
        self._up.set()  # whoever waits for the link learns that it will not come
        if self._life is not None:
            self._life.cancel()
            await asyncio.wait({self._life})
        self._set(LinkState.IDLE, "")

    # -- commands --------------------------------------------------------------------------

    async def run(self, command: Command, grant: Grant | None = None) -> Outcome:
        """Run to its end, its limit or the link's; see operations/ports.py."""

        def check() -> None:
            self._gate.check(command, grant)

        check()
        return await self._usable_line().run(command, check)

    @asynccontextmanager
    async def stream(self, command: Command) -> AsyncIterator[Blocks]:
        """Run an endless read; leaving the block closes its channel."""
        self._gate.check(command, None)
        async with self._usable_line().stream(command) as blocks:
            yield blocks

    async def upload(
        self,
        local: Path,
        remote: str,
        offset: int,
        progress: Callable[[int], None],
        grant: Grant | None,
    ) -> Outcome:
        """Send a file from `offset` on, by SFTP; see operations/ports.py."""

        def check() -> None:
            self._gate.check(UPLOAD, grant)

        check()
        return await self._usable_line().upload(local, remote, offset, progress, check)

    async def open_terminal(
        self, command: TerminalCommand, columns: int, lines: int
    ) -> SshTerminal:
        """A command behind a terminal; see operations/ports.py."""
        self._gate.check_console()
        return await self._usable_line().terminal(command, columns, lines, self._gate.check_console)

    @asynccontextmanager
    async def connect_tcp(self, address: str, port: int) -> AsyncIterator[TcpSession]:
        """A channel to address:port as the host sees it; see operations/ports.py."""
        check_names(name=address, port=port)
        async with self._usable_line().connect_tcp(address, port) as channel:
            yield channel

    def _usable_line(self) -> Line:
        if self._line is None or self._line.gone:
            words = self._link.state.value + (f": {self._link.detail}" if self._link.detail else "")
            raise NotConnected(f"{self.host.name}: {words}")
        return self._line

    # -- its life ----------------------------------------------------------------------------

    async def _live(self) -> None:
        attempt = 0
        self._set(LinkState.CONNECTING, "", attempt=1)
        while True:
            self._poke.clear()
            try:
                line = await self._dialer.open(self.host, self._progress)
            except LinkFailure as failure:
                attempt = await self._refused(failure, attempt)
                continue
            except NameRefused as refused:
                refusal = LinkFailure(LinkState.NO_ADDRESS, refused.detail)
                attempt = await self._refused(refusal, attempt)
                continue
            except Exception as error:  # noqa: BLE001  # the end of this worker's try: say it
                _log.exception("connecting to %s failed", self.host.name)
                refusal = LinkFailure(LinkState.UNREACHABLE, f"{type(error).__name__}: {error}")
                attempt = await self._refused(refusal, attempt)
                continue
            attempt = await self._serve(line, attempt)

    async def _serve(self, line: Line, attempt: int) -> int:
        """Lend the line out until it is lost; returns the attempts in a row so far, now 1 more."""
        loop = asyncio.get_running_loop()
        self.refusal = None
        if not line.gone:
            line.doorkeeper.at_end = self._lost
            self._line = line
            self._set(LinkState.UP, "")
        else:
            self._set(LinkState.LOST, str(line.doorkeeper.ended_by or ""), attempt=1)
        beat = asyncio.create_task(pulse.watch(line, self._stale), name=f"pulse {self.host.name}")
        try:
            await asyncio.shield(line.ended)
        finally:
            beat.cancel()
            await asyncio.wait({beat})  # not `await beat`: that would hide our own cancellation
            await line.close()
        lived = loop.time() - line.up_since
        attempt = 1 if self._backoff.starts_over(lived) else attempt + 1
        await self._pause(attempt)
        return attempt

    def _lost(self) -> None:
        """The line has ended: said before its commands return, so that nobody sees it up then."""
        line, self._heard_at = self._line, self._last_heard()
        self._line = None
        if line is not None and not self._closed:
            self._set(LinkState.LOST, str(line.doorkeeper.ended_by or ""), attempt=1)

    async def _refused(self, failure: LinkFailure, attempt: int) -> int:
        """Say why, then wait: for the operator after a refusal, else for the next turn."""
        self.refusal = failure
        if failure.state.final:
            self._set_failed(failure, 0)
            await self._poke.wait()
            self._set(LinkState.CONNECTING, "", attempt=1)
            return 0
        attempt += 1
        self._set_failed(failure, attempt)
        await self._pause(attempt)
        return attempt

    async def _pause(self, attempt: int) -> None:
        wait = self._backoff.wait_s(attempt, self._chance)
        self._link = replace(self._link, attempt=attempt, retry_at=self._clock() + wait)
        self._watchers.tell(self.link)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await self._poke.wait()
        self._link = replace(self._link, retry_at=None)

    # -- telling -----------------------------------------------------------------------------

    def _last_heard(self) -> float | None:
        if self._line is None:
            return self._heard_at
        return self._clock() - (asyncio.get_running_loop().time() - self._line.heard_at)

    def _progress(self, state: LinkState, detail: str) -> None:
        if not self._link.usable:
            self._set(state, detail, attempt=self._link.attempt)

    def _stale(self, is_stale: bool) -> None:
        if self._line is not None and not self._line.gone:
            self._set(LinkState.STALE if is_stale else LinkState.UP, "")

    def _set_failed(self, failure: LinkFailure, attempt: int) -> None:
        self._set(
            failure.state,
            failure.detail,
            attempt=attempt,
            fingerprint=failure.fingerprint,
            expected=failure.expected,
            identity=failure.identity,
        )

    def _set(
        self,
        state: LinkState,
        detail: str,
        *,
        attempt: int = 0,
        fingerprint: str | None = None,
        expected: str | None = None,
        identity: str | None = None,
    ) -> None:
        since = self._link.since if state is self._link.state else self._clock()
        self._link = Link(
            state,
            since,
            None,
            scrub_line(detail),
            fingerprint,
            expected,
            identity,
            attempt,
        )
        if self._link.usable or self._closed:
            self._up.set()
        else:
            self._up.clear()
        self._watchers.tell(self.link)

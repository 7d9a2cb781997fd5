"""One live connection to a host: commands, streams and ports as channels on it.

A line is used until it is lost and then thrown away; it never reconnects. Until the script was
written nothing ran on the host, so everything before raises NotConnected; after that every ending
is an Outcome.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tui.errors import NotConnected
from tui.model.command import Command, Outcome, script_of
from tui.model.terminal import TerminalCommand
from tui.ssh.channels import Channels, Place
from tui.ssh.collect import Blocks
from tui.ssh.preamble import SHELL, mark_of, wrapped

if TYPE_CHECKING:
    import asyncssh

    from tui.ssh.terminal import SshTerminal
    from tui.ssh.wire import Doorkeeper
    from tui.ssh.wire_sessions import TcpSession

_Session = TypeVar("_Session", bound="asyncssh.SSHClientSession[bytes]")
# Half of asyncssh's own: as fast within 3 % on loopback, and on a thin link a probe waits behind
# half as many bytes of a backfill (16 s at 64 kB/s, less than a command's limit).
WINDOW = 1024 * 1024
OPEN_LIMIT_S = 20.0  # for streams and ports, whose commands have no limit of their own


class _Refused(Exception):
    """The host opened no channel; nothing was sent."""


class Line:
    """A connection with its places. `ended` is done once the connection is gone."""

    def __init__(
        self,
        connection: asyncssh.SSHClientConnection,
        doorkeeper: Doorkeeper,
        channels: Channels,
        leave: Callable[[], None],
    ) -> None:
        """`leave` gives back the way to the host (its jump hosts) when the line is closed."""
        self.connection = connection
        self.doorkeeper = doorkeeper
        self.channels = channels
        self.ended = doorkeeper.ended
        self._leave = leave
        self._nonce = secrets.token_hex(8)
        self._loop = asyncio.get_running_loop()
        self._endings: set[asyncio.Task[None]] = set()
        self.heard_at = self._loop.time()
        self.up_since = self.heard_at

    def heard(self) -> None:
        """Something came from the host."""
        self.heard_at = self._loop.time()

    @property
    def gone(self) -> bool:
        """Whether the connection has ended."""
        return self.ended.done()

    # -- commands ------------------------------------------------------------------------

    async def run(self, command: Command, check: Callable[[], None]) -> Outcome:
        """Run to the end, the limit or the link's end. `check` is called once more before the
        script is written; what it raises is raised. Waiting for a place is not in the limit."""
        from tui.ssh.wire_sessions import RunSession

        script = wrapped(script_of(command), self._nonce)
        limit = command.timeout_s

        def session() -> RunSession:
            return RunSession(mark_of(self._nonce), command.max_bytes, self.heard)

        chan, collected, place = await self._channel(session, limit)
        began = self._loop.time()
        try:
            check()
            _send(chan, script)
            try:
                async with asyncio.timeout(limit):
                    await asyncio.shield(collected.done)
            except TimeoutError:
                collected.limit_passed()
        finally:
            self._dismiss(chan, collected, place, stop=command.reading())
        return collected.outcome(self._loop.time() - began, bytes(collected.stdout))

    @asynccontextmanager
    async def stream(self, command: Command) -> AsyncIterator[Blocks]:
        """Run an endless read; leaving the block ends it."""
        from tui.ssh.wire_sessions import BlockSession

        script = wrapped(script_of(command), self._nonce)

        def session() -> BlockSession:
            return BlockSession(mark_of(self._nonce), command.max_bytes, self.heard)

        chan, blocks, place = await self._channel(session, OPEN_LIMIT_S, stream=True)
        timer: asyncio.TimerHandle | None = None
        try:
            _send(chan, script)
            if command.timeout_s is not None:
                timer = self._loop.call_later(command.timeout_s, blocks.limit_passed)
            yield Blocks(blocks, self._loop.time)
        finally:
            if timer is not None:
                timer.cancel()
            self._dismiss(chan, blocks, place, stop=True)

    # -- files ---------------------------------------------------------------------------

    async def upload(
        self,
        local: Path,
        remote: str,
        offset: int,
        progress: Callable[[int], None],
        check: Callable[[], None],
    ) -> Outcome:
        """Send a file by SFTP; `check` is called once more before anything is written."""
        from tui.ssh.transfer import send_file

        place = await self.channels.place(stream=True)
        try:
            self._check_alive()
            check()

            def heard(count: int) -> None:
                # A slow link is full of the file: its answers are what is heard of the host.
                self.heard()
                progress(count)

            return await send_file(self.connection, local, remote, offset, heard)
        finally:
            place.free()

    # -- terminals -----------------------------------------------------------------------

    async def terminal(
        self, command: TerminalCommand, columns: int, lines: int, check: Callable[[], None]
    ) -> SshTerminal:
        """A command behind a terminal; `check` is called once more before it is opened."""
        from tui.ssh.terminal import SshTerminal, terminal_options
        from tui.ssh.wire_terminal import TerminalSession

        place = await self.channels.place(stream=True)
        try:
            self._check_alive()
            check()
            opening = self.connection.create_session(
                lambda: TerminalSession(self.heard),
                command.line,
                **terminal_options(columns, lines),
            )
            _, session = await self._opened(opening, place, OPEN_LIMIT_S)
        except _Refused as refused:
            place.free()
            raise NotConnected(f"the host opens no terminal: {refused}") from None
        except BaseException:
            place.free()
            raise
        session.at_end(place.free)
        return SshTerminal(session)

    # -- ports ---------------------------------------------------------------------------

    @asynccontextmanager
    async def connect_tcp(self, address: str, port: int) -> AsyncIterator[TcpSession]:
        """A direct-tcpip channel; PermissionError where forwarding is not allowed,
        ConnectionError where the port cannot be reached from the host."""
        from tui.ssh.wire_sessions import TcpSession

        place = await self.channels.place()
        try:
            self._check_alive()
            opening = self.connection.create_connection(
                lambda: TcpSession(self.heard), address, port, encoding=None
            )
            chan, session = await self._opened(opening, place, OPEN_LIMIT_S)
        except _Refused as refused:
            place.free()
            raise _port_error(refused, address, port) from None
        except BaseException:
            place.free()
            raise
        try:
            yield session
        finally:
            self._dismiss(chan, session, place, stop=False)

    # -- channels ------------------------------------------------------------------------

    async def _channel(
        self, factory: Callable[[], _Session], limit_s: float | None, *, stream: bool = False
    ) -> tuple[asyncssh.SSHClientChannel[bytes], _Session, Place]:
        """An open channel with the shell started on it; waits for a place as often as needed."""
        while True:
            place = await self.channels.place(stream=stream)
            try:
                self._check_alive()
                opening = self.connection.create_session(
                    factory,
                    SHELL,
                    env=None,
                    send_env=None,
                    request_pty=False,
                    x11_forwarding=False,
                    encoding=None,
                    window=WINDOW,
                )
                chan, session = await self._opened(opening, place, limit_s)
                return chan, session, place
            except _Refused as refused:
                more = self.channels.refused()
                place.free()
                if not more:
                    raise NotConnected(
                        f"the host opens no session: {refused}",
                        remedy="Its sshd allows none to this user (MaxSessions, ForceCommand).",
                    ) from None
            except BaseException:
                place.free()
                raise

    def _check_alive(self) -> None:
        if self.gone:
            raise NotConnected("the link was lost before anything was sent")

    async def _opened(
        self, opening: Coroutine[Any, Any, Any], place: Place, limit_s: float | None
    ) -> tuple[Any, Any]:
        """The opened channel; nothing of the command was sent yet, whatever is raised.

        An opening that is given up cannot be taken back: the host may still open the channel.
        It is awaited in the background, closed then, and keeps its place until that.
        """
        import asyncssh

        task = asyncio.ensure_future(opening)
        try:
            async with asyncio.timeout(limit_s):
                return await asyncio.shield(task)
        except asyncssh.ChannelOpenError as error:
            if self.gone:
                raise NotConnected("the link was lost before anything was sent") from None
            raise _Refused(error.code, error.reason) from None
        except TimeoutError:
            self._in_background(_given_up(task, place.handed_over()))
            raise NotConnected(
                f"the host opened no channel in {limit_s:g} s; nothing was sent"
            ) from None
        except asyncio.CancelledError:
            self._in_background(_given_up(task, place.handed_over()))
            raise
        except (asyncssh.Error, OSError) as error:
            raise NotConnected(f"the link was lost before anything was sent: {error}") from None

    def _dismiss(self, chan: Any, session: Any, place: Place, *, stop: bool) -> None:
        """Close a channel and give its place back when the host closed it, too.

        A read that is still running is asked to stop; a change is never touched.
        """
        if session.closed:
            place.free()
            return
        if stop:
            with contextlib.suppress(OSError):
                chan.send_signal("TERM")
        chan.close()
        self._in_background(_closed(chan, place))

    def _in_background(self, ending: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(ending)
        self._endings.add(task)
        task.add_done_callback(self._endings.discard)

    async def close(self) -> None:
        """End the connection at once; what runs on the host is left alone."""
        self.connection.abort()
        await self.connection.wait_closed()
        if self._endings:
            await asyncio.wait(tuple(self._endings))
        self._leave()


def _send(chan: Any, script: bytes) -> None:
    try:
        chan.write(script)
        chan.write_eof()
    except OSError:
        raise NotConnected("the host closed the channel before anything was sent") from None


async def _given_up(opening: asyncio.Future[tuple[Any, Any]], place: Place) -> None:
    import asyncssh

    try:
        chan, _ = await opening
    except (asyncssh.Error, OSError):
        place.free()
        return
    chan.close()
    await _closed(chan, place)


async def _closed(chan: Any, place: Place) -> None:
    try:
        await chan.wait_closed()
    finally:
        place.free()


def _port_error(refused: _Refused, address: str, port: int) -> OSError:
    import asyncssh

    code, reason = refused.args
    where = f"{address}:{port}"
    if code == asyncssh.OPEN_CONNECT_FAILED:
        return ConnectionError(f"the host cannot reach {where}: {reason}")
    return PermissionError(f"the host forwards no connection to {where}: {reason}")

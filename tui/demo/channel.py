"""A session channel as sshd serves it: a shell's command behind pipes, or behind a terminal.

When the channel closes, the pipes close and nobody is signalled: a silent command runs on to its
end, a writing one dies of SIGPIPE. A terminal's closing sends SIGHUP, as the kernel does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import asyncssh
from asyncssh.stream import SSHServerStreamSession

from tui.demo.process import Login, Process


class SessionChannel(asyncssh.SSHServerSession[bytes]):
    """One channel: started by exec, shell or the sftp subsystem."""

    def __init__(self, login: Login, ended: Callable[[], None]) -> None:
        self._login = login
        self._ended = ended
        self._command: str | None = None
        self._process: Process | None = None
        self._sftp: SSHServerStreamSession[bytes] | None = None

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        self._chan = chan

    def pty_requested(
        self, term_type: str, term_size: tuple[int, int, int, int], term_modes: Mapping[int, int]
    ) -> bool:
        return True

    def shell_requested(self) -> bool:
        return True

    def exec_requested(self, command: str) -> bool:
        self._command = command
        return True

    def subsystem_requested(self, subsystem: str) -> bool:
        if subsystem != "sftp":
            return False
        self._sftp = SSHServerStreamSession(None, self._login.sftp, 3)
        self._sftp.connection_made(self._chan)
        return True

    def session_started(self) -> None:
        if self._sftp is not None:
            self._sftp.session_started()
            return
        try:
            self._process = Process(self._chan, self._login, self._command)
        except OSError as error:
            self._chan.write_stderr(f"{self._login.shell}: {error.strerror}\n".encode())
            self._chan.exit(127)

    def data_received(self, data: bytes, datatype: int | None) -> None:
        if self._sftp is not None:
            self._sftp.data_received(data, datatype)
        elif self._process is not None:
            self._process.feed(data)

    def eof_received(self) -> bool:
        if self._sftp is not None:
            return bool(self._sftp.eof_received())
        if self._process is not None:
            self._process.feed_eof()
        return True

    def pause_writing(self) -> None:
        if self._sftp is not None:
            self._sftp.pause_writing()
        elif self._process is not None:
            self._process.hold(True)

    def resume_writing(self) -> None:
        if self._sftp is not None:
            self._sftp.resume_writing()
        elif self._process is not None:
            self._process.hold(False)

    def terminal_size_changed(self, width: int, height: int, pixwidth: int, pixheight: int) -> None:
        if self._process is not None:
            self._process.resize((width, height, pixwidth, pixheight))

    def signal_received(self, signal: str) -> None:
        if self._process is not None:
            self._process.signal(signal)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._sftp is not None:
            self._sftp.connection_lost(exc)
        if self._process is not None:
            self._process.part()
        self._ended()

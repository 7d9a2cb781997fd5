"""The command of a session channel: behind pipes, or behind a terminal."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
import signal
import struct
import termios
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import asyncssh

from tui.demo.children import Child, Start

if TYPE_CHECKING:
    from tui.demo.sandbox import Sandbox

_BLOCK = 65536
# On opening its terminal a session's leader gets it as the controlling one.
_ON_TERMINAL = ("/bin/sh", "-c", 'tty=$1; shift; exec "$@" <>"$tty" >&0 2>&0', "sh")


@dataclass(frozen=True, slots=True)
class Login:
    """Whom a channel's command runs as: shell, environment and folder."""

    sandbox: Sandbox
    shell: str
    env: Mapping[str, str]
    home: str
    sftp: Callable[[Any], asyncssh.SFTPServer]


class Process:
    """The command of a channel: its pipes or its terminal, carried at the client's pace."""

    def __init__(
        self, chan: asyncssh.SSHServerChannel[bytes], login: Login, command: str | None
    ) -> None:
        self._chan = chan
        self._loop = asyncio.get_running_loop()
        self._out: dict[int, int | None] = {}
        self._stdin: int | None = None
        self._waiting = b""
        self._eof = False
        self._held = False
        self._parted = False
        self._terminal = chan.get_terminal_type() is not None
        argv = [login.shell, "-c", command] if command is not None else [login.shell, "-i"]
        start = self._on_terminal if self._terminal else self._on_pipes
        self._child = start(login, argv, _client_env(chan))
        for descriptor in self._out:
            os.set_blocking(descriptor, False)
        self.hold(False)
        self._child.on_exit(lambda _code: self._finish())

    def _on_pipes(self, login: Login, argv: list[str], extra: dict[str, str]) -> Child:
        (in_read, in_write), (out_read, out_write), (err_read, err_write) = (
            os.pipe(),
            os.pipe(),
            os.pipe(),
        )
        try:
            child = login.sandbox.spawn_shell(
                Start(argv, {**login.env, **extra}, login.home, in_read, out_write, err_write)
            )
        except OSError:
            for descriptor in (in_write, out_read, err_read):
                os.close(descriptor)
            raise
        finally:
            for descriptor in (in_read, out_write, err_write):
                os.close(descriptor)
        os.set_blocking(in_write, False)
        self._stdin = in_write
        self._out = {out_read: None, err_read: asyncssh.EXTENDED_DATA_STDERR}
        return child

    def _on_terminal(self, login: Login, argv: list[str], extra: dict[str, str]) -> Child:
        master, slave = os.openpty()
        name = os.ttyname(slave)
        env = {**login.env, **extra, "SSH_TTY": name, "TERM": self._chan.get_terminal_type() or ""}
        try:
            _resize(slave, self._chan.get_terminal_size())
            child = login.sandbox.spawn_shell(Start([*_ON_TERMINAL, name, *argv], env, login.home))
        except OSError:
            os.close(master)
            os.close(slave)
            raise
        # Held open until the child has its own, else the first read would see the end.
        self._slave: int | None = slave
        self._out = {master: None}
        self._stdin = master
        child.on_exit(lambda _code: self._close_slave())
        return child

    def _close_slave(self) -> None:
        if self._slave is not None:
            os.close(self._slave)
            self._slave = None

    def hold(self, held: bool) -> None:
        """Stop or go on reading the command's output: what is not read stops the command."""
        self._held = held
        for descriptor in self._out:
            if held:
                self._loop.remove_reader(descriptor)
            else:
                self._loop.add_reader(descriptor, self._read, descriptor)

    def _read(self, descriptor: int) -> None:
        try:
            data = os.read(descriptor, _BLOCK)
        except BlockingIOError:
            return
        except OSError as error:
            if error.errno != errno.EIO:  # EIO: nobody has the terminal open any more
                raise
            data = b""
        if data:
            # A channel that is closed already says so to us a moment later.
            with contextlib.suppress(BrokenPipeError):
                self._chan.write(data, self._out[descriptor])
            return
        self._loop.remove_reader(descriptor)
        del self._out[descriptor]
        if descriptor == self._stdin:
            self._stdin = None
        os.close(descriptor)
        self._finish()

    def feed(self, data: bytes) -> None:
        """Give to the command's stdin; the client is held back while the pipe is full."""
        self._waiting += data
        self._write()

    def feed_eof(self) -> None:
        """End the command's stdin once all is written; a terminal has no end."""
        self._eof = True
        self._write()

    def _write(self) -> None:
        if self._stdin is None:
            self._waiting = b""
            return
        try:
            while self._waiting:
                self._waiting = self._waiting[os.write(self._stdin, self._waiting) :]
        except BlockingIOError:
            self._chan.pause_reading()
            self._loop.add_writer(self._stdin, self._writable)
            return
        except OSError:
            self._waiting = b""  # the command has closed its stdin: sshd drops the rest too
        if self._eof and not self._terminal and not self._waiting:
            os.close(self._stdin)
            self._stdin = None

    def _writable(self) -> None:
        if self._stdin is not None:
            self._loop.remove_writer(self._stdin)
        self._chan.resume_reading()
        self._write()

    def resize(self, size: tuple[int, int, int, int]) -> None:
        """Tell the terminal its size."""
        if self._terminal and self._stdin is not None:
            _resize(self._stdin, size)

    def signal(self, name: str) -> None:
        """Deliver a signal to the command's group."""
        number = getattr(signal, f"SIG{name}", None)
        if isinstance(number, signal.Signals):
            self._child.signal_group(number)

    def _finish(self) -> None:
        """Report the exit once the command has ended and nobody holds its output open."""
        code = self._child.returncode
        if code is None or self._parted or (self._out and not self._terminal):
            return
        self._drain_terminal()
        self.part()
        if code >= 0:
            self._chan.exit(code)
        else:
            self._chan.exit_with_signal(signal.Signals(-code).name.removeprefix("SIG"), lang="")

    def _drain_terminal(self) -> None:
        for descriptor in tuple(self._out):
            with contextlib.suppress(OSError):
                while data := os.read(descriptor, _BLOCK):
                    self._chan.write(data)

    def part(self) -> None:
        """Close this side's ends. The command is not signalled: it finds out or it does not."""
        self._parted = True
        ends = set(self._out)
        if self._stdin is not None:
            ends.add(self._stdin)
        for descriptor in ends:
            self._loop.remove_reader(descriptor)
            self._loop.remove_writer(descriptor)
            os.close(descriptor)
        self._out.clear()
        self._stdin = None
        if self._terminal:
            self._close_slave()


def _resize(terminal: int, size: tuple[int, int, int, int]) -> None:
    columns, rows, x_pixels, y_pixels = size
    packed = struct.pack("HHHH", rows or 24, columns or 80, x_pixels, y_pixels)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, packed)


def _client_env(chan: asyncssh.SSHServerChannel[bytes]) -> dict[str, str]:
    """What Debian's sshd accepts of the client's environment: LANG and LC_*."""
    return {
        name: value
        for name, value in chan.get_environment().items()
        if name == "LANG" or name.startswith("LC_")
    }

"""The sshd of one host: strict keys, MaxSessions, forwarding to the host's own ports only."""

from __future__ import annotations

import contextlib
import os
import socket
from typing import TYPE_CHECKING, Any

import asyncssh

from tui.demo.channel import SessionChannel
from tui.demo.process import Login
from tui.demo.sftp import RootedSftp
from tui.demo.wire import Wire

if TYPE_CHECKING:
    from tui.demo.machine import Machine

MAX_SESSIONS = 10
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class _Door(asyncssh.SSHServer):
    """What sshd decides for one connection."""

    def __init__(self, machine: Machine, key: asyncssh.SSHKey) -> None:
        self._machine = machine
        self._key = key.convert_to_public()
        self._open = 0

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._conn = conn
        self._session = next(self._machine.sessions)

    def begin_auth(self, username: str) -> bool:
        self._user = username
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username in self._machine.users and key == self._key

    def session_requested(self) -> Any:
        if self._open >= MAX_SESSIONS:
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_CONNECT_FAILED, "open failed")
        self._open += 1
        return SessionChannel(self._login(), self._one_less)

    def _one_less(self) -> None:
        self._open -= 1

    def _login(self) -> Login:
        machine, name = self._machine, self._user
        home = machine.sandbox.seen(f"home/{name}")
        user = machine.users[name]
        env = {
            "USER": name,
            "LOGNAME": name,
            "HOME": home,
            "SHELL": machine.login_shell,
            "PATH": machine.sandbox.search_path,
            "SSH_CLIENT": f"127.0.0.1 0 {machine.port}",
            "SSH_CONNECTION": f"127.0.0.1 0 127.0.0.1 {machine.port}",
            "DEMO_USER": name,
            "DEMO_SESSION": str(self._session),
            "DEMO_AS": name,
            "DEMO_GROUPS": ",".join(sorted(user.groups)),
            # perl, which the shims may be, would else warn of locales that are not installed
            "PERL_BADLANG": "0",
        }
        sandbox = machine.sandbox
        return Login(
            sandbox,
            machine.login_shell,
            env,
            str(sandbox.real(home)),
            lambda chan: RootedSftp(chan, sandbox, home),
        )

    def connection_requested(
        self, dest_host: str, dest_port: int, orig_host: str, orig_port: int
    ) -> Any:
        if not self._machine.forwarding:
            raise asyncssh.ChannelOpenError(
                asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED, "open failed"
            )
        own = dest_host in (*_LOOPBACK, self._machine.name, self._machine.loopback)
        if not own or dest_port not in self._machine.ports:
            return False  # as a port where nothing listens: nothing else of this machine is shown
        return self._conn.forward_connection(self._machine.loopback, dest_port)


class Sshd:
    """One host's SSH server behind its wire."""

    def __init__(self, machine: Machine, client_key: asyncssh.SSHKey) -> None:
        self._machine = machine
        self._client_key = client_key
        self._path = str(machine.sandbox.root / "run" / "sshd")
        self._acceptor: asyncssh.SSHAcceptor | None = None
        self.wire = Wire(self._path)

    async def open(self, host_key: asyncssh.SSHKey) -> None:
        """Serve with this host key; a second call changes the key for new connections."""
        await self._stop()
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(self._path)
        listening.setblocking(False)
        self._acceptor = await asyncssh.listen(
            sock=listening,
            server_factory=lambda: _Door(self._machine, self._client_key),
            server_host_keys=[host_key],
            encoding=None,
            line_editor=False,
            password_auth=False,
            kbdint_auth=False,
            agent_forwarding=False,
            x11_forwarding=False,
            compression_algs=None,
            server_version="OpenSSH_9.2p1",
            login_timeout=120,
        )
        await self.wire.open()

    async def _stop(self) -> None:
        if self._acceptor is not None:
            self._acceptor.close()
            await self._acceptor.wait_closed()
            self._acceptor = None
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)

    async def close(self) -> None:
        """End every connection."""
        await self.wire.close()
        await self._stop()

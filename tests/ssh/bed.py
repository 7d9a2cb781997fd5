"""A small SSH server in this process, on loopback and a port of its own, that behaves like sshd:
it really runs commands by a shell, and sends no signal to one whose channel was closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh

from tui.model.fleet import Environment, Host, Limits
from tui.model.gate import Grant
from tui.ssh.fleet import Fleet
from tui.ssh.gate import Gate

USER = "deploy"
_keys: dict[str, asyncssh.SSHKey] = {}


def key(name: str, kind: str = "ssh-ed25519") -> asyncssh.SSHKey:
    """A key of this test run, made once per name."""
    if name not in _keys:
        _keys[name] = asyncssh.generate_private_key(kind)
    return _keys[name]


def fingerprint(of: asyncssh.SSHKey) -> str:
    return of.get_fingerprint("sha256")


def public_line(of: asyncssh.SSHKey) -> str:
    return of.export_public_key().decode().strip()


class _Server(asyncssh.SSHServer):
    def __init__(self, bed: Bed) -> None:
        self._bed = bed

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._conn = conn
        self._bed.connections.append(conn)

    def session_requested(self) -> Any:
        """Refuse as sshd does past MaxSessions: when the channel is opened."""
        if self._bed.max_sessions is not None and self._bed.open_sessions >= self._bed.max_sessions:
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_CONNECT_FAILED, "open failed")
        self._bed.open_sessions += 1
        self._bed.peak_sessions = max(self._bed.peak_sessions, self._bed.open_sessions)
        channel = self._conn.create_server_channel(encoding=None)
        return channel, asyncssh.SSHServerProcess(self._bed.serve, None, 3, False)

    def begin_auth(self, username: str) -> bool:
        self._bed.auths += 1
        self._bed.users.append(username)
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return key.public_data in {k.public_data for k in self._bed.authorized}

    def validate_ca_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return key.public_data in {k.public_data for k in self._bed.authorities}

    def connection_requested(self, dest_host: str, dest_port: int, *_: object) -> bool:
        self._bed.forwards.append((dest_host, dest_port))
        if not self._bed.forwarding:
            raise asyncssh.ChannelOpenError(
                asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED, "open failed"
            )
        return True


@dataclass
class Bed:
    """A running server and what it saw. Change its fields to change its mind."""

    folder: Path
    host_key: asyncssh.SSHKey = field(default_factory=lambda: key("host"))
    host_certificate: asyncssh.SSHCertificate | None = None
    authorized: list[asyncssh.SSHKey] = field(default_factory=list)
    authorities: list[asyncssh.SSHKey] = field(default_factory=list)
    forwarding: bool = True
    max_sessions: int | None = None
    shell: str = "/bin/sh"
    port: int = 0
    auths: int = 0
    open_sessions: int = 0
    peak_sessions: int = 0
    users: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    ptys: list[str] = field(default_factory=list)
    environments: list[dict[str, str]] = field(default_factory=list)
    agent_paths: list[str | None] = field(default_factory=list)
    forwards: list[tuple[str, int]] = field(default_factory=list)
    connections: list[asyncssh.SSHServerConnection] = field(default_factory=list)
    children: list[asyncio.subprocess.Process] = field(default_factory=list)
    answer: Callable[[asyncssh.SSHServerProcess[bytes]], Any] | None = None
    _acceptor: asyncssh.SSHAcceptor | None = None

    async def start(self) -> None:
        self._acceptor = await asyncssh.listen(
            "127.0.0.1",
            self.port,
            server_factory=lambda: _Server(self),
            server_host_keys=[self.host_key],
            server_host_certs=[] if self.host_certificate is None else [self.host_certificate],
            agent_forwarding=True,
            keepalive_interval=0,
        )
        self.port = self._acceptor.get_port()

    async def stop(self) -> None:
        """Stop listening and drop every connection."""
        if self._acceptor is not None:
            self._acceptor.close()
            await self._acceptor.wait_closed()
            self._acceptor = None
        for connection in self.connections:
            connection.abort()
        for connection in self.connections:
            await connection.wait_closed()
        self.connections.clear()

    async def close(self) -> None:
        await self.stop()
        for child in self.children:
            if child.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
            await child.wait()

    async def serve(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        self.commands.append(process.command or "")
        self.environments.append(dict(process.env))
        self.agent_paths.append(process.channel.get_agent_path())
        if process.get_terminal_type() is not None:
            self.ptys.append(process.get_terminal_type() or "")
        try:
            if self.answer is not None:
                await self.answer(process)
            else:
                await self._run(process)
        finally:
            self.open_sessions -= 1

    async def _run(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        child = await asyncio.create_subprocess_exec(
            self.shell,
            "-c",
            process.command or "",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            cwd=self.folder,
        )
        self.children.append(child)
        assert child.stdout is not None
        assert child.stderr is not None
        feeding = asyncio.create_task(_feed(process, child))
        try:
            await asyncio.gather(
                _pump(child.stdout, process.stdout), _pump(child.stderr, process.stderr)
            )
            status = await child.wait()
            if status < 0:
                process.exit_with_signal(signal.Signals(-status).name[3:])
            else:
                process.exit(status)
        finally:
            feeding.cancel()
            await asyncio.wait({feeding})


async def _pump(source: asyncio.StreamReader, to: asyncssh.SSHWriter[bytes]) -> None:
    """Carry output until it ends or the channel is closed; then the pipe is closed, as sshd
    does: who writes on dies of SIGPIPE, who is silent runs on."""
    try:
        while data := await source.read(65536):
            to.write(data)
            await to.drain()
    except (OSError, asyncssh.Error):
        transport = source._transport  # type: ignore[attr-defined]  # the reader has no close
        transport.close()


async def _feed(
    process: asyncssh.SSHServerProcess[bytes], child: asyncio.subprocess.Process
) -> None:
    assert child.stdin is not None
    with contextlib.suppress(OSError, asyncssh.Error):
        while data := await process.stdin.read(65536):
            child.stdin.write(data)
            await child.stdin.drain()
    child.stdin.close()


@dataclass
class World:
    """The operator's side: a home with a key and a known_hosts file, and fleets made from it."""

    folder: Path
    fleets: list[Fleet] = field(default_factory=list)
    gate: Gate = field(default_factory=lambda: Gate(False, 900.0, lambda: 0.0))
    limits: Limits = field(default_factory=lambda: Limits(connect_timeout_s=5.0))

    @property
    def identity(self) -> Path:
        return self.folder / "id_test"

    @property
    def known_hosts(self) -> Path:
        return self.folder / "known_hosts"

    def write_identity(self, name: str = "client", passphrase: str | None = None) -> Path:
        data = key(name).export_private_key(passphrase=passphrase, rounds=4, ignore_few_rounds=True)
        self.identity.write_bytes(data)
        self.identity.chmod(0o600)
        return self.identity

    def know(self, bed: Bed, of: asyncssh.SSHKey | None = None, marker: str = "") -> None:
        """Add the bed's host key to known_hosts."""
        with self.known_hosts.open("a") as file:
            line = f"[127.0.0.1]:{bed.port} {public_line(of or bed.host_key)}"
            file.write(f"{marker} {line}\n".lstrip())

    def host(self, bed: Bed, name: str = "web1", **more: Any) -> Host:
        said: dict[str, Any] = {
            "address": "127.0.0.1",
            "port": bed.port,
            "user": USER,
            "identity": str(self.identity),
            "known_hosts": str(self.known_hosts),
        }
        return Host(name, **(said | more))

    def fleet(self, *hosts: Host, ssh_config: tuple[str, ...] | None = (), **more: Any) -> Fleet:
        """A fleet of these hosts; closed with the world."""
        environment = Environment("staging", hosts=hosts)
        fleet = Fleet(
            environment,
            more.pop("limits", self.limits),
            more.pop("gate", self.gate),
            ssh_config=ssh_config,
            **more,
        )
        self.fleets.append(fleet)
        return fleet

    def grant(self) -> Grant:
        return self.gate.grant("a-plan")


@asynccontextmanager
async def a_bed(**more: Any) -> AsyncIterator[Bed]:
    """A server that lets the key "client" in."""
    with tempfile.TemporaryDirectory(prefix="bed-") as folder:
        more.setdefault("authorized", [key("client")])
        bed = Bed(Path(folder), **more)
        await bed.start()
        try:
            yield bed
        finally:
            await bed.close()

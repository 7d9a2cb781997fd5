"""Makes lines: settings, the way, the keys, the handshake; every failure is a LinkFailure."""

from __future__ import annotations

import asyncio
import importlib
import sys
from typing import TYPE_CHECKING

from tui.model.fleet import Host, Limits
from tui.model.host import LinkState
from tui.ssh.channels import Channels
from tui.ssh.failure import LinkFailure
from tui.ssh.handshake import Signing, Tell, connect, failure_of
from tui.ssh.hops import Connected, Hops
from tui.ssh.identities import Identities
from tui.ssh.line import Line
from tui.ssh.proxy_command import open_proxy
from tui.ssh.resolve import Resolver
from tui.ssh.settings import Settings
from tui.ssh.socket_open import OpenSocket, open_socket
from tui.ssh.threads import in_thread
from tui.ssh.trust import Known, TrustRefused, append_known, read_known

if TYPE_CHECKING:
    import asyncssh


_WIRE = "tui.ssh.wire_sessions"


def _quiet(state: LinkState, detail: str) -> None:
    """A jump host's progress is not shown: its failure is."""


class Dialer:
    """Connects to the hosts of one fleet; bounds how many handshakes run at once."""

    def __init__(self, limits: Limits, resolver: Resolver, identities: Identities) -> None:
        self._limits = limits
        self._resolver = resolver
        self._identities = identities
        self._turn = asyncio.Semaphore(max(1, limits.handshakes))
        self._hops = Hops(resolver, self._connect_hop)
        self.warnings: dict[str, tuple[str, ...]] = {}

    async def open(self, host: Host, tell: Tell) -> Line:
        """A line to the host. LinkFailure says why not; NameRefused comes before any connection."""
        if _WIRE not in sys.modules:  # asyncssh with it: 0.15 s that the screen stays live
            await in_thread(importlib.import_module, _WIRE)
        settings = await self._resolver.host(host)
        self.warnings[host.name] = settings.warnings
        way = await self._hops.way(settings.jump)
        try:
            connection, doorkeeper = await self._connect(
                settings, way.connection, host.fingerprint, tell
            )
        except BaseException:
            way.leave()
            raise
        return Line(connection, doorkeeper, Channels(self._limits.channels), way.leave)

    async def remember(self, settings: Settings, key: asyncssh.SSHKey) -> None:
        """Append a host's key to its first known_hosts file; TrustRefused if that cannot be."""
        name, port = settings.known_name
        await in_thread(append_known, settings.known_hosts[0], name, port, key, settings.hash_names)

    async def close(self) -> None:
        """End the connections to jump hosts."""
        await self._hops.close()

    async def _connect_hop(
        self, settings: Settings, tunnel: asyncssh.SSHClientConnection | None
    ) -> Connected:
        self.warnings[settings.name] = settings.warnings
        return await self._connect(settings, tunnel, None, _quiet)

    async def _connect(
        self,
        settings: Settings,
        tunnel: asyncssh.SSHClientConnection | None,
        pinned: str | None,
        tell: Tell,
    ) -> Connected:
        from tui.ssh.wire import Doorkeeper

        limit = settings.connect_timeout_s or self._limits.connect_timeout_s
        signing = Signing(limit, tell)
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        doorkeeper = Doorkeeper(await _known(settings), pinned, ended)
        offer = await self._identities.offer(settings, signing)
        direct: OpenSocket | None = None
        try:
            if settings.proxy_command is not None:
                direct = await open_proxy(settings.proxy_command, limit)
            elif tunnel is None:
                direct = await open_socket(settings, limit)
            async with self._turn:
                connection = await connect(
                    settings, doorkeeper, offer, self._limits, signing, direct or tunnel
                )
        except Exception as error:  # each becomes a word for the link
            complaint = "" if direct is None else direct.complaint
            raise failure_of(error, doorkeeper, settings, offer, limit, complaint) from error
        finally:
            if direct is not None:
                ended.add_done_callback(lambda _: direct.end())
                if not doorkeeper.authenticated:
                    direct.end()
            signing.stop()
            offer.close()
        await self._remember_pinned(doorkeeper.offered, doorkeeper.accepted_by_pin, settings)
        return connection, doorkeeper

    async def _remember_pinned(
        self, key: asyncssh.SSHKey | None, accepted: bool, settings: Settings
    ) -> None:
        if key is None or not accepted:
            return
        try:
            await self.remember(settings, key)
        except TrustRefused as refused:
            # The key is the one the configuration names: the link stands, the file wants mending.
            said = (f"the host key could not be kept: {refused.detail}",)
            self.warnings[settings.name] = (*settings.warnings, *said)


async def _known(settings: Settings) -> Known:
    name, port = settings.known_name
    try:
        return await in_thread(read_known, settings.known_hosts, name, port)
    except OSError as error:
        raise LinkFailure(
            LinkState.UNREACHABLE, f"known_hosts cannot be read: {error.filename}: {error.strerror}"
        ) from None

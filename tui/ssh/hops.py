"""The ways over jump hosts, shared: a jump host has one connection however many hosts are behind.

Each hop is connected by ourselves with its own settings and its own check of its host key. A
failure is shared, too, so that a jump host which refuses our key is asked once, not once a host.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tui.model.host import LinkState
from tui.ssh.failure import LinkFailure
from tui.ssh.resolve import Resolver
from tui.ssh.settings import Hop, Settings

if TYPE_CHECKING:
    import asyncssh

    from tui.ssh.wire import Doorkeeper

DEPTH_LIMIT = 8

Connected = tuple["asyncssh.SSHClientConnection", "Doorkeeper"]
Connect = Callable[[Settings, "asyncssh.SSHClientConnection | None"], Awaitable[Connected]]


@dataclass(slots=True)
class _Shared:
    """A jump host's connection, with how many hosts use it and its own way."""

    opening: asyncio.Task[Connected]
    before: Way
    users: int = 0


@dataclass(slots=True)
class Way:
    """The way to a host: the last jump host's connection, None for a direct one."""

    connection: asyncssh.SSHClientConnection | None = None
    _leave: Callable[[], None] | None = None

    def leave(self) -> None:
        """Use it no more; the last one out ends the connection. Twice does no harm."""
        left, self._leave = self._leave, None
        if left is not None:
            left()


@dataclass(slots=True)
class Hops:
    """The jump hosts of one fleet that are connected or being connected."""

    resolver: Resolver
    connect: Connect
    _shared: dict[tuple[Hop, ...], _Shared] = field(default_factory=dict)
    _closing: set[asyncio.Future[None]] = field(default_factory=set)

    async def way(self, jump: tuple[Hop, ...], depth: int = 0) -> Way:
        """The way over `jump`, nearest hop first. LinkFailure names the hop that failed."""
        if not jump:
            return Way()
        if depth >= DEPTH_LIMIT:
            raise LinkFailure(
                LinkState.NO_ADDRESS, f"ProxyJump goes over more than {DEPTH_LIMIT} hosts"
            )
        shared = self._shared.get(jump)
        if shared is None or _is_over(shared):
            before = await self._before(jump, depth)
            shared = self._shared.get(jump)  # another host may have been quicker
            if shared is None or _is_over(shared):
                shared = _Shared(asyncio.ensure_future(self._open(jump, before)), before)
                self._shared[jump] = shared
            else:
                before.leave()
        shared.users += 1
        way = Way(None, lambda: self._left(jump, shared))
        try:
            way.connection = (await asyncio.shield(shared.opening))[0]
        except LinkFailure as failure:
            way.leave()
            raise failure.by_way_of(jump[-1].name) from None
        except BaseException:
            way.leave()
            raise
        return way

    async def _before(self, jump: tuple[Hop, ...], depth: int) -> Way:
        if len(jump) > 1:
            return await self.way(jump[:-1], depth + 1)
        # The nearest hop may have a ProxyJump of its own; a hop that was said explicitly after
        # another has not: that one is its way.
        settings = await self.resolver.hop(jump[0])
        return await self.way(settings.jump, depth + 1)

    async def _open(self, jump: tuple[Hop, ...], before: Way) -> Connected:
        settings = await self.resolver.hop(jump[-1])
        return await self.connect(settings, before.connection)

    def _left(self, jump: tuple[Hop, ...], shared: _Shared) -> None:
        shared.users -= 1
        if shared.users > 0:
            return
        if self._shared.get(jump) is shared:
            del self._shared[jump]
        ending = asyncio.ensure_future(_ended(shared))
        self._closing.add(ending)
        ending.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """End what is still open or opening."""
        for shared in self._shared.values():
            ending = asyncio.ensure_future(_ended(shared))
            self._closing.add(ending)
            ending.add_done_callback(self._closing.discard)
        self._shared.clear()
        while self._closing:
            await asyncio.wait(tuple(self._closing))


def _is_over(shared: _Shared) -> bool:
    """Whether the connection failed or was lost: the next one needs a new one."""
    if not shared.opening.done():
        return False
    if shared.opening.cancelled() or shared.opening.exception() is not None:
        return True
    return shared.opening.result()[1].ended.done()


async def _ended(shared: _Shared) -> None:
    shared.opening.cancel()
    await asyncio.wait({shared.opening})
    if not shared.opening.cancelled() and shared.opening.exception() is None:
        connection = shared.opening.result()[0]
        connection.abort()
        await connection.wait_closed()
    shared.before.leave()

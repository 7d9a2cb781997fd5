"""The pulse of a line: asks when it was silent, and tells within five seconds that it is stale.

asyncssh's own keepalives end a dead connection (twelve seconds at the defaults); this only says
earlier that what is on screen may be old.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncssh

    from tui.ssh.line import Line

ASK_AFTER_S = 2.0
STALE_AFTER_S = 4.5
LOOK_EVERY_S = 0.25


async def ask(connection: asyncssh.SSHClientConnection) -> None:
    """One round trip to the server's connection layer, no process on the host.

    asyncssh has no public call for it; this is the request that its own keepalive makes. Any
    answer will do, also "not supported".
    """
    await connection._make_global_request(b"keepalive@openssh.com")


async def watch(line: Line, stale: Callable[[bool], None]) -> None:
    """Call `stale(True)` when nothing was heard for 4.5 s with a question out, `stale(False)`
    when something is heard again. Endless; ends by cancellation or with the line."""
    loop = asyncio.get_running_loop()
    while not line.gone:
        silent = loop.time() - line.heard_at
        if silent < ASK_AFTER_S:
            await asyncio.sleep(ASK_AFTER_S - silent)
            continue
        question = asyncio.ensure_future(ask(line.connection))
        try:
            await _answered(line, question, stale)
        finally:
            question.cancel()
            await asyncio.wait({question})


async def _answered(
    line: Line, question: asyncio.Future[None], stale: Callable[[bool], None]
) -> None:
    """Wait until anything is heard, or the line is gone."""
    loop = asyncio.get_running_loop()
    asked_at, told = line.heard_at, False
    while not line.gone:
        await asyncio.wait({question}, timeout=LOOK_EVERY_S)
        if question.done():
            line.heard()
        if line.heard_at > asked_at:
            break
        if not told and loop.time() - line.heard_at >= STALE_AFTER_S:
            told = True
            stale(True)
    if told and not line.gone:
        stale(False)

"""All copies of one operation, here and on its hosts, and which of them counts. Reads only."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace

from tui.errors import BeamdeckError, RecordUnwritable
from tui.model.operation import Chosen, Unresolved, choose, read_content, whole_lines
from tui.operations.context import PlanContext
from tui.operations.host_copies import fetch_copy
from tui.operations.oplog import OpLog

LOCAL = "this machine"


@dataclass(frozen=True, slots=True)
class Authority:
    """What counts of an operation: `chosen`, and `left` as it tells it, None if that has an end.

    `vouching` are the places whose copy fits and holds the whole plan, `unread` the hosts whose
    copy could not be read, and why. With a `chosen.problem` nothing counts.
    """

    chosen: Chosen
    left: Unresolved | None
    vouching: frozenset[str] = frozenset()
    unread: tuple[tuple[str, str], ...] = ()


async def authority(context: PlanContext, op: str, hosts: Iterable[str], oplog: OpLog) -> Authority:
    """Read every copy of an operation; RecordUnwritable if the local one cannot be read."""
    copies: dict[str, bytes] = {}
    unread: dict[str, str] = {}
    path = oplog.path_of(op)
    try:
        here = oplog.content_of(op)
    except OSError as error:
        raise RecordUnwritable(f"{path}: {error.strerror or error}") from error

    async def fetch(host: str) -> None:
        session = context.sessions.get(host)
        try:
            content = await fetch_copy(session, context.app, op) if session else b""
        except BeamdeckError as error:
            unread[host] = error.detail
            return
        if content:
            copies[host] = content

    await asyncio.gather(*map(fetch, dict.fromkeys(hosts)))
    chosen = choose({LOCAL: here, **copies} if here else copies)
    if chosen.problem and copies and here and read_content(op, path, here) is None:
        # This console ended its own log when it stood down: it says nothing against the hosts.
        chosen = choose(copies)
    if chosen.problem:
        return Authority(chosen, None, unread=tuple(unread.items()))
    copies[LOCAL] = here
    fits = (*chosen.at, *chosen.behind)
    vouching = frozenset(place for place in fits if len(whole_lines(copies[place])) >= 2)
    left = read_content(op, path, chosen.content)
    if left is not None:
        left = replace(left, found_on=tuple(sorted(place for place in fits if place != LOCAL)))
    return Authority(chosen, left, vouching, tuple(sorted(unread.items())))

"""Which restart command the SSH user may run on each host, asked of the hosts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from tui.commands.sudo import RestartRight, parse_restart_right, read_restart_right
from tui.errors import BeamdeckError
from tui.model.fleet import App
from tui.operations.ports import Session


async def read_restart_rights(
    sessions: Mapping[str, Session], app: App, hosts: Sequence[str]
) -> dict[str, RestartRight]:
    """What the SSH user may run on each host; what cannot be asked is a refusal that says why."""

    async def ask(name: str) -> RestartRight:
        try:
            outcome = await sessions[name].run(read_restart_right(app))
            if not outcome.known:
                return RestartRight(refused=f"sudo could not be asked: {outcome.ended}")
            return parse_restart_right(app, outcome.stdout)
        except BeamdeckError as error:
            return RestartRight(refused=f"sudo could not be asked: {error.detail}")
        except ValueError as error:
            return RestartRight(refused=f"sudo could not be asked: {error}")

    return dict(zip(hosts, await asyncio.gather(*map(ask, hosts)), strict=True))

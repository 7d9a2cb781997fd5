"""Which restart command the SSH user may run on each host, asked of the hosts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from tui.commands.rights import parse_owner_right, read_owner_right
from tui.commands.sudo import RestartForm, RestartRight, parse_restart_right, read_restart_right
from tui.errors import BeamdeckError
from tui.model.fleet import App, Manager
from tui.operations.ports import Session


async def read_restart_rights(
    sessions: Mapping[str, Session], app: App, hosts: Sequence[str]
) -> dict[str, RestartRight]:
    """What the SSH user may run on each host; what cannot be asked is a refusal that says why."""

    async def ask(name: str) -> RestartRight:
        try:
            if app.manager is Manager.RELEASE:
                return await _as_owner(sessions[name], app)
            outcome = await sessions[name].run(read_restart_right(app))
            if not outcome.known:
                return RestartRight(refused=f"sudo could not be asked: {outcome.ended}")
            return parse_restart_right(app, outcome.stdout)
        except BeamdeckError as error:
            return RestartRight(refused=f"sudo could not be asked: {error.detail}")
        except ValueError as error:
            return RestartRight(refused=f"sudo could not be asked: {error}")

    return dict(zip(hosts, await asyncio.gather(*map(ask, hosts)), strict=True))


async def _as_owner(session: Session, app: App) -> RestartRight:
    """A release that systemd does not run is started and stopped by its owner."""
    outcome = await session.run(read_owner_right(app))
    if not outcome.known:
        return RestartRight(refused=f"sudo could not be asked: {outcome.ended}")
    owner = parse_owner_right(outcome.stdout)
    if owner.acts and owner.owner != "root":
        return RestartRight((f"bin/{app.name}",), RestartForm.CONFIGURED, owner.user)
    who = owner.owner or "the owner of its folder"
    refused = f"{owner.user or 'this user'} may not act as {who} by sudo"
    return RestartRight(user=owner.user, refused=refused, sudoers_line=owner.line)

"""What a plan needs of sudo on each host, and exactly which lines are lacking there."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tui.commands.rights import OwnerRight, parse_owner_right, read_owner_right
from tui.commands.sudo import RestartRight
from tui.errors import BeamdeckError
from tui.model.fleet import Manager
from tui.model.plan import Plan, Verdict, VerdictKind
from tui.operations.context import PlanContext
from tui.operations.restart_right import read_restart_rights

RESTARTS = frozenset({"restart", "deploy", "rollback"})
"""The kinds of plan that restart the unit; each but a restart acts as the owner as well."""


@dataclass(frozen=True, slots=True)
class HostRights:
    """What the SSH user may do on a host for one kind of plan.

    `missing` are the lines that visudo there would have to add; `refused` says what is lacking
    in words, with or without such a line. Both are empty where nothing is lacking.
    """

    host: str
    owner: OwnerRight
    restart: RestartRight | None
    missing: tuple[str, ...]
    refused: str

    @property
    def sentence(self) -> str:
        """What is lacking and how to add it, for people; empty if nothing is."""
        if not self.refused:
            return ""
        if not self.missing:
            return f"{self.host}: {self.refused}"
        lines = "".join(f"\n  {line}" for line in self.missing)
        return f"{self.host}: {self.refused}. What visudo there would have to add:{lines}"


async def rights_for(
    context: PlanContext, kind: str, hosts: Sequence[str]
) -> dict[str, HostRights]:
    """What a plan of `kind` needs on each host and whether it is allowed; asked all at once."""
    names = [name for name in dict.fromkeys(hosts) if name in context.sessions]
    by_systemd = kind in RESTARTS and context.app.manager is Manager.SYSTEMD
    owners, restarts = await asyncio.gather(
        read_owner_rights(context, names),
        read_restart_rights(context.sessions, context.app, names if by_systemd else []),
    )
    return {name: _judge(kind, name, owners[name], restarts.get(name)) for name in names}


async def read_owner_rights(context: PlanContext, hosts: Sequence[str]) -> dict[str, OwnerRight]:
    """What the SSH user may do as the app's owner on each host; what cannot be asked says why."""

    async def ask(name: str) -> OwnerRight:
        try:
            outcome = await context.sessions[name].run(read_owner_right(context.app))
            if not outcome.known:
                return OwnerRight(problem=f"sudo could not be asked: {outcome.ended}")
            return parse_owner_right(outcome.stdout)
        except BeamdeckError as error:
            return OwnerRight(problem=f"sudo could not be asked: {error.detail}")
        except ValueError as error:
            return OwnerRight(problem=f"sudo could not be asked: {error}")

    return dict(zip(hosts, await asyncio.gather(*map(ask, hosts)), strict=True))


def refusals(rights: Mapping[str, HostRights]) -> list[str]:
    """What is lacking anywhere, a sentence a host with its lines; empty if nothing is."""
    return [right.sentence for right in rights.values() if right.refused]


async def with_survival(context: PlanContext, plan: Plan) -> Plan:
    """The plan with a warning for each host where a step at work would end with its link."""
    rights = await read_owner_rights(context, [h for h in plan.hosts if h in context.sessions])
    told = tuple(
        Verdict(
            VerdictKind.WARN,
            "link",
            f"{host}: a step at work there ends if its link is lost: systemd ends what a user "
            f"leaves behind (KillUserProcesses), and {right.user} may start no unit by sudo",
        )
        for host, right in rights.items()
        if right.kills and not right.detaches
    )
    return replace(plan, verdicts=(*plan.verdicts, *told))


def _judge(kind: str, host: str, owner: OwnerRight, restart: RestartRight | None) -> HostRights:
    refused: list[str] = []
    missing: list[str] = []
    if kind != "restart" and not owner.acts:
        refused.append(owner_refusal(owner))
        missing.append(owner.line)
    if restart is not None and not restart.argv:
        refused.append(restart.refused)
        missing.append(restart.sudoers_line)
    return HostRights(
        host, owner, restart, tuple(line for line in missing if line), "; ".join(refused)
    )


def owner_refusal(owner: OwnerRight) -> str:
    """Why the SSH user cannot act as the owner, in words."""
    if owner.problem:
        return owner.problem
    if not owner.owner:
        return "the release's folder is not there, or may not be looked at"
    if owner.owner == "root":
        return "the release's folder belongs to root, and nothing is done as root there"
    return f"{owner.user} may not act as {owner.owner} by sudo"

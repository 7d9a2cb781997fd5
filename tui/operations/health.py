"""Ask an app for its health on its host's own address and port, through the host's session."""

from __future__ import annotations

import asyncio

from tui.commands.health import (
    HEAD_LIMIT,
    HealthAnswer,
    HealthState,
    dev_tcp,
    http_request,
    parse_dev_tcp,
    parse_http_head,
)
from tui.errors import NotConnected
from tui.model.command import Ended
from tui.model.fleet import Health, HealthKind
from tui.model.redact import from_host
from tui.operations.ports import Session, TcpChannel


class HealthCheck:
    """One host's check, asked as often as wanted; remembers that forwarding is refused."""

    def __init__(self, session: Session, health: Health) -> None:
        self._session = session
        self._health = health
        self._forwarding = True

    async def ask(self) -> HealthAnswer:
        """One answer within the check's own limit; NotConnected if the link was lost meanwhile.

        A check that could not be put is `cannot check`, whatever the reason: never healthy.
        """
        if self._health.kind is HealthKind.NONE:
            return HealthAnswer(HealthState.NOT_ASKED, "no health check is configured")
        if self._forwarding:
            try:
                return self._while_linked(await self._through_ssh())
            except PermissionError:
                # sshd forbids forwarding; it will not think otherwise the next second.
                self._forwarding = False
        outcome = await self._session.run(dev_tcp(self._health))
        if outcome.ended is Ended.LINK_LOST:
            raise NotConnected("the link was lost while health was asked for")
        return self._while_linked(parse_dev_tcp(self._health, outcome))

    def _while_linked(self, answer: HealthAnswer) -> HealthAnswer:
        # A lost link ends the channel as a dead server would: only the link knows the difference.
        if answer.state is not HealthState.HEALTHY and not self._session.link.usable:
            raise NotConnected("the link was lost while health was asked for")
        return answer

    async def _through_ssh(self) -> HealthAnswer:
        health = self._health
        try:
            async with (
                asyncio.timeout(health.timeout_s),
                self._session.connect_tcp(health.address, health.port) as channel,
            ):
                if health.kind is HealthKind.TCP:
                    return HealthAnswer(HealthState.HEALTHY, "accepts a connection")
                channel.write(http_request(health))
                return parse_http_head(await _first_line(channel), health.status)
        except TimeoutError:
            return HealthAnswer(HealthState.FAILING, f"no answer in {health.timeout_s:g} s")
        except PermissionError:
            raise
        except OSError as error:
            said = from_host(str(error) or "connection refused", limit=200)
            return HealthAnswer(HealthState.FAILING, said)


async def _first_line(channel: TcpChannel) -> bytes:
    """The beginning of what the server says, up to its first line break, bounded."""
    head = b""
    while b"\n" not in head and len(head) < HEAD_LIMIT:
        block = await channel.read(HEAD_LIMIT - len(head))
        if not block:
            break
        head += block
    return head

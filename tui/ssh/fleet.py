"""The links of one environment: a session a host, the trust in their keys, their identities.

Made at once and not connected; asyncssh is imported by the first connection, not by this module.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial

from tui.errors import BeamdeckError
from tui.model.fleet import Environment, Limits, Transport
from tui.model.host import Link, LinkState
from tui.ssh.dial import Dialer
from tui.ssh.gate import Gate
from tui.ssh.identities import Identities
from tui.ssh.local import LocalSession
from tui.ssh.resolve import Resolver, check_host
from tui.ssh.session import SshSession
from tui.ssh.trust import TrustRefused
from tui.ssh.watchers import Watchers


class NothingToUnlock(BeamdeckError):
    """The host does not wait for a passphrase."""

    title = "No key waits for a passphrase"


class Fleet:
    """Every host of an environment, connected in the background and kept so."""

    def __init__(
        self,
        environment: Environment,
        limits: Limits,
        gate: Gate,
        *,
        known_hosts: str | None = None,
        ssh_config: tuple[str, ...] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`known_hosts`: one file instead of those that ssh_config names; `ssh_config`: files to
        read instead of the user's and the machine's, `()` for none. NameRefused for a name
        outside the allowlists."""
        for host in environment.hosts:
            check_host(host)
        self._identities = Identities()
        self._dialer = Dialer(limits, Resolver(ssh_config, known_hosts), self._identities)
        self._watchers: Watchers[str, Link] = Watchers()
        self.sessions: dict[str, SshSession | LocalSession] = {}
        for host in environment.hosts:
            session: SshSession | LocalSession
            if host.transport is Transport.LOCAL:
                session = LocalSession(host, gate, clock, limits.channels)
            else:
                session = SshSession(host, self._dialer, gate, clock)
            self.sessions[host.name] = session
            session.watch(partial(self._watchers.tell, host.name))

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is security-relevant in ssh_config and not honoured, with the hosts it is said
        of; known of a host once it was asked for."""
        hosts: dict[str, list[str]] = {}
        for host, said in self._dialer.warnings.items():
            for warning in said:
                hosts.setdefault(warning, []).append(host)
        return tuple(f"ssh_config: {text} ({_named(names)})" for text, names in hosts.items())

    def start(self) -> None:
        """Begin to connect to every host in the background; never blocks."""
        for session in self.sessions.values():
            session.start()

    async def close(self) -> None:
        """End every link and everything under way; what runs on the hosts is left alone."""
        await asyncio.gather(*(session.close() for session in self.sessions.values()))
        await self._dialer.close()

    def watch(self, callback: Callable[[str, Link], None]) -> Callable[[], None]:
        """Call back with a host's name and link at each change of any; the result ends it."""
        return self._watchers.add(callback)

    def retry(self, host: str) -> None:
        """Try to connect to a host now, also after a final refusal."""
        self.sessions[host].retry()

    async def trust_key(self, host: str, fingerprint: str) -> None:
        """Write the host key that a host (or its jump host) offered to known_hosts and connect.

        Only for a host that is not known at all, and only if `fingerprint` is the offered one;
        else TrustRefused. There is no way to accept a changed key here.
        """
        session = self.sessions[host]
        refusal = session.refusal if isinstance(session, SshSession) else None
        if refusal is None or refusal.state is not LinkState.UNKNOWN_KEY:
            raise TrustRefused(
                f"{host} does not wait for its key to be accepted",
                remedy="A changed key is never accepted here: find out why it changed, then "
                "remove the old line from known_hosts by hand (ssh-keygen -R).",
            )
        if refusal.offered is None or refusal.settings is None:
            raise TrustRefused(f"{host} offered no key")
        if fingerprint.strip() != refusal.fingerprint:
            raise TrustRefused(
                "the fingerprint is not the one that the host offered",
                remedy="Compare it with the one that the host's owner gave you.",
            )
        if refusal.expected is not None and refusal.expected != refusal.fingerprint:
            raise TrustRefused(
                "the configuration expects another fingerprint of this host",
                remedy="If the configured one is wrong, correct it there first.",
            )
        await self._dialer.remember(refusal.settings, refusal.offered)
        self._retry_those(lambda link: link.fingerprint == fingerprint.strip())

    async def unlock_identity(self, host: str, passphrase: str) -> None:
        """Decrypt the identity that a host waits for, in memory only, and connect every host
        that waits for it. PassphraseRefused if it does not open."""
        identity = self.sessions[host].link.identity
        if identity is None:
            raise NothingToUnlock(f"{host} does not wait for a passphrase")
        await self._identities.unlock(identity, passphrase)
        self._retry_those(lambda link: link.identity == identity)

    def _retry_those(self, waits: Callable[[Link], bool]) -> None:
        for session in self.sessions.values():
            if session.link.state.final and waits(session.link):
                session.retry()


def _named(hosts: list[str]) -> str:
    shown = ", ".join(hosts[:3])
    return shown if len(hosts) <= 3 else f"{shown} and {len(hosts) - 3} more"

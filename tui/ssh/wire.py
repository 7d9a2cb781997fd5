"""asyncssh's callbacks as we want them. The one module that imports asyncssh when it is imported:
only functions import it, at the first connection (0.15 s that the first paint does not pay for).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import asyncssh

from tui.ssh.trust import Known, fingerprint_of


class Doorkeeper(asyncssh.SSHClient):
    """Watches one connection: which host key was offered, how far it came, when it ended.

    It accepts a key by itself in one case only: the host is not known at all and the key's
    fingerprint is the one that the configuration says.
    """

    def __init__(self, known: Known, pinned: str | None, ended: asyncio.Future[None]) -> None:
        self.known = known
        self.pinned = pinned
        self.offered: asyncssh.SSHKey | None = None
        self.offered_authority: asyncssh.SSHKey | None = None
        self.accepted_by_pin = False
        self.authenticating = False
        self.authenticated = False
        self.ended = ended
        self.ended_by: Exception | None = None
        self.at_auth: Callable[[], None] | None = None
        self.at_end: Callable[[], None] | None = None

    def validate_host_public_key(
        self, host: str, addr: str, port: int, key: asyncssh.SSHKey
    ) -> bool:
        """Called for a key that is not in known_hosts: remember it; False but for the pin."""
        self.offered = key
        if self.known.named or self.known.authorities or self.pinned is None:
            return False
        self.accepted_by_pin = fingerprint_of(key) == self.pinned
        return self.accepted_by_pin

    def validate_host_ca_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        """Called for a certificate of an authority that is not known: remember it; False."""
        self.offered_authority = key
        return False

    def begin_auth(self, username: str) -> None:
        """The host key is good, authentication begins."""
        self.authenticating = True
        if self.at_auth is not None:
            self.at_auth()

    def auth_completed(self) -> None:
        """The host let us in."""
        self.authenticated = True

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone, for whatever reason; `at_end` is called before any task that
        waited for its channels goes on."""
        self.ended_by = exc
        if not self.ended.done():
            self.ended.set_result(None)
            if self.at_end is not None:
                self.at_end()


class LockedKey(asyncssh.SSHKeyPair):
    """The public half of an encrypted identity: a server that asks for its signature tells us
    that the passphrase is needed."""

    _key_type = "locked"

    def __init__(
        self, path: str, key: asyncssh.SSHKey, certificate: asyncssh.SSHCertificate | None
    ) -> None:
        super().__init__(
            key.algorithm,
            key.algorithm,
            key.sig_algorithms,
            key.sig_algorithms,
            key.public_data,
            None,
            certificate,
        )
        self.path = path
        self.asked = False

    @classmethod
    def of(
        cls, path: str, key: asyncssh.SSHKey, certificates: Sequence[asyncssh.SSHCertificate]
    ) -> list[LockedKey]:
        """The key with each certificate made for it, then bare."""
        fitting = [c for c in certificates if c.key.public_data == key.public_data]
        return [cls(path, key, certificate) for certificate in (*fitting, None)]

    def sign(self, data: bytes) -> bytes:
        """Remember that it was asked for; ValueError makes asyncssh go on to the next key."""
        self.asked = True
        raise ValueError(f"{self.path} is locked")


class WatchedAgent(asyncssh.SSHAgentClient):
    """The agent, telling when it signs: a security key waits for a touch then."""

    def __init__(self, path: str, signing: Callable[[bytes, bool], None]) -> None:
        super().__init__(path)
        self._signing = signing

    async def held(self, limit_s: float) -> list[asyncssh.SSHKeyPair]:
        """The keys that the agent holds; none if it does not answer in time."""
        try:
            async with asyncio.timeout(limit_s):
                return list(await self.get_keys())
        except (OSError, ValueError):  # TimeoutError is an OSError
            return []

    def with_certificates(
        self, pairs: Sequence[asyncssh.SSHKeyPair], certificates: Sequence[asyncssh.SSHCertificate]
    ) -> list[asyncssh.SSHKeyPair]:
        """The agent's keys, each with the certificates made for it first."""
        offered: list[asyncssh.SSHKeyPair] = []
        for pair in pairs:
            for certificate in certificates:
                if certificate.key.public_data == pair.key_public_data:
                    certified = asyncssh.SSHAgentKeyPair(
                        self, pair.key_algorithm, pair.key_public_data, b""
                    )
                    certified.set_certificate(certificate)
                    offered.append(certified)
        return [*offered, *pairs]

    async def sign(self, key_blob: bytes, data: bytes, flags: int = 0) -> bytes:
        """A signature by the agent, with `signing` called before and after."""
        size = int.from_bytes(key_blob[:4], "big")
        algorithm = key_blob[4 : 4 + size]
        self._signing(algorithm, True)
        try:
            return await super().sign(key_blob, data, flags)
        finally:
            self._signing(algorithm, False)


def local_keypairs(
    key: asyncssh.SSHKey, certificates: Sequence[asyncssh.SSHCertificate]
) -> list[asyncssh.SSHKeyPair]:
    """A private key with each certificate made for it, then bare."""
    return list(asyncssh.load_keypairs([key], certlist=list(certificates)))

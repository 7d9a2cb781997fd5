"""One SSH handshake with every option said, and what its failure means.

asyncssh reads no configuration here: each option that it would take from a file is given, so
that nothing (RequestTTY, ForwardAgent, UserKnownHostsFile none…) is applied behind our back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tui.model.fleet import Limits
from tui.model.host import LinkState
from tui.ssh.algorithms import encryption_order, has_aes, host_key_order
from tui.ssh.failure import LinkFailure, reason_of
from tui.ssh.identities import Offer
from tui.ssh.settings import Settings
from tui.ssh.trust import Known, fingerprint_of

if TYPE_CHECKING:
    import asyncssh

    from tui.ssh.socket_open import OpenSocket
    from tui.ssh.wire import Doorkeeper

Tell = Callable[[LinkState, str], None]
"""Says how far a connection is: a state and a detail."""

TOUCH_AFTER_S = 1.0
SIGNING_LIMIT_S = 110.0  # sshd's LoginGraceTime is 120: a touch or a confirmation may take as long


class Signing:
    """The time a handshake may take: a limit, put off while the agent waits for a person."""

    def __init__(self, limit_s: float, tell: Tell) -> None:
        self.limit_s = limit_s
        self._tell = tell
        self._timeout: asyncio.Timeout | None = None
        self._touch: asyncio.TimerHandle | None = None

    def timeout(self) -> asyncio.Timeout:
        """The limit from now on, as a context manager."""
        self._timeout = asyncio.timeout(self.limit_s)
        return self._timeout

    def restart(self) -> None:
        """The host was heard: the limit counts from now on."""
        if self._timeout is not None:
            self._timeout.reschedule(asyncio.get_running_loop().time() + self.limit_s)

    def __call__(self, algorithm: bytes, began: bool) -> None:
        """Around each signature by the agent: `began`, then not."""
        loop = asyncio.get_running_loop()
        if self._timeout is not None:
            more = SIGNING_LIMIT_S if began else self.limit_s
            self._timeout.reschedule(loop.time() + more)
        if self._touch is not None:
            self._touch.cancel()
            self._touch = None
            if not began:
                self._tell(LinkState.CONNECTING, "")
        if began:
            touched = algorithm.startswith(b"sk-")
            state = LinkState.TOUCH_KEY if touched else LinkState.CONNECTING
            self._touch = loop.call_later(
                TOUCH_AFTER_S, self._tell, state, "the agent waits for you"
            )

    def stop(self) -> None:
        """Say nothing any more."""
        if self._touch is not None:
            self._touch.cancel()
            self._touch = None


async def connect(
    settings: Settings,
    doorkeeper: Doorkeeper,
    offer: Offer,
    limits: Limits,
    signing: Signing,
    way: asyncssh.SSHClientConnection | OpenSocket | None,
) -> asyncssh.SSHClientConnection:
    """An authenticated connection: over a socket of ours or over a jump host.

    Raises asyncssh's errors, OSError and TimeoutError; `failure_of` says what they mean.
    """
    import asyncssh

    doorkeeper.at_auth = signing.restart  # a slow link has the limit for keys, and again for us
    async with signing.timeout():
        connection, _ = await asyncssh.create_connection(
            lambda: doorkeeper,
            settings.address,
            settings.port,
            **_options(settings, doorkeeper.known, offer, limits),
            tunnel=way,
        )
    return connection


def _options(settings: Settings, known: Known, offer: Offer, limits: Limits) -> dict[str, Any]:
    from asyncssh.encryption import get_default_encryption_algs
    from asyncssh.public_key import get_default_certificate_algs, get_default_public_key_algs

    def names(algorithms: list[bytes]) -> list[str]:
        return [name.decode("ascii") for name in algorithms]

    return {
        "config": None,
        "username": settings.user,
        "known_hosts": known.as_argument(),
        "host_key_alias": settings.key_alias,
        "server_host_key_algs": host_key_order(
            names(get_default_public_key_algs()), names(get_default_certificate_algs()), known
        ),
        "server_host_keys_handler": None,
        "x509_trusted_certs": None,
        "x509_trusted_cert_paths": [],
        "client_keys": offer.keypairs or None,
        "client_certs": [],
        "agent_path": None,
        "agent_identities": None,
        "agent_forwarding": False,
        "pkcs11_provider": None,
        "client_host_keysign": False,
        "client_host_keys": None,
        "public_key_auth": True,
        "host_based_auth": False,
        "kbdint_auth": False,
        "password_auth": False,
        "preferred_auth": ["publickey"],
        "gss_host": None,
        "gss_kex": False,
        "gss_auth": False,
        "proxy_command": None,
        "family": settings.family,
        "local_addr": None,
        "canonicalize_hostname": False,
        "tcp_keepalive": True,
        "compression_algs": ["none"],
        "encryption_algs": encryption_order(names(get_default_encryption_algs()), has_aes()),
        "connect_timeout": None,
        "login_timeout": 0,
        "keepalive_interval": limits.keepalive_s,
        "keepalive_count_max": limits.keepalive_misses,
        "utf8_decode_errors": "backslashreplace",
        "command": None,
        "env": None,
        "send_env": None,
        "request_pty": False,
        "x11_forwarding": False,
    }


def failure_of(
    error: Exception,
    doorkeeper: Doorkeeper,
    settings: Settings,
    offer: Offer,
    limit_s: float,
    complaint: str = "",
) -> LinkFailure:
    """What a handshake's error means for the link; `complaint` is what a ProxyCommand said."""
    import asyncssh

    if isinstance(error, LinkFailure):
        return error
    if isinstance(error, asyncssh.HostKeyNotVerifiable):
        return _host_key_failure(error, doorkeeper, settings)
    if isinstance(error, asyncssh.DisconnectError) and _is_refusal(error, doorkeeper):
        return _auth_failure(error, settings, offer)
    if isinstance(error, TimeoutError):
        stage = "authentication" if doorkeeper.authenticating else "handshake"
        return LinkFailure(
            LinkState.UNREACHABLE, f"{stage} with {settings.address} took over {limit_s:g} s"
        )
    if isinstance(error, asyncssh.ChannelOpenError):
        return LinkFailure(
            LinkState.UNREACHABLE,
            f"the jump host does not reach {settings.address}: {error.reason}",
        )
    if isinstance(error, asyncssh.DisconnectError):
        return LinkFailure(LinkState.UNREACHABLE, complaint or error.reason or type(error).__name__)
    if isinstance(error, OSError):
        return LinkFailure(LinkState.UNREACHABLE, complaint or reason_of(error))
    return LinkFailure(LinkState.UNREACHABLE, f"{type(error).__name__}: {error}")


def _is_refusal(error: asyncssh.DisconnectError, doorkeeper: Doorkeeper) -> bool:
    """Whether the host refused us: said while authenticating, and not a link that broke."""
    import asyncssh

    if isinstance(error, asyncssh.PermissionDenied):
        return True
    passing = (asyncssh.DISC_CONNECTION_LOST, asyncssh.DISC_TOO_MANY_CONNECTIONS)
    return doorkeeper.authenticating and not doorkeeper.authenticated and error.code not in passing


def _auth_failure(error: asyncssh.DisconnectError, settings: Settings, offer: Offer) -> LinkFailure:
    wanted = [key.path for key in offer.locked if key.asked] or offer.unreadable
    if wanted:
        return LinkFailure(
            LinkState.LOCKED_IDENTITY, f"{wanted[0]} needs its passphrase", identity=wanted[0]
        )
    tried = len(offer.keypairs)
    said = [f"user {settings.user}, {tried} {'key' if tried == 1 else 'keys'} tried"]
    said += offer.problems
    if not tried:
        said.append("no identity file and no agent has a key")
    return LinkFailure(LinkState.AUTH_FAILED, f"{'; '.join(said)} ({error.reason})")


def _host_key_failure(
    error: asyncssh.DisconnectError, doorkeeper: Doorkeeper, settings: Settings
) -> LinkFailure:
    known, offered = doorkeeper.known, doorkeeper.offered
    if doorkeeper.offered_authority is not None or offered is None:
        # A certificate: of another authority, expired, not for this name; or a revoked key.
        authority = doorkeeper.offered_authority
        return LinkFailure(
            LinkState.CHANGED_KEY,
            error.reason,
            fingerprint=None if authority is None else fingerprint_of(authority),
            expected=known.expected_fingerprint(authority),
            settings=settings,
        )
    if known.named:
        return LinkFailure(
            LinkState.CHANGED_KEY,
            f"known_hosts has another key for {settings.key_alias or settings.address}",
            fingerprint=fingerprint_of(offered),
            expected=known.expected_fingerprint(offered),
            settings=settings,
        )
    pinned, found = doorkeeper.pinned, fingerprint_of(offered)
    detail = "never seen before"
    if known.authorities:
        detail = "no certificate of the authority in known_hosts"
    elif pinned is not None:
        detail = "not the key that the configuration expects (or of another type)"
    return LinkFailure(
        LinkState.UNKNOWN_KEY,
        detail,
        fingerprint=found,
        expected=pinned,
        offered=offered,
        settings=settings,
    )

"""Keys of the operator: read once, decrypted in memory only, matched with the agent's.

Files are read and decrypted in threads (a passphrase's key derivation takes a while). What is
encrypted and not in the agent is offered as a locked key: only when a server asks for its
signature is the passphrase asked for.
"""

from __future__ import annotations

import base64
import contextlib
import importlib.util
import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tui.errors import BeamdeckError
from tui.ssh.threads import in_thread

if TYPE_CHECKING:
    import asyncssh

    from tui.ssh.settings import Settings
    from tui.ssh.wire import LockedKey, WatchedAgent

AGENT_LIMIT_S = 5.0
_OPENSSH = b"-----BEGIN OPENSSH PRIVATE KEY-----"
_MAGIC = b"openssh-key-v1\x00"


class PassphraseRefused(BeamdeckError):
    """The passphrase does not open the identity; nothing was kept."""

    title = "The key stays locked"
    remedy = "Type its passphrase again, or add the key to your agent with ssh-add."


@dataclass(frozen=True, slots=True)
class Identity:
    """One IdentityFile as found: its key if it could be read, else its public part if known."""

    path: str
    key: asyncssh.SSHKey | None = None
    public: asyncssh.SSHKey | None = None
    encrypted: bool = False
    certificates: tuple[asyncssh.SSHCertificate, ...] = ()
    problem: str = ""

    @property
    def public_data(self) -> bytes | None:
        """The public key as it goes over the wire, None where only the passphrase would tell."""
        known = self.key or self.public
        return None if known is None else known.public_data


@dataclass(slots=True)
class Offer:
    """The keys for one connection, in the order they are tried; `locked` are among them."""

    keypairs: list[asyncssh.SSHKeyPair] = field(default_factory=list)
    locked: list[LockedKey] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    agent: WatchedAgent | None = None

    def close(self) -> None:
        """End the connection to the agent."""
        if self.agent is not None:
            self.agent.close()


def _fields(blob: bytes, count: int) -> list[bytes]:
    """`count` length-prefixed strings from the start of `blob`; ValueError if it is too short."""
    found, at = [], 0
    for _ in range(count):
        size = int.from_bytes(blob[at : at + 4], "big")
        if at + 4 + size > len(blob):
            raise ValueError("a key file that ends too early")
        found.append(blob[at + 4 : at + 4 + size])
        at += 4 + size
    return found


def encrypted_public(content: bytes) -> tuple[bool, bytes | None]:
    """Whether a private key file is encrypted, and its public key's blob where it holds one."""
    if _OPENSSH not in content:
        return b"ENCRYPTED" in content, None
    body = content.partition(b"KEY-----")[2].partition(b"-----END")[0]
    raw = base64.b64decode(b"".join(body.split()))
    if not raw.startswith(_MAGIC):
        raise ValueError("not an OpenSSH key file")
    cipher, _kdf, options = _fields(raw[len(_MAGIC) :], 3)
    at = len(_MAGIC) + 12 + len(cipher) + len(_kdf) + len(options) + 4
    return cipher != b"none", _fields(raw[at:], 1)[0]


def _public_from_blob(blob: bytes) -> asyncssh.SSHKey:
    import asyncssh

    kind = _fields(blob, 1)[0]
    return asyncssh.import_public_key(kind + b" " + base64.b64encode(blob))


def _certificates(path: str, extra: Sequence[str]) -> tuple[asyncssh.SSHCertificate, ...]:
    import asyncssh

    found: list[asyncssh.SSHCertificate] = []
    for file in (path + "-cert.pub", *extra):
        with contextlib.suppress(OSError, asyncssh.KeyImportError):
            found.extend(asyncssh.read_certificate_list(file))
    return tuple(found)


def read_identity(path: str, certificates: Sequence[str]) -> Identity | None:
    """One IdentityFile with its certificates, None if there is none. Blocks."""
    import asyncssh

    public: asyncssh.SSHKey | None = None
    with contextlib.suppress(OSError, asyncssh.KeyImportError):
        public = asyncssh.read_public_key(path + ".pub")
    certs = _certificates(path, certificates)
    try:
        with open(path, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(1 << 20)
    except OSError:
        return None if public is None else Identity(path, public=public, certificates=certs)
    if b"PRIVATE KEY-----" not in content:
        # IdentityFile may name a public key: the agent holds the private one
        with contextlib.suppress(asyncssh.KeyImportError):
            public = asyncssh.import_public_key(content)
        return None if public is None else Identity(path, public=public, certificates=certs)
    if stat.S_IMODE(mode) & 0o077:
        return Identity(path, public=public, problem=f"{path} can be read by others; not used")
    try:
        encrypted, blob = encrypted_public(content)
        if public is None and blob is not None:
            public = _public_from_blob(blob)
        if encrypted:
            return Identity(path, public=public, encrypted=True, certificates=certs)
        return Identity(path, key=asyncssh.import_private_key(content), certificates=certs)
    except (ValueError, asyncssh.KeyImportError) as error:
        return Identity(path, public=public, problem=f"{path} cannot be used: {error}")


class Identities:
    """The identities of one console, shared by all its hosts."""

    def __init__(self) -> None:
        self._unlocked: dict[str, asyncssh.SSHKey] = {}
        self._read: dict[tuple[str, tuple[str, ...]], tuple[object, Identity | None]] = {}

    async def unlock(self, path: str, passphrase: str) -> None:
        """Decrypt an identity into memory; PassphraseRefused if it does not open."""
        self._unlocked[path] = await in_thread(_decrypted, path, passphrase)

    def is_unlocked(self, path: str) -> bool:
        """Whether the identity was decrypted in this console."""
        return path in self._unlocked

    async def offer(self, settings: Settings, signing: Callable[[bytes, bool], None]) -> Offer:
        """The keys to try for a host, as OpenSSH orders them: its identities (by the agent where
        it has them), then the agent's others unless IdentitiesOnly.

        `signing(algorithm, began)` is called around each signature by the agent.
        """
        from tui.ssh.wire import LockedKey, WatchedAgent, local_keypairs

        found = await in_thread(self._identities, settings)
        offer = Offer(problems=[identity.problem for identity in found if identity.problem])
        held: list[asyncssh.SSHKeyPair] = []
        if settings.agent is not None:
            offer.agent = WatchedAgent(settings.agent, signing)
            held = await offer.agent.held(AGENT_LIMIT_S)
        for identity in found:
            certs = {c.public_data for c in identity.certificates}
            mine = [
                pair
                for pair in held
                if pair.public_data == identity.public_data or pair.public_data in certs
            ]
            key = self._unlocked.get(identity.path, identity.key)
            if mine:
                held = [pair for pair in held if pair not in mine]
                offer.keypairs += (
                    offer.agent.with_certificates(mine, identity.certificates)
                    if offer.agent
                    else []
                )
            elif key is not None:
                if key.algorithm.startswith(b"sk-"):
                    offer.problems.append(f"{identity.path} is a security key: use ssh-add")
                offer.keypairs += local_keypairs(key, identity.certificates)
            elif identity.encrypted and identity.public is not None:
                locked = LockedKey.of(identity.path, identity.public, identity.certificates)
                offer.keypairs += locked
                offer.locked += locked
            elif identity.encrypted:
                offer.unreadable.append(identity.path)
        if not settings.identities_only:
            offer.keypairs += held
        return offer

    def _identities(self, settings: Settings) -> list[Identity]:
        found = []
        for path in settings.identities:
            key = (path, settings.certificates)
            stamps = tuple(_stamp(p) for p in (path, path + ".pub", path + "-cert.pub"))
            if key not in self._read or self._read[key][0] != stamps:
                self._read[key] = (stamps, read_identity(path, settings.certificates))
            identity = self._read[key][1]
            if identity is not None:
                found.append(identity)
        return found


def _stamp(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _decrypted(path: str, passphrase: str) -> asyncssh.SSHKey:
    import asyncssh

    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise PassphraseRefused(f"{path} cannot be read: {error.strerror}") from None
    if _OPENSSH in content and importlib.util.find_spec("bcrypt") is None:
        raise PassphraseRefused(
            f"{path} cannot be opened here: the Python package bcrypt is not installed",
            remedy="Install bcrypt beside beamdeck, or add the key to your agent with ssh-add.",
        )
    try:
        return asyncssh.import_private_key(content, passphrase)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError):
        raise PassphraseRefused(f"the passphrase does not open {path}") from None

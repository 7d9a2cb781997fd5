"""Host keys: what known_hosts says of a host, what a server offered, and the one way to add a key.

Checking is strict and always on. asyncssh parses the files and compares the keys; this module
decides what a mismatch means and never takes a key by itself.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import functools
import hashlib
import hmac
import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tui.errors import BeamdeckError

if TYPE_CHECKING:
    import asyncssh

DEFAULT_PORT = 22


class TrustRefused(BeamdeckError):
    """A host key was not written to known_hosts; nothing was changed."""

    title = "The host key was not accepted"


@dataclass(frozen=True, slots=True)
class Known:
    """What the known_hosts files say of one host. Keys are asyncssh's public keys.

    `named` are keys under the host's very name and port: one of them must be offered, any other
    is a changed key. `trusted` holds them and, for a port other than 22, those of the bare name
    (as OpenSSH accepts them). `revoked` counts in every spelling of the name.
    """

    trusted: tuple[asyncssh.SSHKey, ...] = ()
    named: tuple[asyncssh.SSHKey, ...] = ()
    authorities: tuple[asyncssh.SSHKey, ...] = ()
    revoked: tuple[asyncssh.SSHKey, ...] = ()

    def as_argument(
        self,
    ) -> tuple[list[asyncssh.SSHKey], list[asyncssh.SSHKey], list[asyncssh.SSHKey]]:
        """asyncssh's `known_hosts=` argument: never None, never falsy (that would read a file)."""
        return list(self.trusted), list(self.authorities), list(self.revoked)

    def expected_fingerprint(self, offered: asyncssh.SSHKey | None) -> str | None:
        """The fingerprint that was expected instead of `offered`: of the same type if known."""
        candidates = self.named or self.authorities
        if not candidates:
            return None
        same = [k for k in candidates if offered is not None and k.algorithm == offered.algorithm]
        return fingerprint_of((same or list(candidates))[0])


def fingerprint_of(key: asyncssh.SSHKey) -> str:
    """`SHA256:…` of a public key, as ssh-keygen -l prints it."""
    return key.get_fingerprint("sha256")


def host_label(name: str, port: int | None) -> str:
    """A host as known_hosts names it: `name`, or `[name]:port` for a port other than 22."""
    if port is None or port == DEFAULT_PORT:
        return name.lower()
    return f"[{name.lower()}]:{port}"


@functools.lru_cache(maxsize=64)
def _parsed(file: str, stamp: tuple[int, int, int]) -> asyncssh.SSHKnownHosts:
    """One known_hosts file, read once per change. asyncssh gives up on a whole file for one bad
    line, OpenSSH passes over the line; so each line is loaded for itself."""
    import asyncssh

    hosts = asyncssh.import_known_hosts("")
    for line in Path(file).read_text(encoding="utf-8", errors="replace").splitlines():
        with contextlib.suppress(ValueError):
            hosts.load(line)
    return hosts


def _hosts_in(files: Sequence[str]) -> Iterator[asyncssh.SSHKnownHosts]:
    for file in files:
        try:
            found = os.stat(file)
        except FileNotFoundError:
            continue
        yield _parsed(file, (found.st_mtime_ns, found.st_size, found.st_ino))


def read_known(files: Sequence[str], name: str, port: int | None) -> Known:
    """What `files` say of a host (missing files say nothing). Blocks: call it in a thread.

    `name` is the name looked up: HostKeyAlias (then `port` is None) or the address connected to.
    An unreadable file raises OSError: a key that may be revoked in it must not be taken.
    """
    lookup = name.lower()
    bare: list[list[asyncssh.SSHKey]] = [[], [], []]
    exact: list[list[asyncssh.SSHKey]] = [[], [], []]
    for hosts in _hosts_in(files):
        _gather(bare, hosts.match(lookup, "", None))
        if port is not None and port != DEFAULT_PORT:
            # asked by the full label: asyncssh's own fallback would mix in the bare name's keys
            _gather(exact, hosts.match(f"[{lookup}]:{port}", "", None))
    if port is None or port == DEFAULT_PORT:
        return Known(tuple(bare[0]), tuple(bare[0]), tuple(bare[1]), tuple(bare[2]))
    return Known(
        trusted=tuple(exact[0] or bare[0]),
        named=tuple(exact[0]),
        authorities=tuple(exact[1] or bare[1]),
        revoked=(*exact[2], *bare[2]),
    )


def _gather(into: list[list[asyncssh.SSHKey]], found: Sequence[Sequence[object]]) -> None:
    for kind in range(3):
        into[kind].extend(found[kind])  # type: ignore[arg-type]  # the first three hold keys


def known_line(name: str, port: int | None, key: asyncssh.SSHKey, *, hashed: bool) -> str:
    """The known_hosts line for a host, `[name]:port` where it is not 22, its name hashed or not."""
    label = host_label(name, port)
    if hashed:
        salt = secrets.token_bytes(20)
        digest = hmac.new(salt, label.encode("ascii"), hashlib.sha1).digest()
        label = f"|1|{base64.b64encode(salt).decode()}|{base64.b64encode(digest).decode()}"
    kind, blob = key.export_public_key("openssh").split(b" ", 2)[:2]
    return f"{label} {kind.decode('ascii')} {blob.decode('ascii').strip()}\n"


def append_known(file: str, name: str, port: int | None, key: asyncssh.SSHKey, hashed: bool) -> str:
    """Append a host's key to a known_hosts file; returns the line. Blocks: call it in a thread.

    The file is created 0600 in a folder 0700; nothing in it is changed or removed. TrustRefused
    if it is a symbolic link or no plain file of ours, or cannot be written. Where every entry
    of the file has a hashed name the new one has, too.
    """
    path = Path(file)
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, flags, 0o600)
    except OSError as error:
        raise TrustRefused(
            f"{file} cannot be written: {error.strerror}",
            remedy="It must be a plain file, not a symbolic link. Add the key by ssh-keyscan "
            "and your own check, or name another file with known_hosts.",
        ) from None
    try:
        return _append(descriptor, file, name, port, key, hashed)
    except OSError as error:
        raise TrustRefused(f"{file} cannot be written: {error.strerror}") from None
    finally:
        os.close(descriptor)


def _append(
    descriptor: int, file: str, name: str, port: int | None, key: asyncssh.SSHKey, hashed: bool
) -> str:
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
        raise TrustRefused(f"{file} is not a plain file of yours")
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with open(os.dup(descriptor), "rb") as reader:
        reader.seek(0)
        content = reader.read()
    line = known_line(name, port, key, hashed=hashed or _all_hashed(content))
    gap = b"" if not content or content.endswith(b"\n") else b"\n"
    payload = gap + line.encode("ascii")
    written = os.write(descriptor, payload)
    if written != len(payload):
        raise TrustRefused(f"{file} could not be written in full")
    os.fsync(descriptor)
    return line


def _all_hashed(content: bytes) -> bool:
    names = [
        line for line in content.splitlines() if line.strip() and line.strip()[:1] not in b"#@"
    ]
    return bool(names) and all(line.startswith(b"|1|") for line in names)

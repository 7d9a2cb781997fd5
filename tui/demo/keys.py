"""The fleet's keys: made once a process, in memory; files are written into the fleet's folder."""

from __future__ import annotations

import functools

import asyncssh


@functools.cache
def client_key() -> asyncssh.SSHKey:
    """The operator's key, the same for every fleet of this process."""
    return asyncssh.generate_private_key("ssh-ed25519", comment="beamdeck demo")


@functools.cache
def host_key(name: str, generation: int = 0) -> asyncssh.SSHKey:
    """The host key of `name`; a higher generation is the key after a change."""
    comment = f"{name} {generation}" if generation else name
    return asyncssh.generate_private_key("ssh-ed25519", comment=comment)


def fingerprint(key: asyncssh.SSHKey) -> str:
    """`SHA256:…` as OpenSSH prints it."""
    return str(key.get_fingerprint("sha256"))


def known_hosts_line(address: str, port: int, key: asyncssh.SSHKey) -> str:
    """One line of a known_hosts file, with its newline."""
    public = key.export_public_key("openssh").decode().split()
    return f"[{address}]:{port} {public[0]} {public[1]}\n"

"""Asks OpenSSH (`ssh -G`) what ssh_config says of a host; where it is not installed, asyncssh.

Every name is checked against its allowlist before it reaches a command line. Whatever the user's
ssh_config runs (`Match exec`) runs in a process or thread of its own with a limit, never on the
event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tui.model.fleet import Host
from tui.model.host import LinkState
from tui.ssh.failure import LinkFailure
from tui.ssh.foreign import check_foreign
from tui.ssh.not_honoured import narrowed
from tui.ssh.settings import (
    Hop,
    Settings,
    check_names,
    overridden,
    parse_directives,
    parse_jump,
    settings_of,
)
from tui.ssh.threads import in_thread

LIMIT_S = 10.0  # `Match exec` may take its time, but not for ever
AT_ONCE = 8

_ASYNCSSH_NAMES = {
    # the directives that asyncssh's parser knows and we honour or warn of, by ssh -G's names
    "Hostname": "hostname",
    "User": "user",
    "Port": "port",
    "IdentityFile": "identityfile",
    "CertificateFile": "certificatefile",
    "IdentityAgent": "identityagent",
    "IdentitiesOnly": "identitiesonly",
    "ProxyJump": "proxyjump",
    "ProxyCommand": "proxycommand",
    "HostKeyAlias": "hostkeyalias",
    "UserKnownHostsFile": "userknownhostsfile",
    "GlobalKnownHostsFile": "globalknownhostsfile",
    "ConnectTimeout": "connecttimeout",
    "AddressFamily": "addressfamily",
    "BindAddress": "bindaddress",
    "HostbasedAuthentication": "hostbasedauthentication",
    "PKCS11Provider": "pkcs11provider",
    "RemoteCommand": "remotecommand",
}
_DEFAULT_IDENTITIES = tuple(f"~/.ssh/id_{kind}" for kind in ("ed25519", "ecdsa", "rsa"))


class Resolver:
    """ssh_config's answers for the hosts of a fleet and the jump hosts on their way."""

    def __init__(self, ssh_config: tuple[str, ...] | None, known_hosts: str | None) -> None:
        """`ssh_config`: the files to read instead of the user's and the machine's; `()` reads
        none. `known_hosts`: one file instead of those that ssh_config names."""
        self._files = ssh_config
        self._known_hosts = known_hosts
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._defaults: dict[str, list[str]] | None = None
        self.ssh = shutil.which("ssh")

    async def host(self, host: Host) -> Settings:
        """Settings of a configured host: ssh_config, with the host's own entry on top."""
        check_host(host)
        settings = await self._ask(host.name, host.user, host.port, host.address)
        return overridden(
            settings,
            known_hosts=host.known_hosts or self._known_hosts,
            identity=host.identity,
            jump=host.jump,
            home=str(Path.home()),
        )

    async def hop(self, hop: Hop) -> Settings:
        """Settings of a jump host; what the jump says of user and port comes first."""
        check_names(name=hop.name, user=hop.user, port=hop.port)
        settings = await self._ask(hop.name, hop.user, hop.port, None)
        return overridden(
            settings,
            known_hosts=self._known_hosts,
            identity=None,
            jump=None,
            home=str(Path.home()),
        )

    async def _ask(
        self, name: str, user: str | None, port: int | None, address: str | None
    ) -> Settings:
        async with self._turn:
            if self._files:
                await in_thread(check_foreign, self._files, str(Path.home()))
            narrow: tuple[str, ...] = ()
            if self.ssh is not None:
                found = await self._ask_openssh(self.ssh, name, user, port, address)
                narrow = narrowed(found, await self._openssh_defaults(self.ssh))
            else:
                found = await in_thread(_ask_asyncssh, self._files, name, user, port, address)
        settings = settings_of(
            name,
            found,
            home=str(Path.home()),
            local_user=getpass.getuser(),
            environ=os.environ,
        )
        return replace(settings, warnings=(*settings.warnings, *narrow))

    async def _openssh_defaults(self, ssh: str) -> dict[str, list[str]]:
        """What OpenSSH says without any configuration; asked once."""
        if self._defaults is None:
            argv = [ssh, "-G", "-F", "none", "--", "localhost"]
            self._defaults = parse_directives(await _output_of(argv, "localhost"))
        return self._defaults

    async def _ask_openssh(
        self, ssh: str, name: str, user: str | None, port: int | None, address: str | None
    ) -> dict[str, list[str]]:
        argv = [ssh, "-G"]
        if user is not None:
            argv += ["-l", user]
        if port is not None:
            argv += ["-p", str(port)]
        if address is not None:
            argv += ["-o", f"HostName={address.replace('%', '%%')}"]
        with _config_option(self._files) as option:
            return parse_directives(await _output_of([*argv, *option, "--", name], name))


def check_host(host: Host) -> None:
    """NameRefused if a name of the host's entry is outside its allowlist."""
    check_names(name=host.name, user=host.user, port=host.port)
    if host.address is not None:
        check_names(name=host.address)
    if host.jump is not None:
        parse_jump(host.jump)


@contextmanager
def _config_option(files: tuple[str, ...] | None) -> Iterator[list[str]]:
    """`-F` for the files; several become one that includes them, since ssh takes one."""
    if files is None:
        yield []
    elif not files:
        yield ["-F", "none"]
    elif len(files) == 1:
        yield ["-F", os.path.abspath(os.path.expanduser(files[0]))]
    else:
        with tempfile.NamedTemporaryFile("w", prefix="beamdeck-", suffix=".conf") as joined:
            for file in files:
                path = os.path.abspath(os.path.expanduser(file))
                joined.write(f'Include "{path}"\n')
            joined.flush()
            yield ["-F", joined.name]


async def _output_of(argv: Sequence[str], name: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *argv,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(LIMIT_S):
            out, err = await process.communicate()
    except TimeoutError:
        raise LinkFailure(
            LinkState.UNREACHABLE, f"ssh -G {name} took longer than {LIMIT_S:g} s"
        ) from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode != 0:
        last = err.decode("utf-8", "backslashreplace").strip().splitlines()[-1:]
        raise LinkFailure(LinkState.UNREACHABLE, f"ssh_config: {' '.join(last)}")
    return out.decode("utf-8", "surrogateescape")


def _ask_asyncssh(
    files: tuple[str, ...] | None,
    name: str,
    user: str | None,
    port: int | None,
    address: str | None,
) -> dict[str, list[str]]:
    """The same directives by asyncssh's parser; it knows fewer of them, so fewer warnings."""
    from asyncssh.config import ConfigParseError, SSHClientConfig

    paths = files if files is not None else ("~/.ssh/config", "/etc/ssh/ssh_config")
    readable = [Path(p).expanduser() for p in paths]
    readable = [path for path in readable if os.access(path, os.R_OK)]
    said_user = user if user is not None else ()
    said_port = port if port is not None else ()
    try:
        config = SSHClientConfig.load(
            None, readable, False, False, False, getpass.getuser(), said_user, name, said_port
        )
        if config.has_match_final():
            config = SSHClientConfig.load(
                None, readable, True, False, True, getpass.getuser(), said_user, name, said_port
            )
    except (ConfigParseError, OSError) as error:
        raise LinkFailure(LinkState.UNREACHABLE, f"ssh_config: {error}") from None
    found: dict[str, list[str]] = {}
    for option, directive in _ASYNCSSH_NAMES.items():
        value = config.get(option)
        if value is not None:
            found[directive] = _as_texts(value)
    found.setdefault("identityfile", list(_DEFAULT_IDENTITIES))
    if address is not None:
        found["hostname"] = [address]
    return found


def _as_texts(value: object) -> list[str]:
    if isinstance(value, bool):
        return ["yes" if value else "no"]
    if isinstance(value, list):
        return [str(item) for item in value] or ["none"]
    return [str(value)]

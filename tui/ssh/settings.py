"""What ssh_config says of a host, as a value: from `ssh -G`'s output to what we honour.

Pure text work; `resolve.py` asks ssh, `not_honoured.py` says what is left out.
"""

from __future__ import annotations

import os
import re
import shlex
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tui.errors import NameRefused
from tui.model.names import address_fits, host_name_fits, user_fits
from tui.ssh.not_honoured import DEFAULT_KNOWN_HOSTS, Directives, warnings_of


@dataclass(frozen=True, slots=True)
class Hop:
    """A host as a jump names it: `[user@]name[:port]`; empty parts are left to ssh_config."""

    name: str
    user: str | None = None
    port: int | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """How to reach one host. Paths are absolute; the first known_hosts file is the user's own.

    `agent` is the agent's socket, None for no agent. `jump` is the way, nearest to us first;
    `proxy_command` is shell text with its tokens filled in.
    """

    name: str
    address: str
    port: int
    user: str
    identities: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()
    identities_only: bool = False
    agent: str | None = None
    key_alias: str | None = None
    known_hosts: tuple[str, ...] = ()
    hash_names: bool = False
    jump: tuple[Hop, ...] = ()
    proxy_command: str | None = None
    connect_timeout_s: float | None = None
    family: int = socket.AF_UNSPEC
    bind_address: str | None = None
    warnings: tuple[str, ...] = ()

    @property
    def known_name(self) -> tuple[str, int | None]:
        """Name and port under which known_hosts has the host; an alias goes without a port."""
        if self.key_alias:
            return self.key_alias, None
        return self.address, self.port


def parse_directives(text: str) -> dict[str, list[str]]:
    """`ssh -G`'s output: one `directive value` a line, directives repeated where they add up."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        name, _, value = line.strip().partition(" ")
        if name:
            found.setdefault(name.lower(), []).append(value.strip())
    return found


def parse_jump(text: str) -> tuple[Hop, ...]:
    """ProxyJump's `[user@]host[:port],…` or `ssh://` forms; NameRefused outside the allowlists."""
    if text.strip().lower() == "none":
        return ()
    return tuple(_parse_hop(part.strip()) for part in text.split(",") if part.strip())


def _parse_hop(text: str) -> Hop:
    user, at, rest = text.removeprefix("ssh://").rstrip("/").rpartition("@")
    if rest.startswith("["):
        name, _, port = rest[1:].partition("]")
        port = port.removeprefix(":")
    elif rest.count(":") == 1:
        name, _, port = rest.partition(":")
    else:  # a bare name, or an IPv6 address without a port
        name, port = rest, ""
    if port and not (port.isascii() and port.isdigit() and len(port) <= 5):
        raise NameRefused(f"the jump host {text!r} is not of the form [user@]host[:port]")
    hop = Hop(name, user if at else None, int(port) if port else None)
    check_names(name=hop.name, user=hop.user, port=hop.port)
    return hop


def check_names(
    *, name: str | None = None, user: str | None = None, port: int | None = None
) -> None:
    """NameRefused if a host name or address, a user or a port is outside what may be connected."""
    if name is not None and not (host_name_fits(name) or address_fits(name)):
        raise NameRefused(f"the host name {name!r} is outside the allowed letters")
    if user is not None and not user_fits(user):
        raise NameRefused(f"the user {user!r} is outside the allowed letters")
    if port is not None and not 1 <= port <= 65535:
        raise NameRefused(f"the port {port} is outside 1 to 65535")


def settings_of(
    name: str, found: Directives, *, home: str, local_user: str, environ: Mapping[str, str]
) -> Settings:
    """Settings from `ssh -G`'s directives; NameRefused for a name that may not be connected."""

    def one(directive: str, default: str = "") -> str:
        values = found.get(directive) or [default]
        return "" if values[0].lower() == "none" else values[0]

    address = one("hostname") or name
    user = one("user") or local_user
    port = int(one("port") or "22")
    check_names(name=address, user=user, port=port)
    alias = one("hostkeyalias") or None
    if alias is not None:
        check_names(name=alias)
    fill = _Tokens(name, address, user, port, alias, home, local_user, environ)
    command = one("proxycommand")
    return Settings(
        name=name,
        address=address,
        port=port,
        user=user,
        identities=fill.paths(found.get("identityfile", ())),
        certificates=fill.paths(found.get("certificatefile", ())),
        identities_only=one("identitiesonly").lower() == "yes",
        agent=_agent(found, fill, environ),
        key_alias=alias,
        known_hosts=_known_hosts(found, fill),
        hash_names=one("hashknownhosts").lower() == "yes",
        jump=parse_jump(one("proxyjump")),
        proxy_command=fill.command(command) if command else None,
        connect_timeout_s=_seconds(one("connecttimeout")),
        family={"inet": socket.AF_INET, "inet6": socket.AF_INET6}.get(
            one("addressfamily").lower(), socket.AF_UNSPEC
        ),
        bind_address=one("bindaddress") or None,
        warnings=(*fill.problems, *warnings_of(found)),
    )


def _seconds(text: str) -> float | None:
    return float(text) if text.isdigit() and int(text) > 0 else None


def _agent(found: Directives, fill: _Tokens, environ: Mapping[str, str]) -> str | None:
    said = (found.get("identityagent") or ["SSH_AUTH_SOCK"])[0]
    if said.lower() == "none":
        return None
    if said == "SSH_AUTH_SOCK":
        return environ.get("SSH_AUTH_SOCK") or None
    if said.startswith("$") and not said.startswith("${"):
        return environ.get(said[1:]) or None
    return next(iter(fill.paths([said])), None)


def _known_hosts(found: Directives, fill: _Tokens) -> tuple[str, ...]:
    """The user's files, then the machine's. `none` and /dev/null never turn the check off."""
    user = [w for value in found.get("userknownhostsfile", ()) for w in value.split()]
    user = [w for w in user if w.lower() != "none" and w != os.devnull] or [DEFAULT_KNOWN_HOSTS]
    world = [w for value in found.get("globalknownhostsfile", ()) for w in value.split()]
    return fill.paths([*user, *(w for w in world if w.lower() != "none" and w != os.devnull)])


class _Tokens:
    """Fills in ssh_config's `%` tokens, `~` and `${VAR}`; what it cannot fill it reports."""

    def __init__(
        self,
        name: str,
        address: str,
        user: str,
        port: int,
        alias: str | None,
        home: str,
        local_user: str,
        environ: Mapping[str, str],
    ) -> None:
        local = socket.gethostname()
        self._home = home
        self._environ = environ
        self.problems: list[str] = []
        self._values = {
            "%": "%",
            "d": home,
            "h": address,
            "i": str(os.getuid()),
            "k": alias or name,
            "L": local.partition(".")[0],
            "l": local,
            "n": name,
            "p": str(port),
            "r": user,
            "u": local_user,
        }

    def paths(self, said: Sequence[str]) -> tuple[str, ...]:
        """Absolute paths; one with a token or variable that is not known is left out."""
        filled = []
        for text in said:
            if text.lower() == "none":
                continue
            path = self._filled(text.strip('"'), quote=False)
            if path is not None:
                filled.append(_absolute(path, self._home))
        return tuple(dict.fromkeys(filled))

    def command(self, text: str) -> str | None:
        """Shell text with the names quoted; None if a token is not known."""
        return self._filled(text, quote=True)

    def _filled(self, text: str, *, quote: bool) -> str | None:
        unknown: list[str] = []

        def token(match: re.Match[str]) -> str:
            value = self._values.get(match[1])
            if value is None:
                unknown.append(match[0])
                return ""
            return shlex.quote(value) if quote and match[1] != "%" else value

        def variable(match: re.Match[str]) -> str:
            value = self._environ.get(match[1])
            if value is None:
                unknown.append(match[0])
            return value or ""

        filled = re.sub(r"%(.)", token, text)
        if not quote:  # the shell fills in a command's variables itself
            filled = re.sub(r"\$\{([^}]*)\}", variable, filled)
        if unknown:
            self.problems.append(f"{unknown[0]} in {text!r} is not known here; left out")
            return None
        return filled


def overridden(
    settings: Settings,
    *,
    known_hosts: str | None,
    identity: str | None,
    jump: str | None,
    home: str,
) -> Settings:
    """The settings with what beamdeck's own configuration says of the host on top.

    A known_hosts file named there is the only one that is read and written.
    """
    if known_hosts is not None:
        settings = replace(settings, known_hosts=(_absolute(known_hosts, home),))
    if identity is not None:
        settings = replace(settings, identities=(_absolute(identity, home),), identities_only=True)
    if jump is not None:
        settings = replace(settings, jump=parse_jump(jump), proxy_command=None)
    return settings


def _absolute(path: str, home: str) -> str:
    if path == "~" or path.startswith("~/"):
        return home + path[1:]
    return os.path.abspath(os.path.expanduser(path))

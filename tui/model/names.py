"""Allowlists of names that reach a command line; what is outside is refused before connecting."""

from __future__ import annotations

import re
from collections.abc import Callable

_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}\Z")
_ADDRESS = re.compile(r"[A-Za-z0-9:][A-Za-z0-9:._%-]{0,252}\Z")
_USER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}\$?\Z")
_UNIT = re.compile(r"[A-Za-z0-9][A-Za-z0-9:_.@-]{0,200}\.service\Z")
_RELEASE = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,127}\Z")
_MIGRATION = re.compile(r"[0-9]{1,20}\Z")
_APP = re.compile(r"[a-z][a-z0-9_]{0,63}\Z")
_ENVIRONMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
_NODE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}(?:@[A-Za-z0-9][A-Za-z0-9.:_-]{0,252})?\Z")

Check = Callable[[str], bool]


def _checker(pattern: re.Pattern[str]) -> Check:
    def fits(name: str) -> bool:
        return pattern.match(name) is not None

    return fits


host_name_fits = _checker(_HOST)
address_fits = _checker(_ADDRESS)
user_fits = _checker(_USER)
unit_fits = _checker(_UNIT)
release_version_fits = _checker(_RELEASE)
migration_version_fits = _checker(_MIGRATION)
app_name_fits = _checker(_APP)
environment_name_fits = _checker(_ENVIRONMENT)  # groups of hosts are named likewise
node_fits = _checker(_NODE)


def path_fits(path: str) -> bool:
    """An absolute path of at most 1024 characters, all of them visible, without `..`."""
    return (
        path.startswith("/")
        and len(path) <= 1024
        and path.isprintable()
        and ".." not in path.split("/")
    )

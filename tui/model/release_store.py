"""Where built releases lie and what their files' names say. Pure; versions match exactly."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from tui.model.names import host_name_fits, path_fits, release_version_fits, user_fits


@dataclass(frozen=True, slots=True)
class StoredArchive:
    """An archive of a release: `path` on `where` (a host's name; empty is this machine).

    `mtime` is Unix seconds.
    """

    version: str
    path: str
    size_bytes: int
    mtime: float
    where: str = ""


class StoreKind(StrEnum):
    """Whether a store lies on this machine or behind SSH."""

    LOCAL = "local"
    SSH = "ssh"


@dataclass(frozen=True, slots=True)
class StorePlace:
    """A store as configured: a folder of this machine, or one of a host, with its user or ""."""

    kind: StoreKind
    path: str
    host: str = ""
    user: str = ""


_REMOTE = re.compile(r"(?:([^@/:]+)@)?([^@/:]+):(.+)")
_OTHER = re.compile(r"[a-z0-9]+://")


def parse_store(store: str) -> StorePlace:
    """A configured store; ValueError says why it cannot be read."""
    if _OTHER.match(store):
        raise ValueError(f"{store.partition(':')[0]}:// stores cannot be read")
    remote = _REMOTE.fullmatch(store)
    if remote is None:
        return StorePlace(StoreKind.LOCAL, store)
    user, host, path = remote[1] or "", remote[2], remote[3]
    if not host_name_fits(host) or (user and not user_fits(user)):
        raise ValueError("it names no host that commands are made of")
    rest = path.removeprefix("~/") if path.startswith("~/") else path
    if not path_fits(f"/{rest.lstrip('/')}"):
        raise ValueError("its path is not one that commands are made of")
    return StorePlace(StoreKind.SSH, path, host, user)


def archive_version(name: str, app: str) -> str:
    """The release version in an archive's file name; empty if it is no release of the app.

    edeliver writes APP_VSN.release.tar.gz, `mix release` APP-VSN.tar.gz; VSN.tar.gz is taken too.
    """
    stem = name.removesuffix(".tar.gz")
    if stem == name or stem.endswith(".upgrade"):
        return ""
    stem = stem.removesuffix(".release")
    own = next((stem[len(app) + 1 :] for mark in "_-" if stem.startswith(app + mark)), "")
    version = own or (stem if stem[:1].isdigit() else "")
    return version if release_version_fits(version) else ""

"""Whether a release fits a host: every refusal with its own sentence. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

from tui.model.words import size

if TYPE_CHECKING:
    from tui.model.archive import Archive

NEEDED = 2.2
"""Times the archive's and the unpacked size: the archive twice for a moment, and the release."""
_NUMBER = re.compile(r"(\d{1,3})\.(\d{1,3})")


class Space(Protocol):
    """Free room, None where it is not known."""

    @property
    def free_bytes(self) -> int | None: ...

    @property
    def free_inodes(self) -> int | None: ...


class Fit(Protocol):
    """What a host said; see commands/preflight.py."""

    @property
    def room(self) -> Space: ...
    @property
    def unwritable(self) -> tuple[str, ...]: ...
    @property
    def machine(self) -> str: ...
    @property
    def libc(self) -> str: ...
    @property
    def there(self) -> bool: ...
    @property
    def cookie_sha256(self) -> str: ...
    @property
    def setcookie_sha256(self) -> str: ...
    @property
    def lacks(self) -> tuple[str, ...]: ...
    @property
    def trees(self) -> tuple[tuple[str, str], ...]: ...


def needed_bytes(archive: Archive) -> int:
    """Bytes that must be free below the release's folder before anything is written (R33)."""
    return int(archive.size_bytes + NEEDED / 2 * (archive.size_bytes + archive.unpacked_bytes))


def refusals(archive: Archive, fit: Fit) -> tuple[str, ...]:
    """Why the release cannot be deployed on the host; () if it can."""
    found = [f"{path} cannot be written (rights, or a read-only file system)"
             for path in fit.unwritable]  # fmt: skip
    found += [f"there is no {tool} on it" for tool in fit.lacks]
    found += _no_room(archive, fit.room)
    found += _no_fit(archive, fit)
    if fit.there:
        found.append(
            f"releases/{archive.version} is there already: its files would change under a node "
            "that may run them. If it is the release that is meant, leave this host out (D and "
            "--host name the others); else build it with a version of its own"
        )
    brought = dict(archive.folders)
    for folder, digest in fit.trees:
        if brought.get(folder) != digest:
            found.append(
                f"{folder} is there and differs from the archive's: a node that runs loads its "
                "code from it. Give the application a version of its own"
            )
    return tuple(found)


def _no_room(archive: Archive, room: Space) -> list[str]:
    found: list[str] = []
    need = needed_bytes(archive)
    if room.free_bytes is not None and room.free_bytes < need:
        found.append(f"only {size(room.free_bytes)} are free, {size(need)} are needed")
    inodes = 2 * archive.files
    if room.free_inodes is not None and room.free_inodes < inodes:
        found.append(f"only {room.free_inodes:,} inodes are free, {inodes:,} are needed")
    return found


def no_upload_room(archive: Archive, room: Space, unwritable: tuple[str, ...]) -> tuple[str, ...]:
    """Why the archive cannot be uploaded into the SSH user's folder; () if it can."""
    found = [f"{path} cannot be written: nothing can be uploaded" for path in unwritable]
    if room.free_bytes is not None and room.free_bytes < archive.size_bytes * 1.05:
        found.append(
            f"only {size(room.free_bytes)} are free for uploads, the archive is "
            f"{size(archive.size_bytes)}"
        )
    return tuple(found)


def _no_fit(archive: Archive, fit: Fit) -> list[str]:
    found: list[str] = []
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(fit.machine, fit.machine)
    if archive.machine and machine and archive.machine != machine:
        found.append(f"its VM is built for {archive.machine}, the host is {machine}")
    elif archive.glibc:
        has = glibc_of(fit.libc)
        if has is None and "musl" in fit.libc.lower():
            found.append("its VM is built for glibc, the host has musl")
        elif has is not None and has < archive.glibc:
            found.append(
                f"its VM needs glibc {_dotted(archive.glibc)}, the host has {_dotted(has)}"
            )
    elif "musl" in archive.interpreter and glibc_of(fit.libc) is not None:
        found.append("its VM is built for musl, the host has glibc")
    return found


def warnings(archive: Archive, fit: Fit) -> tuple[str, ...]:
    """What should be known before it is deployed, each in a sentence."""
    found: list[str] = []
    if archive.cookie_sha256 and fit.cookie_sha256 not in ("", archive.cookie_sha256):
        found.append(
            "the archive brings another cookie than the host has: the host's is kept, so that "
            "the node that runs still answers"
        )
    if archive.setcookie_sha256 and fit.setcookie_sha256 != archive.setcookie_sha256:
        found.append(
            "vm.args sets another cookie: control calls fail from the switch until the restart"
        )
    if not archive.erts:
        found.append("it brings no ERTS: the host's own Erlang must fit")
    elif not archive.machine:
        found.append("what its VM needs of the host could not be read: not judged")
    return tuple(found)


def glibc_of(text: str) -> tuple[int, int] | None:
    """The version in `glibc 2.36` or in the first line of `ldd --version`; None if it is other."""
    if not any(name in text.lower() for name in ("glibc", "gnu libc")):
        return None
    found = _NUMBER.findall(text)
    return (int(found[-1][0]), int(found[-1][1])) if found else None


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))

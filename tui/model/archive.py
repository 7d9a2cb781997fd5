"""What a release archive holds, judged before anything leaves this machine. Pure.

Members are judged by name, kind and mode; whatever could write outside of the release's folder,
or would make it something else than one release, is refused with its own sentence.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tui.model.fleet import Flavour
from tui.model.names import release_version_fits
from tui.model.release_tree import RelFile, parse_rel
from tui.model.text import scrub_line

MOST_MEMBERS = 200_000
MOST_BYTES = 20 * 1024**3
MOST_RATIO = 200
"""Unpacked bytes for one of the archive: gzip of a release is far below, of a bomb far above."""
_PATH_BYTES = 4096
_LIB = re.compile(r"lib/([a-z][A-Za-z0-9_]{0,100}-[A-Za-z0-9][A-Za-z0-9.+_-]{0,127})(?:/|\Z)")
_ERTS = re.compile(r"(erts-[0-9][0-9A-Za-z.+_-]{0,63})(?:/|\Z)")
_RELEASE = re.compile(r"releases/([^/]+)/")
_TOP = ("bin", "lib", "releases")


class ArchiveRefused(Exception):
    """An archive that is not deployed; `reason` is shown."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class MemberKind(StrEnum):
    """What a member of a tar archive is."""

    FILE = "file"
    FOLDER = "folder"
    SYMLINK = "symbolic link"
    HARDLINK = "hard link"
    OTHER = "device or pipe"


@dataclass(frozen=True, slots=True)
class Member:
    """One member as the archive names it. `link` is what a link points to, as written."""

    name: str
    kind: MemberKind = MemberKind.FILE
    size_bytes: int = 0
    mode: int = 0o644
    link: str = ""


@dataclass(frozen=True, slots=True)
class Archive:
    """A release archive that passed every judgement.

    `top` is the folder that everything lies in (`billing/`), empty without one. `folders` are
    the `lib/APP-VSN` and `erts-V` it brings, each with the digest of its tree (see
    `tree_digest`); `migrations` are (app, path below the release, source). `glibc` is the newest
    version its VM asks for, () if none is; the digests are SHA-256, hex.
    """

    path: str
    size_bytes: int
    sha256: str
    app: str
    version: str
    flavour: Flavour
    top: str
    erts: str
    applications: tuple[tuple[str, str], ...]
    folders: tuple[tuple[str, str], ...]
    files: int
    unpacked_bytes: int
    machine: str = ""
    interpreter: str = ""
    glibc: tuple[int, ...] = ()
    cookie_sha256: str = ""
    setcookie_sha256: str = ""
    migrations: tuple[tuple[str, str, bytes], ...] = ()

    @property
    def migration_versions(self) -> tuple[int, ...]:
        """The versions of the migration files it brings, ascending."""
        found = {int(m[1]) for path in self.migrations if (m := _MIGRATION.search(path[1]))}
        return tuple(sorted(found))


_MIGRATION = re.compile(r"/(\d{1,20})_[^/]*\.exs\Z")


class MemberJudge:
    """Takes the members one after the other, in the archive's order, and refuses at the first
    that does not belong; never holds more than names."""

    def __init__(self) -> None:
        self.names: dict[str, MemberKind] = {}
        self._folded: dict[str, str] = {}
        self._links: set[str] = set()
        self._folders: set[str] = set()
        self._bytes = 0

    @property
    def unpacked_bytes(self) -> int:
        """What the files take when they are unpacked."""
        return self._bytes

    def take(self, member: Member) -> str:
        """The member's clean name; ArchiveRefused if it must not be unpacked."""
        shown = scrub_line(member.name, limit=200)
        name = clean_name(member.name)
        if name is None:
            raise ArchiveRefused(f"{shown}: leads out of the release's folder")
        if member.size_bytes < 0:
            raise ArchiveRefused(f"{shown}: is of no sensible size")
        if len(self.names) >= MOST_MEMBERS:
            raise ArchiveRefused(f"it holds more than {MOST_MEMBERS:,} files")
        if member.kind is MemberKind.OTHER:
            raise ArchiveRefused(f"{shown}: is a device or a pipe")
        if member.mode & 0o6000:
            raise ArchiveRefused(f"{shown}: would be run with another user's rights (setuid)")
        self._judge_links(name, member, shown)
        self._judge_doubles(name, member, shown)
        self._bytes += member.size_bytes
        if self._bytes > MOST_BYTES:
            raise ArchiveRefused(f"unpacked it would take more than {MOST_BYTES // 1024**3} GiB")
        return name

    def _judge_links(self, name: str, member: Member, shown: str) -> None:
        parts = name.split("/")
        above = ("/".join(parts[:end]) for end in range(1, len(parts)))
        if any(folder in self._links for folder in above):
            raise ArchiveRefused(f"{shown}: would be written through a link")
        if member.kind is MemberKind.HARDLINK:
            target = clean_name(member.link)
            if target is None or self.names.get(target) is not MemberKind.FILE:
                raise ArchiveRefused(f"{shown}: is a hard link to what is not in the archive")
        if member.kind is MemberKind.SYMLINK:
            if member.link.startswith("/"):
                raise ArchiveRefused(f"{shown}: is a link to {scrub_line(member.link, limit=100)}")
            if not _stays_inside(name, member.link):
                raise ArchiveRefused(f"{shown}: is a link out of the release's folder")
            self._links.add(name)

    def _judge_doubles(self, name: str, member: Member, shown: str) -> None:
        both_folders = MemberKind.FOLDER is member.kind is self.names.get(name)
        if name in self.names and not both_folders:
            raise ArchiveRefused(f"{shown}: is in the archive twice")
        folded = name.casefold()
        if self._folded.setdefault(folded, name) != name:
            raise ArchiveRefused(f"{shown}: differs from another name by case only")
        if name in self._folders and member.kind is not MemberKind.FOLDER:
            raise ArchiveRefused(f"{shown}: is a folder and a {member.kind} in one archive")
        folder = name
        while (folder := posixpath.dirname(folder)) and folder not in self._folders:
            if self.names.get(folder, MemberKind.FOLDER) is not MemberKind.FOLDER:
                raise ArchiveRefused(f"{shown}: lies in what is a {self.names[folder]}")
            self._folders.add(folder)
        self.names[name] = member.kind


def _stays_inside(name: str, link: str) -> bool:
    """Whether a symbolic link leads to what is in the archive: up first, then down only, since
    what goes up again behind another link's name may come out anywhere."""
    parts, above = link.split("/"), name.count("/")
    while parts and parts[0] in ("..", "."):
        above -= parts.pop(0) == ".."
    return above >= 0 and clean_name("/".join(parts) or ".") is not None


def clean_name(name: str) -> str | None:
    """The path below the archive's root without `./`; None if it leads out or cannot be a path."""
    if not name or name.startswith("/") or len(name) > _PATH_BYTES:
        return None
    if any(char in name for char in "\0\n\r\\") or not name.isprintable():
        return None
    parts = [part for part in name.split("/") if part not in ("", ".")]
    return None if ".." in parts else "/".join(parts)


def judge_ratio(unpacked_bytes: int, size_bytes: int) -> None:
    """ArchiveRefused for what grows beyond all reason."""
    if unpacked_bytes > 64 * 1024**2 and unpacked_bytes > MOST_RATIO * max(1, size_bytes):
        raise ArchiveRefused("it grows more than any release does when it is unpacked")


def top_folder(names: Iterable[str]) -> str:
    """The one folder that everything lies in, with its slash; empty if the release lies at the
    top. ArchiveRefused if neither is so."""
    firsts = {name.split("/")[0] for name in names if name}
    if "releases" in firsts:
        return ""
    if len(firsts) == 1:
        return f"{firsts.pop()}/"
    raise ArchiveRefused("there is no releases folder in it: it is no release")


def one_version(names: Iterable[str], start_erl: bytes | None) -> str:
    """The release version it brings: of `releases/V`; ArchiveRefused for none or several."""
    found = {m[1] for name in names if (m := _RELEASE.match(name))}
    if not found:
        raise ArchiveRefused("releases/VERSION is missing: there is no release in it")
    said = start_erl.split() if start_erl else []
    told = said[1].decode("ascii", "replace") if len(said) > 1 else ""
    if told and told not in found:
        raise ArchiveRefused(f"start_erl.data names {scrub_line(told)}, which is not in it")
    if not told and len(found) > 1:
        raise ArchiveRefused(f"it holds {len(found)} releases and does not say which to boot")
    version = told or found.pop()
    if not release_version_fits(version):
        raise ArchiveRefused(f"{scrub_line(version, limit=80)!r} is no name of a release version")
    return version


def flavour_of(names: Iterable[str], version: str, app: str) -> Flavour:
    """The tool that built it, by its files; ArchiveRefused if what a boot needs is missing."""
    held = set(names)
    release = f"releases/{version}"
    if f"bin/{app}" not in held:
        raise ArchiveRefused(f"bin/{app} is missing: it is a release of another app")
    if f"{release}/env.sh" in held or f"{release}/start.boot" in held:
        _need(held, (f"{release}/env.sh", f"{release}/start.boot", f"{release}/{app}.rel"))
        return Flavour.MIX
    if any(re.match(r"bin/[^/]+_(?:rc_exec|loader)\.sh\Z", name) for name in held):
        _need(held, (f"{release}/{app}.boot", f"{release}/{app}.rel", f"{release}/vm.args"))
        return Flavour.DISTILLERY
    raise ArchiveRefused(
        f"{release} lacks env.sh, and there is no launcher of Distillery: it cannot be booted"
    )


def _need(held: set[str], names: Sequence[str]) -> None:
    for name in names:
        if name not in held:
            raise ArchiveRefused(f"{name} is missing: it cannot be booted")


def read_rel(data: bytes) -> RelFile:
    """The archive's `.rel` file; ArchiveRefused if it is not one."""
    rel = parse_rel(data.decode("utf-8", "replace"))
    if rel is None:
        raise ArchiveRefused("its .rel file cannot be read")
    if not rel.apps:
        raise ArchiveRefused("its .rel file names no application")
    return rel


def missing_applications(rel: RelFile, names: Iterable[str]) -> tuple[str, ...]:
    """The applications that `.rel` names and that no folder in `lib` holds, as `app-1.0`."""
    held = {m[1] for name in names if (m := _LIB.match(name))}
    return tuple(f"{a}-{v}" for a, v in rel.apps if f"{a}-{v}" not in held)


def folder_of(name: str) -> str | None:
    """`lib/APP-VSN` or `erts-V`, if the file lies in one; else None."""
    if found := _LIB.match(name):
        return f"lib/{found[1]}"
    if found := _ERTS.match(name):
        return found[1]
    return None


def odd_top(names: Iterable[str]) -> str:
    """The first file that lies where no release has one; empty if all is as it should be."""
    for name in names:
        first = name.split("/")[0]
        if first not in (*_TOP, "erts", "tmp", "var", "etc") and not _ERTS.match(name):
            return name
        if first == "lib" and name.count("/") >= 2 and not _LIB.match(name):
            return name
    return ""


def setcookie_of(vm_args: bytes) -> bytes:
    """The value of `-setcookie` in a vm.args, b"" without one. A secret: only to be hashed."""
    found = re.search(rb"^\s*-setcookie\s+(\S+)", vm_args, re.MULTILINE)
    return found[1] if found else b""

"""Read a release archive on this machine, once and as a stream; nothing of it is unpacked."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import re
import tarfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Self, cast

from tui.model import archive as judge
from tui.model.archive import Archive, ArchiveRefused, Member, MemberJudge, MemberKind
from tui.model.elf import elf_needs

_PIECE = 1024 * 1024
_SMALL = 256 * 1024
"""Bytes of a text file (.rel, vm.args, a migration) that are kept; a longer one is refused."""
_VM = 64 * 1024 * 1024
_KEPT = 160 * 1024 * 1024
"""Bytes of all files that are kept to be looked at; far more than any release's."""
_LONG_NAME = 10 * 1024
"""Bytes of a header that only gives the next member a longer name; paths end at 4 KiB."""
_BESIDE = 16 * 1024
"""Bytes of headers and padding that a member may take beside what it holds."""
_MANY = 100
_BEAM = re.compile(r"(?:\A|/)erts-[^/]+/bin/beam\.smp\Z")
_LONGER = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)

Progress = Callable[[int, int], None]
"""(bytes read, bytes in all) of the archive file."""


async def inspect_archive(path: Path, app: str) -> Archive:
    """The archive judged, in a thread; ArchiveRefused with the sentence to show.

    `app` is the release's name: `bin/APP` must be in it.
    """
    return await asyncio.to_thread(read_archive, path, app)


def read_archive(path: Path, app: str) -> Archive:
    """`inspect_archive` as a plain call; blocks for about a second a hundred megabytes."""
    try:
        with path.open("rb") as file:
            return _read(path, file, app)
    except ArchiveRefused as refused:
        raise ArchiveRefused(f"{path.name}: {refused.reason}") from None
    except OSError as error:
        raise ArchiveRefused(f"{path}: {error.strerror or error}") from None


class _Counted:
    """A file that is hashed and counted as it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.sha = hashlib.sha256()
        self.size_bytes = 0

    def read(self, count: int = -1) -> bytes:
        data = self._file.read(count)
        self.sha.update(data)
        self.size_bytes += len(data)
        return data


class _Unpacked:
    """The stream of members, which may not be longer than they say: no header is a bomb."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._left = 2 * _PIECE
        self._ends = 0

    def announced(self, count: int) -> None:
        """A member was judged; `count` bytes of it follow."""
        self._left += count + _BESIDE

    def read(self, count: int) -> bytes:
        data = self._file.read(min(count, _PIECE))
        self._left -= len(data)
        if self._left < 0:
            raise ArchiveRefused("it holds more than its members say")
        self._ends += not data
        if self._ends > _MANY:
            # tarfile asks for ever where the map of a file with holes is cut short.
            raise ArchiveRefused("it is damaged or cut short")
        return data


class _Header(tarfile.TarInfo):
    """A header as tar's own reader takes it, but for what only an attack or damage writes.

    Python's reader takes a damaged header, or the file's end, for the archive's end: the host's
    tar would go on behind it.
    """

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        if len(buf) < tarfile.BLOCKSIZE:
            raise ArchiveRefused("it is damaged or cut short (its end is missing)")
        if not any(buf):
            return super().frombuf(buf, encoding, errors)
        try:
            info = super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            raise ArchiveRefused(f"it is damaged or cut short ({error})") from None
        if info.size < 0 or (info.type in _LONGER and info.size > _LONG_NAME):
            raise ArchiveRefused("a header in it is of no sensible size")
        return info


@dataclass
class _Found:
    """What is kept of the members while they go by, by their names as the archive has them."""

    kept: dict[str, bytes] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    kept_bytes: int = 0

    def link(self, name: str, target: str) -> None:
        """A hard link is the file that it names, once more."""
        self.digests[name] = self.digests[target]
        if target in self.kept:
            self.kept[name] = self.kept[target]


def _read(path: Path, file: IO[bytes], app: str) -> Archive:
    size_bytes = path.stat().st_size
    counted, judged, found = _Counted(file), MemberJudge(), _Found()
    if file.read(2) != b"\x1f\x8b":
        raise ArchiveRefused("it is not compressed with gzip")
    file.seek(0)
    try:
        # gzip's own reader goes on with a second part and checks the sums, as the host's does;
        # tarfile's does neither.
        with gzip.GzipFile(fileobj=cast("IO[bytes]", counted), mode="rb") as packed:
            _read_members(packed, size_bytes, judged, found)
    except _DAMAGED as error:
        raise ArchiveRefused(f"it is damaged or cut short ({error})") from None
    while counted.read(_PIECE):
        # What stands behind the archive's end is in the checksum too.
        pass
    return _judged(path, counted, judged, found, app)


_DAMAGED = (
    tarfile.TarError,
    gzip.BadGzipFile,
    EOFError,
    zlib.error,
    ValueError,
    OverflowError,
)


def _read_members(
    packed: gzip.GzipFile, size_bytes: int, judged: MemberJudge, found: _Found
) -> None:
    stream = _Unpacked(cast("IO[bytes]", packed))
    with tarfile.open(fileobj=stream, mode="r|", bufsize=_PIECE, tarinfo=_Header) as tar:  # type: ignore[call-overload]  # reading is all it asks of a stream
        while (info := tar.next()) is not None:
            if info.issparse():
                raise ArchiveRefused("it holds a file with holes, as no release does")
            member = _member(info)
            name = judged.take(member)
            judge.judge_ratio(judged.unpacked_bytes, size_bytes)
            stream.announced(member.size_bytes)
            if info.isreg():
                _take(tar.extractfile(info), name, info.size, found)
            elif info.islnk():
                found.link(name, judge.clean_name(info.linkname) or "")
    rest = 0
    while piece := packed.read(_PIECE):
        # To its end, for gzip's checksum: tar writes zeros only behind its end.
        rest += len(piece)
        if any(piece) or rest > _PIECE:
            raise ArchiveRefused("something follows behind the end of the archive")


def _member(info: tarfile.TarInfo) -> Member:
    kinds = (
        (info.isreg(), MemberKind.FILE),
        (info.isdir(), MemberKind.FOLDER),
        (info.issym(), MemberKind.SYMLINK),
        (info.islnk(), MemberKind.HARDLINK),
    )
    kind = next((kind for fits, kind in kinds if fits), MemberKind.OTHER)
    size = info.size if kind is MemberKind.FILE else 0
    return Member(info.name, kind, size, info.mode, info.linkname)


def _take(content: IO[bytes] | None, name: str, size: int, found: _Found) -> None:
    if content is None:
        return
    limit = _limit(name)
    sha, kept, left = hashlib.sha256(), bytearray(), size
    while left and (piece := content.read(min(_PIECE, left))):
        sha.update(piece)
        left -= len(piece)
        if len(kept) < limit:
            kept += piece[: limit + 1 - len(kept)]
    if left:
        raise ArchiveRefused("it is damaged or cut short")
    found.digests[name] = sha.hexdigest()
    if limit:
        found.kept_bytes += len(kept)
        if len(kept) > limit or found.kept_bytes > _KEPT:
            raise ArchiveRefused(f"{name} is larger than any of its kind")
        found.kept[name] = bytes(kept)


def _limit(name: str) -> int:
    """How many bytes of a file are kept to be looked at; 0 for most."""
    last = name.rpartition("/")[2]
    if _BEAM.search(name):
        return _VM
    texts = ("start_erl.data", "COOKIE", "vm.args")
    if last in texts or (last.endswith(".rel") and "releases/" in name):
        return _SMALL
    return _SMALL if "/migrations/" in name and last.endswith(".exs") else 0


def _judged(path: Path, counted: _Counted, judged: MemberJudge, found: _Found, app: str) -> Archive:
    top = judge.top_folder(judged.names)
    names = {name.removeprefix(top): kind for name, kind in judged.names.items() if name}
    kept = {name.removeprefix(top): data for name, data in found.kept.items()}
    digests = {name.removeprefix(top): digest for name, digest in found.digests.items()}
    version = judge.one_version(names, kept.get("releases/start_erl.data"))
    flavour = judge.flavour_of(digests, version, app)
    rel = judge.read_rel(kept[f"releases/{version}/{app}.rel"])
    if rel.version != version:
        raise ArchiveRefused(f"its .rel file says {rel.version}, its folder {version}")
    missing = judge.missing_applications(rel, names)
    if missing:
        raise ArchiveRefused(f"its .rel file names what lib does not hold: {', '.join(missing)}")
    odd = judge.odd_top(names)
    if odd:
        raise ArchiveRefused(f"{odd}: lies where no release has a file")
    vm_args = kept.get(f"releases/{version}/vm.args", b"")
    machine, interpreter, glibc = elf_needs(kept.get(f"erts-{rel.erts}/bin/beam.smp", b""))
    setcookie = judge.setcookie_of(vm_args)
    return Archive(
        path=str(path),
        size_bytes=counted.size_bytes,
        sha256=counted.sha.hexdigest(),
        app=app,
        version=version,
        flavour=flavour,
        top=top,
        erts=rel.erts if any(name.startswith(f"erts-{rel.erts}/") for name in names) else "",
        applications=rel.apps,
        folders=_folder_digests(digests),
        files=len(digests),
        unpacked_bytes=judged.unpacked_bytes,
        machine=machine,
        interpreter=interpreter,
        glibc=glibc,
        cookie_sha256=_sha256(kept.get("releases/COOKIE", b"")),
        setcookie_sha256=_sha256(setcookie),
        migrations=tuple(
            (name.split("/")[1].rpartition("-")[0], name, data)
            for name, data in sorted(kept.items())
            if "/migrations/" in name and name.startswith("lib/")
        ),
    )


def _folder_digests(digests: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """Each lib folder and ERTS with the digest of its tree, as the host computes it too.

    SHA-256 over the lines of `sha256sum` of its files in the order of their bytes.
    """
    trees: dict[str, list[tuple[bytes, str]]] = {}
    for name, digest in digests.items():
        folder = judge.folder_of(name)
        if folder is not None:
            trees.setdefault(folder, []).append((name.encode(), digest))
    return tuple(
        (folder, _sha256(b"".join(f"{sha}  ".encode() + at + b"\n" for at, sha in sorted(files))))
        for folder, files in sorted(trees.items())
    )


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest() if data else ""

"""Read a release archive on this machine, once and as a stream; nothing of it is unpacked."""

from __future__ import annotations

import asyncio
import hashlib
import tarfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tui.model import archive as judge
from tui.model.archive import Archive, ArchiveRefused, Member, MemberJudge, MemberKind

_PIECE = 1024 * 1024
_SMALL = 256 * 1024
"""Bytes of a text file (.rel, vm.args, a migration) that are kept; a longer one is refused."""
_VM = 64 * 1024 * 1024

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


@dataclass
class _Found:
    """What is kept of the members while they go by, by their names as the archive has them."""

    kept: dict[str, bytes] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)


def _read(path: Path, file: IO[bytes], app: str) -> Archive:
    size_bytes = path.stat().st_size
    counted, judged, found = _Counted(file), MemberJudge(), _Found()
    if file.read(2) != b"\x1f\x8b":
        raise ArchiveRefused("it is not compressed with gzip")
    file.seek(0)
    try:
        with tarfile.open(fileobj=counted, mode="r|gz", bufsize=_PIECE) as tar:  # type: ignore[call-overload]  # reading is all it asks of a stream
            for info in tar:
                name = judged.take(_member(info))
                judge.judge_ratio(judged.unpacked_bytes, size_bytes)
                if info.isreg():
                    _take(tar.extractfile(info), name, info.size, found)
    except (tarfile.TarError, EOFError, zlib.error, ValueError, OverflowError) as error:
        raise ArchiveRefused(f"it is damaged or cut short ({error})") from None
    while counted.read(_PIECE):
        # What stands behind the archive's end is in the checksum too.
        pass
    return _judged(path, counted, judged, found, app)


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
        if len(kept) > limit:
            raise ArchiveRefused(f"{name} is larger than any of its kind")
        found.kept[name] = bytes(kept)


def _limit(name: str) -> int:
    """How many bytes of a file are kept to be looked at; 0 for most."""
    last = name.rpartition("/")[2]
    if last == "beam.smp":
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
    flavour = judge.flavour_of(names, version, app)
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
    machine, interpreter, glibc = judge.elf_needs(kept.get(f"erts-{rel.erts}/bin/beam.smp", b""))
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

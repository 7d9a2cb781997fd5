"""A release store on a host: its archives listed, one of them read."""

from __future__ import annotations

from dataclasses import dataclass

from tui.model.command import Command

# $1 the folder; ~/ is the SSH user's home. A file's size, mtime and name a line.
_LIST = r"""
d=$1
case $d in "~/"*) d=$HOME/${d#"~/"} ;; esac
cd -- "$d" || exit 3
pwd -P
for f in ./*.tar.gz; do [ -f "$f" ] || continue; stat -c '%s %Y %n' -- "$f"; done
"""


@dataclass(frozen=True, slots=True)
class StoreFile:
    """A file of a store: its path on the host, its name, its mtime in Unix seconds."""

    path: str
    name: str
    size_bytes: int
    mtime: float


def list_archives(folder: str) -> Command:
    """The archives in a folder (`~/`: of the SSH user); a read. Status 3: no such folder."""
    return Command((folder,), script=_LIST)


def parse_archives(answer: bytes) -> tuple[StoreFile, ...]:
    """The files that a look brought; a line that tells none is left out."""
    folder, *lines = answer.decode("utf-8", "backslashreplace").split("\n")
    found = []
    for line in lines:
        size, _, rest = line.partition(" ")
        mtime, _, name = rest.partition(" ./")
        if name and _counts(size, mtime):
            path = f"{folder.rstrip('/')}/{name}"
            found.append(StoreFile(path, name, int(size), float(mtime)))
    return tuple(found)


def read_archive(path: str) -> Command:
    """The bytes of an archive, without a limit of time; a read."""
    return Command(("cat", "--", path), timeout_s=None)


def _counts(*words: str) -> bool:
    return all(word.isascii() and word.isdigit() and len(word) < 16 for word in words)

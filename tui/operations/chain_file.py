"""A file of hash-chained records: append under a lock, on disk before it returns, 0600.

Owns the bytes and the lock; what a record says is the caller's.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from tui.errors import RecordUnwritable
from tui.model.audit import GENESIS, chained, parse_line

LOCK_WAIT_S = 5.0
_LINE_LIMIT = 8 * 1024 * 1024


class ChainFile:
    """An open chain; a context. All methods block for the length of an fsync.

    On purpose they are not put into threads: the order of a record and the change it stands
    for must not depend on what the event loop does between them, also while it is cancelled.
    """

    def __init__(self, path: Path, *, new: bool = False, wait_s: float = LOCK_WAIT_S) -> None:
        """Open (and make, 0600 in 0700) and lock the file; with `new` it must not exist yet.

        RecordUnwritable if it cannot be opened, is a symlink or no plain file of ours, or is
        locked by another console for longer than `wait_s`.
        """
        self.path = path
        self._doubtful = False
        try:
            self._fd = _open(path, new=new)
        except OSError as error:
            raise _unwritable(path, error) from error
        try:
            _lock(self._fd, wait_s)
            self._seq, self._hash = self._read_end()
        except OSError as error:
            os.close(self._fd)
            raise _unwritable(path, error) from error
        except BaseException:
            os.close(self._fd)
            raise

    def append(self, body: Mapping[str, object]) -> str:
        """Add a record and return its hash once it is on disk; RecordUnwritable else."""
        try:
            if self._doubtful:
                self._seq, self._hash = self._read_end()
            line, digest = chained(body, self._seq + 1, self._hash)
            # Until this is over nobody knows what stands at the end; the next append looks.
            self._doubtful = True
            self._write(line)
            os.fsync(self._fd)
        except OSError as error:
            raise _unwritable(self.path, error) from error
        self._doubtful = False
        self._seq, self._hash = self._seq + 1, digest
        return digest

    def _write(self, line: bytes) -> None:
        written = os.write(self._fd, line)
        if written < len(line):
            # A disk that fills up takes a part; the next write of the rest says why.
            os.write(self._fd, line[written:])

    def _read_end(self) -> tuple[int, str]:
        size = os.fstat(self._fd).st_size
        end = os.pread(self._fd, min(size, _LINE_LIMIT), max(0, size - _LINE_LIMIT))
        whole, newline, torn = end.rpartition(b"\n")
        if torn:
            # A line that was not finished was never followed by what it announced: no change is
            # lost with it, and a chain could not go on behind it.
            os.ftruncate(self._fd, size - len(torn))
        if not newline:
            if size > len(torn):
                raise self._broken("its last line is too long to be one of ours")
            return 0, GENESIS
        last = whole.rpartition(b"\n")[2]
        try:
            record = parse_line(last)
        except ValueError as error:
            raise self._broken(str(error)) from error
        seq = record.get("seq")
        if not isinstance(seq, int):
            raise self._broken("its last line has no number")
        return seq, str(record["hash"])

    def _broken(self, why: str) -> RecordUnwritable:
        return RecordUnwritable(
            f"{self.path}: the last record cannot be continued: {why}",
            remedy="Keep the file for whoever looks into it, move it aside, and try again.",
        )

    def close(self) -> None:
        """Close and unlock; twice does no harm."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> ChainFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _open(path: Path, *, new: bool) -> int:
    folder = path.parent
    for missing in [f for f in reversed((folder, *folder.parents)) if not f.exists()]:
        missing.mkdir(mode=0o700, exist_ok=True)
    held = os.lstat(folder)
    if not stat.S_ISDIR(held.st_mode):
        raise NotADirectoryError(f"{folder} is not a folder")
    if held.st_uid != os.geteuid():
        raise PermissionError(f"{folder} belongs to somebody else")
    if stat.S_IMODE(held.st_mode) & 0o077:
        folder.chmod(0o700)
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    made = not path.exists()
    fd = os.open(path, flags | (os.O_EXCL if new else 0), 0o600)
    try:
        facts = os.fstat(fd)
        if not stat.S_ISREG(facts.st_mode) or facts.st_uid != os.geteuid() or facts.st_nlink > 1:
            raise PermissionError(f"{path} is not a plain file of ours alone")
        if stat.S_IMODE(facts.st_mode) != 0o600:
            os.fchmod(fd, 0o600)
        if made:
            _sync_folder(folder)
    except BaseException:
        os.close(fd)
        raise
    return fd


def _sync_folder(folder: Path) -> None:
    # The file's name must be on disk as well as its content.
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _lock(fd: int, wait_s: float) -> None:
    deadline = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise BlockingIOError("another console holds it") from None
            time.sleep(0.01)
        else:
            return


def is_held(path: Path) -> bool:
    """Whether a console has the chain open and locked right now; OSError if it cannot be read."""
    with contextlib.closing(path.open("rb")) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _unwritable(path: Path, error: OSError) -> RecordUnwritable:
    return RecordUnwritable(f"{path}: {error.strerror or error}")

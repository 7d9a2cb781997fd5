"""A file of hash-chained records: append under a lock, on disk before it returns, 0600.

Owns the bytes and the lock; what a record says is the caller's.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from tui.errors import RecordUnwritable
from tui.model.audit import GENESIS, chained, parse_line
from tui.paths import open_private

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
            self._file = _open(path, new=new)
        except OSError as error:
            raise _unwritable(path, error) from error
        try:
            _lock(self._fd, wait_s)
            self._seq, self._hash = self._read_end()
        except OSError as error:
            self._file.close()
            raise _unwritable(path, error) from error
        except BaseException:
            self._file.close()
            raise

    @property
    def _fd(self) -> int:
        # Asked for anew each time: the number of a closed file may be another file's by now.
        return self._file.fileno()

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

    def copy(self, content: bytes) -> None:
        """Add what a copy of this chain has beyond it, lines as they are; RecordUnwritable else.

        The caller has checked that the copy is whole and begins as this file does.
        """
        try:
            self._doubtful = True
            size = os.fstat(self._fd).st_size
            self._write(content[size:])
            os.fsync(self._fd)
            self._seq, self._hash = self._read_end()
        except OSError as error:
            raise _unwritable(self.path, error) from error
        self._doubtful = False

    def _write(self, line: bytes) -> None:
        written = os.write(self._fd, line)
        if written < len(line):
            # A disk that fills up takes a part; the next write of the rest says why.
            os.write(self._fd, line[written:])

    def _read_end(self) -> tuple[int, str]:
        size = os.fstat(self._fd).st_size
        with open_private(self.path, "rb") as reader:
            if not os.path.sameopenfile(reader.fileno(), self._fd):
                raise FileNotFoundError("it was moved away meanwhile")
            reader.seek(max(0, size - _LINE_LIMIT))
            end = reader.read(_LINE_LIMIT)
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
        self._file.close()

    def __enter__(self) -> ChainFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _open(path: Path, *, new: bool) -> BinaryIO:
    made = new or not path.exists()
    if new:
        open_private(path, "xb").close()
    file = open_private(path, "ab")
    if made:
        try:
            _sync_folder(path.parent)
        except OSError:
            file.close()
            raise
    return file


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
    with open_private(path, "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _unwritable(path: Path, error: OSError) -> RecordUnwritable:
    return RecordUnwritable(f"{path}: {error.strerror or error}")

"""A file of this run's own for what is not to stay in memory: written once, read in pieces.

It has no name: it is unlinked as soon as it is open, so that whatever ends the run, its bytes are
gone. It is several files in truth, each given back when nothing in it is wanted any more.
"""

from __future__ import annotations

import os
import tempfile
import weakref
from dataclasses import dataclass
from pathlib import Path

from tui.paths import private_folder

SEGMENT_BYTES = 16 * 1024 * 1024
MEMORY_BYTES = 128 * 1024 * 1024
"""What is held in memory at most when there is no disk to be had."""


class _Segment:
    """One file; it is closed, and its room free, when nobody refers to it."""

    def __init__(self, folder: Path) -> None:
        private_folder(folder)
        # mkstemp makes it 0600 whatever the umask is.
        self.number, name = tempfile.mkstemp(prefix="journal-", dir=folder)
        weakref.finalize(self, os.close, self.number)
        Path(name).unlink()
        self.size = 0
        self.live = 0


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where bytes were put; whoever holds it can read them, also after they were released."""

    segment: _Segment | None
    offset: int
    length: int
    held: bytes = b""

    def part(self, start: int, stop: int) -> bytes:
        """Some of the bytes; OSError if the disk does not give them back."""
        if self.segment is None:
            return self.held[start:stop]
        wanted = stop - start
        read = os.pread(self.segment.number, wanted, self.offset + start)
        if len(read) != wanted:
            raise OSError(f"{len(read)} of {wanted} bytes read back")
        return read


class Spill:
    """Bytes in files of `folder`; in memory without a folder, or while the disk refuses.

    `ceiling_bytes` is how much can be held at all since the disk refused once, None before.
    """

    def __init__(self, folder: Path | None, segment_bytes: int = SEGMENT_BYTES) -> None:
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._writing: _Segment | None = None
        self._segments: set[_Segment] = set()
        self._in_memory = 0
        self._may_write = folder is not None
        self.ceiling_bytes = MEMORY_BYTES if folder is None else None
        self.problem = ""

    @property
    def disk_bytes(self) -> int:
        """Bytes of all files in which something is wanted."""
        return sum(segment.size for segment in self._segments)

    @property
    def size_bytes(self) -> int:
        """Bytes on disk and in memory."""
        return self.disk_bytes + self._in_memory

    def put(self, packed: bytes) -> Place:
        """Keep bytes. A disk that refuses is a `problem`, and they stay in memory."""
        if self._folder is not None and self._may_write:
            try:
                return self._write(self._folder, packed)
            except OSError as error:
                self.problem = f"{self._folder}: {error.strerror or error}"
                self._may_write = False
                self._writing = None
                self.ceiling_bytes = max(MEMORY_BYTES, self.disk_bytes)
        self._in_memory += len(packed)
        return Place(None, 0, len(packed), packed)

    def release(self, place: Place) -> None:
        """These bytes are not wanted any more by who put them."""
        segment = place.segment
        if segment is None:
            self._in_memory -= place.length
            return
        segment.live -= place.length
        if segment.live <= 0 and segment is not self._writing:
            self._segments.discard(segment)
            # There is room again on a disk that was full.
            self._may_write = True

    def _write(self, folder: Path, packed: bytes) -> Place:
        segment = self._writing
        if segment is None or segment.size + len(packed) > max(self._segment_bytes, len(packed)):
            if segment is not None and segment.live <= 0:
                self._segments.discard(segment)
            segment = self._writing = _Segment(folder)
            self._segments.add(segment)
        offset, done = segment.size, 0
        view = memoryview(packed)
        while done < len(packed):
            done += os.pwrite(segment.number, view[done:], offset + done)
        segment.size += len(packed)
        segment.live += len(packed)
        return Place(segment, offset, len(packed))

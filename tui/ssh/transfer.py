"""Send a file to a host by SFTP, from an offset on: many blocks under way at once, never SCP.

SFTP says only "Failure" for a full or read-only disk: what is said of an error is looked up by
whoever asked, on the host.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from tui.errors import NotConnected
from tui.model.command import Ended, Outcome
from tui.ssh.lean import lean_sending

if TYPE_CHECKING:
    import asyncssh

BLOCK = 255 * 1024
"""Bytes of one write: as much as OpenSSH's sftp-server takes in one. Half of it costs 40 % more."""
UNDER_WAY = 32
"""Writes that wait for their answer at once: 8 MiB, more than sshd's window of 2 MiB."""

Progress = Callable[[int], None]
"""Told how many bytes of the file have been answered for, from its beginning."""


async def send_file(
    connection: asyncssh.SSHClientConnection,
    local: Path,
    remote: str,
    offset: int,
    progress: Progress,
) -> Outcome:
    """Write `local` from `offset` on into `remote` (below the user's home; made 0600).

    Status 0: every byte was answered for and the file is closed. Status 1: the host refused, the
    reason on stderr; what it took until then stays. `LINK_LOST`: not known. NotConnected: nothing
    was sent.
    """
    import asyncssh

    began = asyncio.get_running_loop().time()

    def took() -> float:
        return asyncio.get_running_loop().time() - began

    try:
        sftp = await connection.start_sftp_client(path_encoding="utf-8")
    except (asyncssh.Error, OSError) as error:
        raise NotConnected(f"the host opens no SFTP: {error}") from None
    try:
        async with sftp:
            flags = asyncssh.FXF_WRITE | asyncssh.FXF_CREAT
            attrs = asyncssh.SFTPAttrs(permissions=0o600)
            async with await sftp.open(remote, flags, attrs, encoding=None, block_size=0) as to:
                with lean_sending(connection):
                    await _write(to, local, offset, progress)
    except asyncssh.SFTPConnectionLost as lost:
        return Outcome(Ended.LINK_LOST, None, stderr=str(lost).encode(), duration_s=took())
    except asyncssh.SFTPError as refused:
        return Outcome(Ended.EXITED, 1, stderr=refused.reason.encode(), duration_s=took())
    except (asyncssh.Error, ConnectionError) as lost:
        return Outcome(Ended.LINK_LOST, None, stderr=str(lost).encode(), duration_s=took())
    return Outcome(Ended.EXITED, 0, duration_s=took())


async def _write(to: Any, local: Path, offset: int, progress: Progress) -> None:
    """UNDER_WAY writers take block after block; `progress` follows what has no hole before it."""
    with local.open("rb", buffering=0) as file:
        file.seek(offset)
        os.posix_fadvise(file.fileno(), offset, 0, os.POSIX_FADV_SEQUENTIAL)
        blocks = _Blocks(file, offset, progress)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(UNDER_WAY):
                    group.create_task(_write_blocks(to, blocks))
        except ExceptionGroup as failed:
            # All writers meet the same full disk or lost link; one of them says it.
            raise failed.exceptions[0] from None


async def _write_blocks(to: Any, blocks: _Blocks) -> None:
    while (block := blocks.next()) is not None:
        at, data = block
        await to.write(data, at)
        blocks.answered(at, len(data))


class _Blocks:
    """Hands out the file's blocks in order, and tells how far all of them were answered."""

    def __init__(self, file: BinaryIO, offset: int, progress: Progress) -> None:
        self._file = file
        self._at = self._done = offset
        self._progress = progress
        self._ahead: dict[int, int] = {}

    def next(self) -> tuple[int, bytes] | None:
        """(offset, bytes) of the next block; None at the end."""
        data = self._file.read(BLOCK)
        if not data:
            return None
        at = self._at
        self._at += len(data)
        return at, data

    def answered(self, at: int, count: int) -> None:
        """A block is on the host."""
        self._ahead[at] = count
        while self._done in self._ahead:
            self._done += self._ahead.pop(self._done)
        self._progress(self._done)

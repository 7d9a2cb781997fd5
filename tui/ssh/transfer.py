"""Send a file to a host by SFTP, from an offset on: many blocks under way at once, never SCP.

SFTP says only "Failure" for a full or read-only disk: what is said of an error is looked up by
whoever asked, on the host.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.errors import NotConnected
from tui.model.command import Ended, Outcome

if TYPE_CHECKING:
    import asyncssh

BLOCK = 128 * 1024
"""Bytes of one write; OpenSSH's sftp-server takes up to 255 KiB in one."""
UNDER_WAY = 32
"""Writes that wait for their answer at once: 4 MiB, more than sshd's window of 2 MiB."""

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
            async with await sftp.open(remote, flags, attrs, encoding=None, block_size=BLOCK) as to:
                await _write(to, local, offset, progress)
    except asyncssh.SFTPConnectionLost as lost:
        return Outcome(Ended.LINK_LOST, None, stderr=str(lost).encode(), duration_s=took())
    except asyncssh.SFTPError as refused:
        return Outcome(Ended.EXITED, 1, stderr=refused.reason.encode(), duration_s=took())
    except (asyncssh.Error, ConnectionError) as lost:
        return Outcome(Ended.LINK_LOST, None, stderr=str(lost).encode(), duration_s=took())
    return Outcome(Ended.EXITED, 0, duration_s=took())


async def _write(to: Any, local: Path, offset: int, progress: Progress) -> None:
    """Keep UNDER_WAY blocks on the way; `progress` follows what is answered without a hole."""
    pending: dict[asyncio.Task[int], int] = {}
    answered: set[int] = set()
    done = at = offset
    with local.open("rb") as file:
        file.seek(offset)
        os.posix_fadvise(file.fileno(), offset, 0, os.POSIX_FADV_SEQUENTIAL)
        try:
            while True:
                while len(pending) < UNDER_WAY and (data := file.read(BLOCK)):
                    pending[asyncio.ensure_future(to.write(data, at))] = at
                    at += len(data)
                if not pending:
                    return
                finished, _ = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                for task in finished:
                    answered.add(pending.pop(task))
                    task.result()
                while done in answered:
                    answered.discard(done)
                    done = min(done + BLOCK, at)
                progress(done)
        finally:
            for task in pending:
                task.cancel()
            if pending:
                await asyncio.wait(pending)

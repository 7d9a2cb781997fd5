"""SFTP as a host's user sees it: shut into the host's root, under the paths its shell knows."""

from __future__ import annotations

import errno
import os
import posixpath
from typing import TYPE_CHECKING, Any

import asyncssh

if TYPE_CHECKING:
    from tui.demo.sandbox import Sandbox


class RootedSftp(asyncssh.SFTPServer):
    """Files below a sandbox's root; a full disk refuses every byte, as OpenSSH's does."""

    def __init__(self, chan: Any, sandbox: Sandbox, home: str) -> None:
        super().__init__(chan, os.fsencode(sandbox.root))
        self._sandbox = sandbox
        self._home = os.fsencode(home)
        self._base = os.fsencode(sandbox.base.path)
        self._root = os.fsencode(os.path.realpath(sandbox.root))

    def map_path(self, path: bytes) -> bytes:
        """The file behind a path of the client's; paths outside the root do not exist."""
        whole = posixpath.normpath(posixpath.join(self._home, path))
        if whole == self._base or whole.startswith(self._base + b"/"):
            whole = whole[len(self._base) :]
        return posixpath.join(self._root, whole.lstrip(b"/"))

    def reverse_map_path(self, path: bytes) -> bytes:
        """The path that the host's shell knows the file by."""
        if path != self._root and not path.startswith(self._root + b"/"):
            raise asyncssh.SFTPNoSuchFile("File not found")
        return self._base + path[len(self._root) :]

    def write(self, file_obj: object, offset: int, data: bytes) -> Any:
        """Write, unless the disk is full."""
        if self._sandbox.full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(file_obj, offset, data)

    def statvfs(self, path: bytes) -> Any:
        """The real file system's room, or none when the disk is full."""
        room = os.statvfs(self.map_path(path))
        if not self._sandbox.full:
            return room
        answer = asyncssh.SFTPVFSAttrs.from_local(room)
        answer.bfree = answer.bavail = 0
        return answer

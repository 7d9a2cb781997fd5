"""Where beamdeck keeps its files, and how they are opened: folders 0700, files 0600, no links.

Naming a place makes nothing; folders come into being when something is written.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import IO, BinaryIO, Literal, TextIO, overload

import platformdirs

_NAME = "beamdeck"
_FLAGS = {
    "r": os.O_RDONLY,
    "w": os.O_WRONLY | os.O_CREAT,
    "a": os.O_WRONLY | os.O_CREAT | os.O_APPEND,
    "x": os.O_WRONLY | os.O_CREAT | os.O_EXCL,
}


def config_folder() -> Path:
    """The folder of the configuration; XDG_CONFIG_HOME decides where."""
    return platformdirs.user_config_path(_NAME, appauthor=False)


def config_file() -> Path:
    """The configuration that is read if no other is named."""
    return config_folder() / "config.toml"


def state_folder() -> Path:
    """The folder of operation logs, audit and crash reports; XDG_STATE_HOME decides where."""
    return platformdirs.user_state_path(_NAME, appauthor=False)


def cache_folder() -> Path:
    """The folder of what can be made again; XDG_CACHE_HOME decides where."""
    return platformdirs.user_cache_path(_NAME, appauthor=False)


def private_folder(path: Path) -> Path:
    """`path`, made with its missing parents, 0700 under any umask.

    OSError if it cannot be, or if it is there and is a symlink, no folder or somebody else's.
    """
    try:
        facts = path.lstat()
    except FileNotFoundError:
        if not path.parent.is_dir():
            private_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)
        # The umask may have taken rights away from us as well.
        path.chmod(0o700)
        facts = path.lstat()
    if not stat.S_ISDIR(facts.st_mode):
        raise NotADirectoryError(f"{path} is a symlink or no folder")
    if facts.st_uid != os.geteuid():
        raise PermissionError(f"{path} belongs to somebody else")
    if stat.S_IMODE(facts.st_mode) & 0o077:
        path.chmod(0o700)
    return path


@overload
def open_private(path: Path, mode: Literal["r", "w", "a", "x"]) -> TextIO: ...
@overload
def open_private(path: Path, mode: Literal["rb", "wb", "ab", "xb"]) -> BinaryIO: ...
def open_private(path: Path, mode: str) -> IO[str] | IO[bytes]:
    """A file that only we can read, 0600 under any umask; text is UTF-8. Writing makes its folder.

    OSError if it cannot be opened; also if it is a symlink, no plain file, somebody else's or
    linked from elsewhere: then nothing of it is changed.
    """
    kind = mode.removesuffix("b")
    if kind != "r":
        _private_parent(path)
    # Without O_NONBLOCK a FIFO put in the file's place would keep us waiting for its other end.
    flags = _FLAGS[kind] | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    number = os.open(path, flags, 0o600)
    try:
        facts = os.fstat(number)
        if not stat.S_ISREG(facts.st_mode) or facts.st_nlink > 1:
            raise PermissionError(f"{path} is not a plain file with one name")
        if facts.st_uid != os.geteuid():
            raise PermissionError(f"{path} belongs to somebody else")
        if stat.S_IMODE(facts.st_mode) != 0o600:
            os.fchmod(number, 0o600)
        if kind == "w":
            os.ftruncate(number, 0)
        text = {} if mode.endswith("b") else {"encoding": "utf-8", "newline": "\n"}
        # "x" has been seen to by the flags; the file exists by now.
        return os.fdopen(number, mode.replace("x", "w"), **text)  # type: ignore[call-overload, no-any-return]  # mode is no literal here
    except BaseException:
        os.close(number)
        raise


def _private_parent(path: Path) -> None:
    # A folder that is there and not beamdeck's own keeps its rights: it may be anybody's home.
    folder = path.parent
    own = (config_folder(), state_folder(), cache_folder())
    if not folder.exists() or any(folder.is_relative_to(place) for place in own):
        private_folder(folder)

"""The audit log: who did what where, and what came of it; on disk before the effect."""

from __future__ import annotations

import os
import pwd
import socket
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from tui import errors
from tui.model.audit import AuditRecord, check_chain
from tui.model.audit_marks import who_words
from tui.operations.chain_file import ChainFile

TOOL = "beamdeck"


class AuditLog:
    """One file for all consoles of this operator on this machine."""

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        """`clock` gives Unix seconds; the monotonic clock beside it shows a clock set back."""
        self.path = path
        self._clock = clock

    def write(self, record: AuditRecord) -> str:
        """Append the record, who and when added; its hash once it is on disk.

        RecordUnwritable means that what it announces must not be done. What is in the record
        must be free of secrets: the log is a chain and cannot be mended afterwards.
        """
        body = record.body()
        body["utc"] = datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="milliseconds")
        body["monotonic_s"] = round(time.monotonic(), 3)
        body.update(operator_facts())
        # Opened anew each time: the file may have been moved aside, or grown by another console.
        with ChainFile(self.path) as chain:
            return chain.append(body)


def operator_facts() -> dict[str, object]:
    """Who sits at this console: the OS's user (not the environment's), machine, terminal, tool."""
    return {
        "os_user": _os_user(),
        "client_host": socket.gethostname(),
        "tty": _tty(),
        "tool": f"{TOOL} {_version()}",
        "pid": os.getpid(),
    }


def who_acts() -> str:
    """Who sits at this console, as one word: user@machine."""
    facts = operator_facts()
    return who_words(str(facts["os_user"]), str(facts["client_host"]))


def _os_user() -> str:
    uid = os.getuid()
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _tty() -> str:
    for stream in (sys.__stdin__, sys.__stderr__):
        try:
            if stream is not None:
                return os.ttyname(stream.fileno())
        except (OSError, ValueError):
            # Not a terminal, or closed: the next one may be.
            continue
    return ""


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(TOOL)
    except PackageNotFoundError:
        return "not installed"


def verify(path: Path) -> str:
    """What is wrong with the first bad line, as `line 12: …`; empty if the chain is whole.

    A chain does not show that its last lines were cut off: `compare_marks` does. BeamdeckError if
    the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return check_chain(file)
    except OSError as error:
        raise errors.BeamdeckError(f"{path}: {error.strerror or error}") from error

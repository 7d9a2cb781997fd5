"""Write entries of the journal into a file of the operator's own; never over another unasked."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from tui.errors import BeamdeckError
from tui.model.journal import Entry
from tui.model.journal_text import format_line


class ExportFailed(BeamdeckError):
    """The file could not be written."""

    title = "The export was not written"


def export_lines(entries: Iterable[Entry], path: Path, *, replace: bool = False) -> int:
    """Write entries as text with mode 0600 and tell how many bytes that took.

    Without `replace` an existing file is an ExportFailed. After an error nothing of it is left, and
    what was there is as it was. Blocks: call it in a thread.
    """
    if not isinstance(entries, Sequence):
        entries = list(entries)
    width = max((len(entry.host) for entry in entries), default=0)
    lines = (f"{format_line(entry, host_width=width)}\n" for entry in entries)
    return export_text(lines, path, replace=replace)


def export_text(pieces: Iterable[str], path: Path, *, replace: bool = False) -> int:
    """Write text into a file of mode 0600 as `export_lines` does; its bytes."""
    part = path.with_name(f".beamdeck-{os.getpid()}.part") if replace else path
    try:
        number = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError as error:
        raise ExportFailed(f"{part} exists", remedy="Choose another name.") from error
    except OSError as error:
        raise ExportFailed(f"{part}: {error.strerror or error}") from error
    try:
        with os.fdopen(number, "w", encoding="utf-8", newline="\n") as file:
            for piece in pieces:
                file.write(piece)
            size = file.tell()
        if replace:
            os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ExportFailed(f"{path}: {error.strerror or error}") from error
    return size

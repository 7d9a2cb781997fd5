"""Recordings of consoles, as asciicast v2: what the remote showed, and lines that were echoed.

A line is held until it has ended, so that a secret in it is found whole; what was typed and not
shown (a password) is never in it. 0600, in the state folder; any asciicast player plays them.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from tui.errors import BeamdeckError
from tui.model.redact import redact
from tui.paths import open_private

_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"
    r"|\x1b[ -/]*[0-~]|[\x00-\x08\x0b-\x1f]"
)
HELD_LIMIT = 16_384
"""Characters of a line that never ends before it is written all the same."""

FLOOD_LIMIT = 256 * 1024
"""Characters of one second that are kept; nobody reads more, and a disk has an end."""


class NotRecorded(BeamdeckError):
    """A recording that cannot be begun; the console is not opened without it."""

    title = "The console cannot be recorded"


class Recorder:
    """One recording. `clock` is Unix seconds."""

    def __init__(
        self, path: Path, columns: int, lines: int, title: str, clock: Callable[[], float]
    ) -> None:
        """NotRecorded if the file cannot be made."""
        self.path = path
        self._clock = clock
        self._began = clock()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held: list[tuple[float, str]] = []
        self._size = 0
        self._second = self._began
        self._in_second = self._left_out = 0
        try:
            self._file: TextIO | None = open_private(path, "x")
        except OSError as error:
            raise NotRecorded(
                f"{path}: {error.strerror or error}",
                remedy="Free the state folder, or set record = false under [console].",
            ) from error
        head = {"version": 2, "width": columns, "height": lines, "timestamp": int(self._began)}
        self._line({**head, "title": title, "env": {"TERM": "xterm-256color"}})

    @property
    def problem(self) -> bool:
        """Whether it stopped being written, as on a full disk."""
        return self._file is None

    def output(self, data: bytes, *, whole_screen: bool) -> None:
        """What the remote wrote; `whole_screen`: by a program whose lines have no ends."""
        text = self._decoder.decode(data)
        if not text or self._file is None or self._flooded(len(text)):
            return
        self._held.append((self._clock() - self._began, text))
        self._size += len(text)
        if whole_screen or self._size > HELD_LIMIT:
            self._release(self._size)
        else:
            ended = text.rfind("\n")
            if ended >= 0:
                self._release(self._size - (len(text) - ended - 1))

    def _flooded(self, count: int) -> bool:
        """Whether a second has brought more than is worth keeping; said in the recording."""
        now = self._clock()
        if now - self._second >= 1.0:
            if self._left_out:
                self._release(self._size)
                said = f"\r\n[beamdeck: {self._left_out} characters of a flood left out]\r\n"
                self._event(now - self._began, "o", said)
            self._second, self._in_second, self._left_out = now, 0, 0
        self._in_second += count
        if self._in_second <= FLOOD_LIMIT:
            return False
        self._left_out += count
        return True

    def typed(self, line: str) -> None:
        """A line that was entered, as it was shown."""
        self._event(self._clock() - self._began, "i", redact(line) + "\r")

    def resized(self, columns: int, lines: int) -> None:
        """Another size of the terminal."""
        self._release(self._size)
        self._event(self._clock() - self._began, "r", f"{columns}x{lines}")

    def close(self) -> None:
        """Write what is held and end the file."""
        self._release(self._size)
        if self._left_out:
            said = f"\r\n[beamdeck: {self._left_out} characters of a flood left out]\r\n"
            self._event(self._clock() - self._began, "o", said)
        if self._file is not None:
            self._file.close()
            self._file = None

    def _release(self, count: int) -> None:
        """Write the first `count` characters held, as they came if nothing in them is secret."""
        if not count:
            return
        pieces, rest, left = [], [], count
        for at, text in self._held:
            if left:
                pieces.append((at, text[:left]))
            if len(text) > left:
                rest.append((at, text[left:]))
            left = max(0, left - len(text))
        self._held, self._size = rest, sum(len(text) for _, text in rest)
        joined = "".join(text for _, text in pieces)
        plain = _ESCAPES.sub("", joined)
        clean = redact(plain) == plain
        if clean and (plain == joined or redact(joined) == joined):
            for at, text in pieces:
                self._event(at, "o", text)
        else:
            # Where a secret stood the line's colours and cursor movements go with it.
            self._event(pieces[0][0], "o", redact(plain).replace("\n", "\r\n"))

    def _event(self, at: float, kind: str, text: str) -> None:
        self._line([round(max(0.0, at), 6), kind, text])

    def _line(self, value: object) -> None:
        if self._file is None:
            return
        try:
            self._file.write(json.dumps(value, ensure_ascii=False) + "\n")
            self._file.flush()
        except (OSError, ValueError):
            # A full disk ends the recording, said in the frame; it must not end the console.
            self._file = None

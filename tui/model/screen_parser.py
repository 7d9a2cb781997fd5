"""Bytes of a remote terminal, taken apart: text, controls, escape sequences. Never raises.

What is malformed, unknown or endless is dropped as real terminals do; what is cut by the end of
a piece waits for the next, and no more than a few thousand characters of it.
"""

from __future__ import annotations

import codecs
import re
from typing import Protocol

_TOKEN = re.compile(
    r"([\x20-\x7e]+)"
    r"|([\x00-\x1a\x1c-\x1f\x7f-\x9f])"
    r"|\x1b\[([0-9;:]*)m"
    r"|\x1b\[([<=>?]?)([0-9;:]*)([ -/]*)([@-~])"
    r"|([^\x00-\x1f\x7f-\x9f]+)"
)
_TEXT, _CONTROL, _SGR, _CSI, _WIDE = 1, 2, 3, 7, 8
# A sequence with controls in it (they act at once), or with parameters out of order (dropped).
_ODD_CSI = re.compile(r"\x1b\[([^\x18\x1a\x1b@-~]*)([@-~])?")
_WELL_FORMED = re.compile(r"([<=>?]?)([0-9;:]*)([ -/]*)")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SHORT = re.compile(r"\x1b([ -/]*)([0-~])")
_STRING_END = re.compile(r"[\x07\x18\x1a\x1b]")
_OTHER_END = re.compile(r"[\x18\x1a\x1b]")
_ENDS = {"osc": _STRING_END, "title": _STRING_END, "csi": re.compile(r"[\x18\x1a\x1b@-~]")}
_STRINGS = {"]": "osc", "P": "dcs", "_": "apc", "^": "pm", "X": "sos", "k": "title"}
LONGEST = 4096
"""Characters of a sequence or string that are looked at; the rest is dropped up to its end."""

_PLAIN = re.compile(r"[\x20-\x7e\r\n]*")
_BURST = 2048
"""Characters from which on a piece is looked at as a burst of plain lines."""


class Terminal(Protocol):
    """What a parser drives."""

    def write(self, text: str) -> None: ...
    def write_wide(self, text: str) -> None: ...
    def control(self, char: str) -> None: ...
    def sgr(self, params: str) -> None: ...
    def csi(self, private: str, params: str, between: str, final: str) -> None: ...
    def escape(self, between: str, final: str) -> None: ...
    def string(self, kind: str, text: str) -> None: ...
    def burst(self, text: str) -> bool: ...


class Parser:
    """Bytes in, calls of a Terminal out; keeps what a piece leaves unfinished."""

    def __init__(self, terminal: Terminal) -> None:
        self._to = terminal
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._string: str | None = None
        self._collected = ""

    def feed(self, data: bytes) -> None:
        """The next piece of output."""
        text = self._rest + self._decoder.decode(data)
        self._rest = ""
        plain = len(text) >= _BURST and self._string is None and _PLAIN.fullmatch(text)
        if plain and self._to.burst(text):
            return
        self._run(text)

    def _run(self, text: str) -> None:
        at, end, match, to = 0, len(text), _TOKEN.match, self._to
        write, control, sgr = to.write, to.control, to.sgr
        while at < end:
            if self._string is not None:
                at = self._in_string(text, at)
                continue
            found = match(text, at)
            if found is None:
                after = self._odd(text, at)
                if after < 0:
                    self._rest = text[at:]
                    return
                at = after
                continue
            at = found.end()
            kind = found.lastindex
            if kind == _TEXT:
                write(found[1])
            elif kind == _CONTROL:
                control(found[2])
            elif kind == _SGR:
                sgr(found[3])
            elif kind == _WIDE:
                to.write_wide(found[8])
            elif len(found[5]) <= LONGEST:
                to.csi(found[4], found[5], found[6], found[7])

    def _odd(self, text: str, at: int) -> int:
        """An escape that is no plain CSI: where it ends, or -1 if that is not there yet."""
        if at + 1 >= len(text):
            return -1
        nature = text[at + 1]
        if nature == "[":
            return self._odd_csi(text, at)
        if nature in _STRINGS:
            self._string, self._collected = _STRINGS[nature], ""
            return at + 2
        if nature == "\x1b":
            return at + 1
        found = _SHORT.match(text, at)
        if found is not None:
            self._to.escape(found[1], found[2])
            return found.end()
        tail = text[at + 1 :].lstrip(" !\"#$%&'()*+,-./")
        if not tail and len(text) - at < LONGEST:
            return -1
        # A control within an escape sequence cancels it here; the control itself still counts.
        return len(text) - len(tail) if tail else len(text)

    def _odd_csi(self, text: str, at: int) -> int:
        found = _ODD_CSI.match(text, at)
        if found is None:
            return at + 2
        body, final = found[1], found[2]
        if final is None:
            if found.end() == len(text):
                if len(body) > LONGEST:
                    self._string = "csi"  # endless: dropped up to its final letter
                    return len(text)
                return -1
            # Cancelled by CAN or SUB, or by the next ESC.
            return found.end() + (text[found.end()] != "\x1b")
        for char in _CONTROLS.findall(body):
            self._to.control(char)
        form = _WELL_FORMED.fullmatch(_CONTROLS.sub("", body)) if len(body) <= LONGEST else None
        if form is not None:
            self._to.csi(form[1], form[2], form[3], final)
        return found.end()

    def _in_string(self, text: str, at: int) -> int:
        """Within OSC, DCS and their like: collected up to LONGEST, dropped beyond."""
        ends = _ENDS.get(self._string or "", _OTHER_END)
        found = ends.search(text, at)
        stop = found.start() if found else len(text)
        self._collected += text[at : min(stop, at + LONGEST - len(self._collected))]
        if found is None:
            return stop
        if self._string == "csi":
            self._string = None
            return stop + (found[0] != "\x1b")
        if found[0] == "\x1b":
            if stop + 1 == len(text):
                self._rest = "\x1b"
                return len(text)
            if text[stop + 1] != "\\":
                self._string = None
                return stop  # another sequence: the string was never ended
            stop += 1
        kind, self._string = self._string or "", None
        if found[0] in "\x07\x1b":
            self._to.string(kind, self._collected)
        return stop + 1

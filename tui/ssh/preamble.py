"""What goes around a script on its way to `/bin/sh -s`, and how its output is told from noise.

Braces make the shell read the whole script before it runs any of it: a script that was cut on
the way is a syntax error, not half a command. A line of ours, printed first on both outputs,
shows where the command's own output begins: what a login shell's start-up file printed is dropped.
"""

from __future__ import annotations

SHELL = "exec /bin/sh -s"
"""The one command string that a host's login shell ever sees."""

NOISE_LIMIT = 64 * 1024


def mark_of(nonce: str) -> bytes:
    """The line that ends the noise."""
    return f"beamdeck {nonce}\n".encode("ascii")


def wrapped(script: bytes, nonce: str) -> bytes:
    """The script as it is sent. ValueError for a NUL byte: no argument can hold one."""
    if b"\x00" in script:
        raise ValueError("a script cannot carry a NUL byte")
    mark = f"beamdeck {nonce}"
    head = f"{{ printf '%s\\n' '{mark}'; printf '%s\\n' '{mark}' >&2\n"
    return head.encode("ascii") + script + b"}\n"


class Sieve:
    """Drops what comes before the mark; without one within 64 KiB everything is output."""

    def __init__(self, mark: bytes) -> None:
        self._mark: bytes | None = mark
        self._held = b""

    def pass_on(self, data: bytes) -> bytes:
        """The part of `data`, and of what was held before, that is the command's own."""
        if self._mark is None:
            return data
        self._held += data
        noise, mark, rest = self._held.partition(self._mark)
        if mark:
            return self._opened(rest)
        if len(noise) > NOISE_LIMIT:
            return self._opened(noise)
        return b""

    def rest(self) -> bytes:
        """At the end: what was held because no mark came (a shell that is not there says why)."""
        return self._opened(self._held)

    def _opened(self, data: bytes) -> bytes:
        self._mark = None
        self._held = b""
        return data

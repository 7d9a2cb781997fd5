"""R2: in a real terminal, with hostile text on every pane, nothing but the whitelist comes out."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.security.terminal import outside

ROOT = Path(__file__).parent.parent.parent


class Terminal:
    """A console in a pseudo-terminal; everything it ever wrote is in `seen`."""

    def __init__(self, argv: list[str]) -> None:
        self.seen = b""
        self.status: int | None = None
        self._pid, self._fd = pty.fork()
        if self._pid == 0:
            os.chdir(ROOT)
            os.environ.update(TERM="xterm-256color", PYTHONWARNINGS="ignore")
            os.execv(sys.executable, [sys.executable, *argv])
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))

    def read(self, seconds: float) -> bool:
        """Take what comes for so long; False once the program has ended."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if select.select([self._fd], [], [], left)[0]:
                try:
                    block = os.read(self._fd, 65536)
                except OSError:
                    block = b""
                if not block:
                    _, self.status = os.waitpid(self._pid, 0)
                    return False
                self.seen += block
        return True

    def await_text(self, text: bytes, limit_s: float = 40) -> None:
        """Until the program has written `text` since now; TimeoutError past the limit."""
        start, until = len(self.seen), time.monotonic() + limit_s
        while text not in self.seen[start:]:
            if time.monotonic() > until or not self.read(0.05):
                raise TimeoutError(f"no {text!r}: {self.seen[-400:]!r}")

    def type(self, keys: bytes) -> None:
        """Send keys."""
        os.write(self._fd, keys)

    def close(self) -> None:
        """End the program if it has not ended."""
        if self.status is None:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
        os.close(self._fd)


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    opened: list[Terminal] = []
    yield opened
    for terminal in opened:
        terminal.close()


def visit_every_pane(terminal: Terminal) -> None:
    terminal.await_text(b"running")
    terminal.type(b"3")
    terminal.await_text(b"filter")
    terminal.read(1.5)
    # Scroll through, unfold, wrap, hits, levels, details, the filter with hostile text in it.
    for keys in (b"g", b"G", b"l", b"\x15", b"\x04", b"e", b"E", b"N", b"\r", b"\x1b", b"y",
                 b"/clip\r", b"n", b"N", b"g", b"\x1b", b"1", b"\r", b"\x1b", b"?"):  # fmt: skip
        terminal.type(keys)
        terminal.read(0.35)
    terminal.type(b"\x1b")
    terminal.read(0.5)
    terminal.type(b"q")
    while terminal.read(5.0) and len(terminal.seen) < 50_000_000:
        terminal.type(b"\x1bq")
        if terminal.status is not None:
            break


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "count", [400, pytest.param(100_000, marks=[pytest.mark.soak, pytest.mark.timeout(900)])]
)
def test_nothing_hostile_reaches_the_terminal(
    count: int, tmp_path: Path, terminals: list[Terminal]
) -> None:
    terminal = Terminal(["-m", "tests.security.hostile_console", str(count), str(tmp_path)])
    terminals.append(terminal)
    visit_every_pane(terminal)
    assert terminal.status == 0
    assert b"clipboard" in terminal.seen, "the hostile lines were on screen"
    # Copying is the operator's own key (y): one OSC 52, which carries scrubbed text in base64.
    stream, copies = without_copies(terminal.seen)
    assert len(copies) <= 1
    assert list(outside(stream))[:5] == []
    text = stream.decode("utf-8", "replace")
    bad = {c for c in text if unicodedata.category(c) in ("Cf", "Co", "Cn", "Zl", "Zp")}
    assert bad == set()
    assert not any(0x80 <= ord(c) < 0xA0 for c in text)


def without_copies(stream: bytes) -> tuple[bytes, list[bytes]]:
    """The stream without OSC 52, and each of those."""
    copies: list[bytes] = []
    while (start := stream.find(b"\x1b]52;")) >= 0:
        end = stream.find(b"\x07", start)
        copies.append(stream[start : end + 1])
        stream = stream[:start] + stream[end + 1 :]
    return stream, copies


@pytest.mark.timeout(60)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_within_two_seconds_and_mends_the_terminal(
    number: signal.Signals, tmp_path: Path, terminals: list[Terminal]
) -> None:
    """R36: Textual alone dies of these without a word and leaves the terminal raw."""
    terminal = Terminal(["-m", "tests.security.hostile_console", "5", str(tmp_path)])
    terminals.append(terminal)
    terminal.await_text(b"running")
    os.kill(terminal._pid, number)
    began = time.monotonic()
    while terminal.read(0.1):
        assert time.monotonic() - began < 10
    assert time.monotonic() - began < 6  # two seconds on an idle machine
    assert terminal.status == 0
    assert b"\x1b[?1049l" in terminal.seen


def test_the_tokenizer_finds_what_it_must() -> None:
    for hostile in (b"\x1b]52;c;aGk=\x07", b"\x1b]0;t\x07", b"\x1b[6n", b"\x1b[c", b"\x07", b"\x7f",
                    b"\x1b]8;;x\x1b\\", b"\x1b[3J\x1b[5i", b"\x9b\x1bX"):  # fmt: skip
        assert list(outside(b"text" + hostile + b"text")), hostile

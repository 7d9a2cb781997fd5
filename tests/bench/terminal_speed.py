"""Our terminal beside plain pyte and tmux, on the same bytes in one run, interleaved.

Run: `python -m tests.bench.terminal_speed`; exits 1 below a "must" of the performance page. Each
figure is the median of five; pyte gets the first part of the bytes, its rate does not depend on it.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyte

from tests.terminal.tmux import Tmux
from tui.model.screen import Screen

COLUMNS, LINES = 120, 40
MUST = {"text": 4.0, "redraw": 4.0, "colour": 1.5}
GOAL = {"text": 8.0, "redraw": 6.0, "colour": 4.0}
FLOOD_MUST, FLOOD_GOAL = 0.3, 0.6


def text() -> bytes:
    """Log lines."""
    return b"".join(
        b"03:07:41.%03d [info] request_id=%06d GET /v1/users/%d Sent 200 in %dms and more\r\n"
        % (n % 1000, n, n % 77, n % 99)
        for n in range(20_000)
    )


def colour() -> bytes:
    """Log lines with six changes of colour each."""
    return b"".join(
        b"\x1b[32m03:07:41.%03d\x1b[0m [\x1b[1;36minfo\x1b[0m] request_id=\x1b[33m%06d\x1b[0m GET "
        b"\x1b[38;5;%dm/v1/users/%d\x1b[0m\r\n" % (n % 1000, n, n % 256, n % 77)
        for n in range(15_000)
    )


def redraw() -> bytes:
    """A full-screen program, as top draws."""
    return b"".join(
        b"\x1b[H"
        + b"".join(
            b"%5d root 20 0 %6d %5d S %3d.%d 0.1 0:00.%02d beam.smp\x1b[K\r\n"
            % (row, n * row % 99_999, n, row % 100, n % 10, row)
            for row in range(38)
        )
        for n in range(300)
    )


def ours(data: bytes) -> float:
    """MB/s; fed in pieces as a channel gives them."""
    screen = Screen(COLUMNS, LINES, time.monotonic)
    began = time.perf_counter()
    for at in range(0, len(data), 16_384):
        screen.feed(data[at : at + 16_384])
    return len(data) / (time.perf_counter() - began) / 1e6


def plain_pyte(data: bytes) -> float:
    """MB/s."""
    stream = pyte.ByteStream(pyte.Screen(COLUMNS, LINES))
    began = time.perf_counter()
    stream.feed(data)
    return len(data) / (time.perf_counter() - began) / 1e6


def medians(calls: dict[str, Callable[[], float]]) -> dict[str, float]:
    """The median of five of each, interleaved."""
    found: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(5):
        for name, call in calls.items():
            found[name].append(call())
    return {name: statistics.median(values) for name, values in found.items()}


def flood() -> tuple[float, float, bool]:
    """(our MB/s, tmux's, whether the last screen is the same) of 40 MB of plain lines."""
    data = b"".join(
        b"line %08d of a flood of plain text that scrolls by\r\n" % n for n in range(740_000)
    )
    with tempfile.TemporaryDirectory() as folder, Tmux(Path(folder)) as tmux:
        idle = statistics.median(_timed(tmux, b"x") for _ in range(5))
        rates = medians(
            {
                "ours": lambda: ours(data),
                "tmux": lambda: len(data) / (_timed(tmux, data) - idle) / 1e6,
            }
        )
        theirs, _ = tmux.screen(data, COLUMNS, LINES)
    screen = Screen(COLUMNS, LINES, time.monotonic)
    screen.feed(data)
    return rates["ours"], rates["tmux"], screen.text() == theirs


def _timed(tmux: Tmux, data: bytes) -> float:
    began = time.perf_counter()
    tmux.screen(data, COLUMNS, LINES)
    return time.perf_counter() - began


def main() -> int:
    """Print a line a figure; 1 if a must is missed."""
    wrong = False
    for name, make in (("text", text), ("redraw", redraw), ("colour", colour)):
        data = make()
        part = data[:200_000]
        rates = medians({"ours": lambda d=data: ours(d), "pyte": lambda p=part: plain_pyte(p)})  # type: ignore[misc]
        ratio = rates["ours"] / rates["pyte"]
        wrong |= ratio < MUST[name]
        print(
            f"{name:8} ours {rates['ours']:7.2f} MB/s  pyte {rates['pyte']:5.2f}  x {ratio:6.1f}"
            f"  must {MUST[name]:g} goal {GOAL[name]:g}"
        )
    own, tmux, same = flood()
    wrong |= own / tmux < FLOOD_MUST or not same
    print(
        f"flood    ours {own:7.2f} MB/s  tmux {tmux:5.2f}  x {own / tmux:6.2f}"
        f"  must {FLOOD_MUST:g} goal {FLOOD_GOAL:g}  same screen: {same}"
    )
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())

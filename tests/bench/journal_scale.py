"""The journal's store at scale, beside a list of entries in the same run.

Run: `python -m tests.bench.journal_scale [LINES [MOST]]`; LINES (a million) are held by the store
and by a list, MOST (0: not) by the store alone. Each is a process of its own; exits 1 below a
target of performance.md. Memory is resident memory over what the process had before, and over the
bytes of the messages.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tui.model.journal import Entry, EntryKind, Level
from tui.operations.store import JournalStore

BATCH = 128
NOW = 1_795_394_000
MEMORY_MUST, MEMORY_GOAL = 0.3, 0.15
ADD_MUST = 80_000
HOSTS = 8


def batches(lines: int) -> Iterator[tuple[str, list[Entry]]]:
    """Lines of eight hosts as they arrive: 128 of one, then of the next; 187 bytes each."""
    common = ("b" * 32, 4711, "billing", "billing.service", "c" * 32, "d" * 32)
    pad = "agent=Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 ref=/orders?page=12 country=DE"
    for first in range(0, lines, BATCH):
        host = f"web{first // BATCH % HOSTS}"
        yield (
            host,
            [
                Entry(
                    host,
                    NOW * 1_000_000 + number * 10,
                    Level.ERROR if number % 50 == 0 else Level.INFO,
                    EntryKind.APP,
                    f"12:03:{number % 60:02}.123 request_id=F{number:012x} [info] "
                    f"GET /api/orders/{number:08} Sent 200 in {number % 90:02}ms {pad}",
                    f"s={'e' * 32};i={number:x};b={'b' * 32};m={number:x};t={number:x}",
                    *common,
                )
                for number in range(first, min(first + BATCH, lines))
            ],
        )


def resident_bytes() -> int:
    """This process's resident memory."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise SystemExit("this needs Linux")


def filled(lines: int, add: Callable[[str, list[Entry]], object]) -> tuple[float, int]:
    """(seconds that adding took, bytes of the messages)."""
    took, raw = 0.0, 0
    for host, batch in batches(lines):
        raw += sum(len(entry.message) for entry in batch)
        began = time.perf_counter()
        add(host, batch)
        took += time.perf_counter() - began
    return took, raw


def one_run(kind: str, lines: int) -> dict[str, float]:
    """Fill a list or a store in this process, and measure it."""
    warm = JournalStore(10_000, time.time)
    filled(5_000, warm.add)
    before = resident_bytes()
    with tempfile.TemporaryDirectory(dir=Path.home()) as folder:
        if kind == "list":
            held: list[Entry] = []
            took, raw = filled(lines, lambda _host, batch: held.extend(batch))
        else:
            store = JournalStore(lines, lambda: NOW + 60.0, 1 << 40, Path(folder))
            took, raw = filled(lines, store.add)
            if len(store.entries) != lines or store.problem:
                raise SystemExit(f"{len(store.entries)} of {lines} held: {store.problem}")
        grown = resident_bytes() - before
    return {"lines_s": lines / took, "grown": grown, "raw": raw}


def measured(kind: str, lines: int) -> dict[str, float]:
    """A run in a process of its own."""
    words = [sys.executable, "-m", "tests.bench.journal_scale", "--run", kind, str(lines)]
    told: dict[str, float] = json.loads(subprocess.run(words, check=True, stdout=-1).stdout)
    return told


def main() -> int:
    """Print the table; 1 below a target."""
    if sys.argv[1:2] == ["--run"]:
        print(json.dumps(one_run(sys.argv[2], int(sys.argv[3]))))
        return 0
    numbers = [int(word) for word in sys.argv[1:]]
    lines = numbers[0] if numbers else 1_000_000
    runs = [("list", lines), ("store", lines)]
    if len(numbers) > 1 and numbers[1]:
        runs.append(("store", numbers[1]))
    missed = False
    for kind, count in runs:
        told = measured(kind, count)
        ratio = told["grown"] / told["raw"]
        print(
            f"{kind:<6} {count:>11,} lines  added at {told['lines_s']:>9,.0f}/s  "
            f"memory {told['grown'] / 1e6:>7.1f} MB, {ratio:.3f} of their bytes"
        )
        if kind == "store":
            missed |= ratio > MEMORY_MUST or told["lines_s"] < ADD_MUST
    print(f"must: memory <= {MEMORY_MUST} (goal {MEMORY_GOAL}), added >= {ADD_MUST:,}/s")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())

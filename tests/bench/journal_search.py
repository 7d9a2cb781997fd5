"""Filters over a journal held by the store, beside grep and beside asking each entry of a list.

Run: `python -m tests.bench.journal_search [LINES]` (a million). All in one run, in turn, the median
of five; counts must be grep's. Exits 1 below a target of performance.md. Both read from the page
cache; grep's time holds its start and a pipe's end, the store's the listing that the screen draws.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench.journal_scale import NOW, batches
from tui.model.journal import Entry
from tui.model.journal_filter import Filter
from tui.model.query import Query
from tui.operations.store import JournalStore
from tui.widgets.journal_list import Listing
from tui.widgets.journal_source import end_of

PASSES = 5
LISTED = 50_000
SLICE_MUST_S = 0.008
# What is asked, grep's arguments for it, and at most how many times grep's time it may take.
ASKED: tuple[tuple[str, Filter, list[str], float, float], ...] = (
    ("literal, 1 of 9", Filter("200 in 7", ignore_case=False), ["-cF", "200 in 7"], 1.5, 1.0),
    ("literal, none", Filter("absent text", ignore_case=False), ["-cF", "absent text"], 1.5, 1.0),
    ("ignore case", Filter("sent 200 IN 77"), ["-ciF", "sent 200 IN 77"], 2.0, 1.2),
    (
        "regex",
        Filter(r"orders/00\d*77 Sent", regex=True, ignore_case=False),
        ["-cE", r"orders/00[0-9]*77 Sent"],
        2.0,
        1.2,
    ),
    (
        "alternation",
        Filter("in 11ms|in 12ms|in 13ms", regex=True, ignore_case=False),
        ["-cE", "in 11ms|in 12ms|in 13ms"],
        6.0,
        3.0,
    ),
)


def seconds(call: Callable[[], int], wanted: int) -> float:
    """How long a call takes that must count `wanted`."""
    began = time.perf_counter()
    count = call()
    took = time.perf_counter() - began
    if count != wanted:
        raise SystemExit(f"{count} found where grep finds {wanted}")
    return took


def grep(words: list[str], file: Path) -> int:
    """What grep counts."""
    told = subprocess.run(["grep", *words, str(file)], stdout=-1, env={"LC_ALL": "C.UTF-8"})
    return int(told.stdout)


def listed(store: JournalStore, query: Query) -> int:
    """What the screen would list, scanned from the end as it does."""
    listing = Listing(store, query, end_of(store))
    listing.scan(float("inf"))
    return len(listing)


def longest_slice(store: JournalStore, query: Query) -> float:
    """The longest that a scan holds the screen, with the view's slices of 5 ms."""
    listing, longest = Listing(store, query, end_of(store)), 0.0
    while not listing.done:
        began = time.perf_counter()
        listing.scan(began + 0.005)
        longest = max(longest, time.perf_counter() - began)
    return longest


def main() -> int:
    """Print the table; 1 below a target."""
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    missed = False
    with tempfile.TemporaryDirectory(dir=Path.home()) as name:
        folder, file = Path(name), Path(name) / "lines"
        store = JournalStore(lines, lambda: NOW + 60.0, 1 << 40, folder / "spilled")
        some: list[Entry] = []
        with file.open("w", encoding="utf-8") as text:
            for host, batch in batches(lines):
                store.add(host, batch)
                text.writelines(f"{entry.message}\n" for entry in batch)
                some += batch if len(some) < LISTED else []
        print(f"{lines:,} lines, {file.stat().st_size / 1e6:.0f} MB")
        for words, term, arguments, must, goal in ASKED:
            query = Query((term,))
            wanted = grep(arguments, file)
            in_list = sum(map(query.matches, some))
            times: dict[str, list[float]] = {"store": [], "grep": [], "list": []}
            for _ in range(PASSES):
                times["store"].append(seconds(lambda q=query: listed(store, q), wanted))
                times["grep"].append(seconds(lambda a=arguments: grep(a, file), wanted))
                times["list"].append(
                    seconds(lambda q=query: sum(map(q.matches, some)), in_list) * lines / len(some)
                )
            ours, theirs, old = (statistics.median(times[kind]) for kind in times)
            slowest = longest_slice(store, query)
            missed |= ours / theirs > must
            print(
                f"{words:<16} {wanted:>8,} hits  store {ours * 1e3:>6.0f} ms  "
                f"grep {theirs * 1e3:>5.0f} ms  ratio {ours / theirs:>5.2f} "
                f"(must {must}, goal {goal})  each of a list {old * 1e3:>6.0f} ms  "
                f"slice {slowest * 1e3:.1f} ms"
            )
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())

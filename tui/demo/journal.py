"""A host's journal: entries with real cursors, boots, rotation, rate limits, and its followers."""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from tui.demo.hostclock import Boot, HostClock

LINE_MAX = 48 * 1024
DROPPED = "a596d6fe7bfa4994828e72309e95d61e"

Field = tuple[str, bytes]


def fields_of(values: dict[str, str | int | bytes]) -> tuple[Field, ...]:
    """Fields from names and values."""
    return tuple(
        (name, value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogateescape"))
        for name, value in values.items()
    )


@dataclass(frozen=True, eq=False)
class Source:
    """What all entries of one writer share; `file` is the id of the journal file it goes to."""

    fields: tuple[Field, ...]
    file: str

    @cached_property
    def map(self) -> dict[str, bytes]:
        """The fields by name."""
        return dict(self.fields)

    @cached_property
    def unit(self) -> str:
        """The unit whose stdout it is, or `""`."""
        return self.map.get("_SYSTEMD_UNIT", b"").decode()

    @cached_property
    def rendered(self) -> dict[object, bytes]:
        """A place for an output format to keep these fields as it prints them."""
        return {}


class Entry:
    """One entry: its place and times (µs), the fields of its writer and its own."""

    __slots__ = ("at_us", "boot_id", "fields", "mono_us", "seq", "source")

    def __init__(
        self,
        place: tuple[int, int, int, str],
        source: Source,
        fields: tuple[Field, ...],
    ) -> None:
        self.seq, self.at_us, self.mono_us, self.boot_id = place
        self.source = source
        self.fields = fields

    def get(self, name: str) -> bytes | None:
        """A field's (first) value."""
        for key, value in self.fields:
            if key == name:
                return value
        return self.source.map.get(name)

    @property
    def cursor(self) -> str:
        """journald's cursor of the entry."""
        mixed = ((self.seq * 0x9E3779B97F4A7C15) ^ (self.at_us * 0xBF58476D1CE4E5B9)) % (1 << 64)
        return (
            f"s={self.source.file};i={self.seq:x};b={self.boot_id};m={self.mono_us:x};"
            f"t={self.at_us:x};x={mixed:x}"
        )


@dataclass(slots=True)
class RateLimit:
    """journald's limit a unit: `burst` messages in `interval_s`; None is no limit."""

    burst: int | None = None
    interval_s: float = 30.0


@dataclass(slots=True)
class _Window:
    begun_us: int = 0
    passed: int = 0
    dropped: int = 0


class Journal:
    """Entries of one host in order of receipt; index 0 is the oldest that is held."""

    def __init__(self, clock: HostClock, rng: random.Random) -> None:
        self._clock = clock
        self._rng = rng
        self.entries: list[Entry] = []
        self.removed = 0
        self.persistent = True
        self.limit = RateLimit()
        self.machine_id = self.new_id()
        self.system_file = self.new_id()
        self.user_file = self.new_id()
        self._archived = 0
        self._seq = 1
        self._windows: dict[str, _Window] = {}
        self._watchers: list[Callable[[], None]] = []
        self._driver = Source((), self.system_file)
        self.broken = 0

    def new_id(self) -> str:
        """A 128-bit id as systemd prints it."""
        return f"{self._rng.getrandbits(128):032x}"

    @property
    def boot(self) -> Boot:
        """The current boot."""
        return self._clock.boot

    @property
    def archived(self) -> int:
        """How many of the entries lie in archived files."""
        return self._archived

    def set_driver(self, fields: Iterable[Field]) -> None:
        """The fields of journald's own notices."""
        self._driver = Source(tuple(fields), self.system_file)

    def now_us(self) -> int:
        """The host's clock, µs."""
        return self._clock.now_us()

    def append(self, source: Source, fields: Sequence[Field]) -> None:
        """Write one entry, now by the host's clock."""
        clock = self._clock
        self._seq += 1
        place = (self._seq, clock.now_us(), max(1, clock.monotonic_us()), clock.boot.boot_id)
        self.entries.append(Entry(place, source, tuple(fields)))
        self._wake()

    def write_lines(self, source: Source, data: bytes, ended_by: bytes = b"") -> None:
        """Write what a service wrote to its stdout: an entry a line, long lines split.

        `ended_by` is journald's word for a last line that no newline ended.
        """
        for line in data.removesuffix(b"\n").split(b"\n"):
            pieces = [line[i : i + LINE_MAX] for i in range(0, len(line), LINE_MAX)] or [b""]
            for number, piece in enumerate(pieces, 1):
                if not self._admitted(source.unit):
                    continue
                broken = b"line-max" if number < len(pieces) else ended_by
                last = (("_LINE_BREAK", broken),) if broken else ()
                self.append(source, (("MESSAGE", piece), *last))

    def _admitted(self, unit: str) -> bool:
        """Whether the rate limit lets a message pass; tells of earlier drops when it does."""
        if self.limit.burst is None or not unit:
            return True
        now = self.now_us()
        window = self._windows.setdefault(unit, _Window(now))
        if now - window.begun_us > self.limit.interval_s * 1_000_000:
            if window.dropped:
                self._tell_dropped(unit, window.dropped)
            window.begun_us, window.passed, window.dropped = now, 0, 0
        if window.passed >= self.limit.burst:
            window.dropped += 1
            return False
        window.passed += 1
        return True

    def _tell_dropped(self, unit: str, count: int) -> None:
        self.append(
            self._driver,
            fields_of(
                {
                    "MESSAGE_ID": DROPPED,
                    "MESSAGE": f"Suppressed {count} messages from {unit}",
                    "N_DROPPED": count,
                    "OBJECT_SYSTEMD_UNIT": unit,
                }
            ),
        )

    def at_or_after(self, at_us: int) -> int:
        """Index of the first entry at or after a time; entries are taken as ordered in time."""
        return bisect_left(self.entries, at_us, key=lambda entry: entry.at_us)

    def find(self, cursor: str) -> int:
        """Index of the cursor's entry or, when it is gone, of the nearest later one.

        ValueError if it is not a cursor.
        """
        parts = dict(part.partition("=")[::2] for part in cursor.split(";"))
        if "i" not in parts and "t" not in parts:
            raise ValueError(cursor)
        seq = int(parts.get("i", "0"), 16)
        if seq and parts.get("s") in (self.system_file, self.user_file):
            return bisect_left(self.entries, seq, key=lambda entry: entry.seq)
        return self.at_or_after(int(parts.get("t", "0"), 16))

    def rotate(self) -> None:
        """Archive the files that are written to."""
        self._archived = len(self.entries)

    def vacuum(self) -> int:
        """Remove the archived files; how many entries went with them."""
        gone = self._archived
        del self.entries[:gone]
        self.removed += gone
        self._archived = 0
        return gone

    def make_volatile(self) -> None:
        """Keep the present boot only."""
        self.persistent = False
        kept = [entry for entry in self.entries if entry.boot_id == self.boot.boot_id]
        self.removed += len(self.entries) - len(kept)
        self.entries = kept
        self._archived = 0

    def break_followers(self) -> None:
        """Make every follower fail with "Bad message", as a vacuum under a laggard can."""
        self.broken += 1
        self._wake()

    def watch(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back after each write; the result ends it."""
        self._watchers.append(callback)
        return lambda: self._watchers.remove(callback)

    def _wake(self) -> None:
        for watcher in self._watchers:
            watcher()

    def size_bytes(self) -> int:
        """What the files take up, in journald's steps of 8 MiB a file."""
        files = 2 + (2 if self._archived else 0)
        return files * 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class BootSpan:
    """A boot as `--list-boots` tells it."""

    boot_id: str
    first_us: int
    last_us: int


def boot_spans(journal: Journal) -> list[BootSpan]:
    """The boots with entries, oldest first."""
    spans: dict[str, tuple[int, int]] = {}
    for entry in journal.entries:
        first, _ = spans.get(entry.boot_id, (entry.at_us, 0))
        spans[entry.boot_id] = (first, entry.at_us)
    return [BootSpan(boot, first, last) for boot, (first, last) in spans.items()]

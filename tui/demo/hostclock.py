"""A host's clock: the fleet's with a skew, CLOCK_MONOTONIC, and the past while it is told."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Boot:
    """A boot: its id, and what to subtract from Unix µs to get µs since it began."""

    boot_id: str
    offset_us: int


class HostClock:
    """Unix time and time since boot of one host.

    The current boot is this machine's own, so that /proc and the journal agree about it.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.skew_s = 0.0
        self._past: tuple[int, Boot] | None = None
        boot_id = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
        offset = self.now_us() - self.monotonic_us()
        self._boot = Boot(boot_id.strip().replace("-", ""), offset)

    @property
    def boot(self) -> Boot:
        """The boot of the moment that is told."""
        return self._past[1] if self._past is not None else self._boot

    def now(self) -> float:
        """Unix seconds."""
        return self.now_us() / 1_000_000

    def now_us(self) -> int:
        """Unix µs."""
        if self._past is not None:
            return self._past[0]
        return int((self._clock() + self.skew_s) * 1_000_000)

    def monotonic_us(self) -> int:
        """µs since the boot of the moment that is told."""
        if self._past is not None:
            return self._past[0] - self._past[1].offset_us
        return time.monotonic_ns() // 1000

    def erlang(self) -> str:
        """`23-Nov-2026::00:33:35.573507`, as Erlang's reports print it."""
        return datetime.fromtimestamp(self.now(), UTC).strftime("%d-%b-%Y::%H:%M:%S.%f")

    @contextlib.contextmanager
    def at(self, at_us: int, boot: Boot | None = None) -> Iterator[None]:
        """Stand in the past: what is written meanwhile was written then."""
        self._past = (at_us, boot or self._boot)
        try:
            yield
        finally:
            self._past = None

    def pass_time(self, seconds: float) -> None:
        """Let time go by in the past that is told."""
        if self._past is not None:
            self._past = (self._past[0] + int(seconds * 1_000_000), self._past[1])

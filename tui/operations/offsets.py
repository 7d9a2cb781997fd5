"""How far each host's clock is ahead of ours, as far as that can be told from here."""

from __future__ import annotations

# Offsets and changes below this are noise of the measurement: hosts that keep time by NTP are
# closer to each other than a round trip can tell.
NOISE_S = 0.1


class Offsets:
    """Seconds by host; 0.0 until measured."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}

    def get(self, host: str) -> float:
        """How far the host's clock is taken to be ahead."""
        return self._seconds.get(host, 0.0)

    def known(self, host: str) -> bool:
        """Whether it was measured."""
        return host in self._seconds

    def set(self, host: str, seconds: float) -> None:
        """Take a measurement in, unless it only repeats the last one with other noise."""
        if abs(seconds) < NOISE_S:
            seconds = 0.0
        known = self._seconds.get(host)
        if known is None or seconds == 0.0 or abs(seconds - known) >= NOISE_S:
            self._seconds[host] = seconds

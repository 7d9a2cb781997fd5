"""How long things take on a simulated host, seconds; tests take the fast ones."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """Durations of a unit's life. `boot_s` is from the fork until the app serves."""

    boot_s: float = 2.4
    exec_stop_s: float = 0.3
    stop_s: float = 2.0
    crash_s: float = 0.4
    restart_s: float = 0.25
    timeout_start_s: float = 90.0
    timeout_stop_s: float = 90.0
    limit_interval_s: float = 10.0
    limit_burst: int = 5
    rpc_s: float = 0.35
    chatter_s: float = 0.5


REAL = Timing()
FAST = Timing(
    boot_s=0.08,
    exec_stop_s=0.01,
    stop_s=0.04,
    crash_s=0.01,
    restart_s=0.03,
    timeout_stop_s=0.4,
    rpc_s=0.0,
    chatter_s=0.02,
)

"""When to try again, as values (R23)."""

from __future__ import annotations

import random

import pytest

from tui.ssh.backoff import Backoff


def _attempts(clients: int, seconds: float, chance: random.Random) -> list[float]:
    """When the attempts fall of clients that lose their links together, all of them in vain."""
    backoff, found = Backoff(), []
    for _ in range(clients):
        at, attempt = 0.0, 0
        while True:
            attempt += 1
            at += backoff.wait_s(attempt, chance)
            if at > seconds:
                break
            found.append(at)
    return found


@pytest.mark.parametrize("seed", range(20))
def test_a_hundred_clients_do_not_come_back_together(seed: int) -> None:
    attempts = _attempts(100, 60.0, random.Random(seed))
    shares = [sum(1 for at in attempts if int(at) == n) / len(attempts) for n in range(60)]
    assert max(shares) <= 0.2
    # The first tries come within a second, as they must; from then on they lie apart. Without
    # jitter the fleet would come back in steps of a fifth of all attempts each.
    assert max(shares[1:]) <= 0.1


def test_the_waits_begin_below_a_second_and_end_below_half_a_minute() -> None:
    backoff, chance = Backoff(), random.Random(1)
    assert all(backoff.wait_s(1, chance) <= 1.0 for _ in range(1000))
    assert [backoff.window_s(n) for n in range(1, 8)] == [1, 2, 4, 8, 16, 30, 30]
    waits = [backoff.wait_s(50, chance) for _ in range(2000)]
    assert max(waits) <= 30.0
    assert max(waits) > 28.0
    assert min(waits) < 2.0


def test_a_minute_of_health_starts_over() -> None:
    backoff = Backoff()
    assert not backoff.starts_over(59.9)
    assert backoff.starts_over(60.0)

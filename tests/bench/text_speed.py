"""How fast lines go through the door. Run: `python -m tests.bench.text_speed`; exits 1 below R1.

Each figure is the best of five passes over lines that are all different, in seconds of CPU.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Sequence

from tests.model.test_text import fuzzed
from tui.model.redact import from_host, redact
from tui.model.text import scrub

COUNT = 20_000
# Of one long line (64 Ki characters): no form of secret may take more than this, seconds.
LONG_LINE_S = 0.5


def clean_lines() -> list[bytes]:
    """A Phoenix app's day."""
    return [
        f"12:03:{i % 60:02}.123 request_id=F{i:012x} [info] GET /api/orders/{i} Sent 200 in "
        f"{i % 90}ms".encode()
        for i in range(COUNT)
    ]


def random_bytes() -> list[bytes]:
    """100 bytes each, six in ten not UTF-8."""
    rng = random.Random(7)
    return [rng.randbytes(100) for _ in range(COUNT)]


def with_secrets() -> list[bytes]:
    """Every line holds two secrets."""
    return [
        f"12:03:00.123 request_id=abc [info] user={i} token={i:x}abc password: p{i}w".encode()
        for i in range(COUNT)
    ]


def near_misses() -> list[bytes]:
    """Every line holds a hint of a secret, and no secret."""
    return [f"12:03:00.123 [info] CSRF token refreshed for user {i}".encode() for i in range(COUNT)]


def rate(lines: Sequence[bytes | str], call: Callable[[bytes | str], object]) -> float:
    """Lines a second."""
    best = float("inf")
    for _ in range(5):
        began = time.process_time()
        for line in lines:
            call(line)
        best = min(best, time.process_time() - began)
    return len(lines) / best


# What forms of secrets begin with, near enough to be followed far and then to fail.
FRAGMENTS = (
    "password", "password=", "password: a ", 'password="', "password='a\\", "{password, ",
    "secret_", "://a:", "://a:b@", "://", "x://1", "s3://a@", "--token", "-", "--cookie ",
    "eyJa.", "eyJaaaaaaa.", "-----begin private key-----", "authorization: ",
    "authorization: bearer ", "bearer ", "basic a", "cookie: a=", "cookie: ", "set_cookie(",
    '"a', '"token=', "<token>", "csrf-token\" ", "curl -u a", "curl -u a:", "login a password ",
    "?code=", "&a", "token=a&b", "token=&", "token=a)", "$2b$", "$6$a", "AKIA",
    "AKIAAAAAAAAAAAAAAAA", "ghp_", "sk-", "SG.aaaaaaaaaaaaaaaa.", "SFMyNTY.", "XCP.", "<<",
    "token: <<", 'token: <<"a', "identified by 'a", "a", "aA1", "aA1+", "= ", ": ", "\\\"",
    "token\\\"=\\\"", "sshpass -p", "@", "a@", "://a:b@c/",
)  # fmt: skip


def long_lines() -> list[tuple[float, str]]:
    """Seconds that 64 Ki characters of each fragment take, alone and under hints; worst first."""
    hints = " key pass secret token cookie :// @ curl bearer basic $ authorization = , - "
    took: list[tuple[float, str]] = []
    for fragment in FRAGMENTS:
        for tail in ("", hints):
            text = fragment * (65_536 // len(fragment)) + tail
            began = time.process_time()
            redact(text)
            took.append((time.process_time() - began, fragment + ("…" if tail else "")))
    return sorted(took, reverse=True)


# What is measured, with what, and the fewest lines a second that will do.
MEASURES: tuple[tuple[str, list[bytes | str], Callable[[bytes | str], object], int], ...] = (
    ("clean, scrub", [*clean_lines()], scrub, 1_000_000),
    ("clean, scrub and redact", [*clean_lines()], from_host, 300_000),
    ("coloured, scrub", [b"\x1b[36m" + line + b"\x1b[0m" for line in clean_lines()], scrub, 0),
    ("traces of two lines, scrub", [b"%b\n    (app) x" % x for x in clean_lines()], scrub, 0),
    ("hostile mixture, scrub", fuzzed(COUNT, seed=3), scrub, 50_000),
    ("hostile mixture, both", fuzzed(COUNT, seed=3), from_host, 0),
    ("100 random bytes, scrub", [*random_bytes()], scrub, 50_000),
    ("hint and no secret, both", [*near_misses()], from_host, 0),
    ("two secrets, both", [*with_secrets()], from_host, 0),
)


def main() -> int:
    """Print the table; 1 if something is slower than it must be."""
    slow = False
    for name, lines, call, least in MEASURES:
        reached = rate(lines, call)
        slow |= reached < least
        print(f"{name:<30} {reached:>12,.0f} lines/s" + (f"  (least {least:,})" if least else ""))
    for seconds, fragment in long_lines()[:5]:
        slow |= seconds > LONG_LINE_S
        print(f"64 Ki of {fragment!r:<35} {seconds * 1000:8.0f} ms  (at most {LONG_LINE_S:g} s)")
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())

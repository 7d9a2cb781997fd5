"""Health questions: an HTTP request's bytes and its answer, and bash's /dev/tcp as the other way.

A question that could not be put is `cannot check`, a value of its own: never healthy.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote

from tui.model.command import Command, Outcome
from tui.model.fleet import Health, HealthKind
from tui.model.redact import from_host

HEAD_LIMIT = 4096
"""Bytes of an HTTP answer that are read at most: its first line is all that is judged."""


class HealthState(StrEnum):
    """What is known of an app's health."""

    HEALTHY = "healthy"
    FAILING = "failing"
    CANNOT_CHECK = "cannot check"
    NOT_ASKED = "no check configured"


@dataclass(frozen=True, slots=True)
class HealthAnswer:
    """One answer; `detail` is shown."""

    state: HealthState
    detail: str = ""


def describe(health: Health) -> str:
    """The check in words, `GET http://127.0.0.1:4000/health answers 200`; empty: none."""
    if health.kind is HealthKind.HTTP:
        return f"GET http://{authority(health)}{health.path} answers {health.status}"
    if health.kind is HealthKind.TCP:
        return f"{authority(health)} accepts a connection"
    return ""


def authority(health: Health) -> str:
    """`address:port` as in a URL: an IPv6 address stands in brackets."""
    address = f"[{health.address}]" if ":" in health.address else health.address
    return f"{address}:{health.port}"


def http_request(health: Health) -> bytes:
    """A GET that asks for the connection to be closed after the answer."""
    # What is not printable ASCII is escaped: a line break in a configured path stays one line.
    path = quote(health.path, safe="/?#[]@!$&'()*+,;=:%-._~")
    path = path if path.startswith("/") else f"/{path}"
    return (
        f"GET {path} HTTP/1.1\r\nHost: {authority(health)}\r\n"
        "User-Agent: beamdeck\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    ).encode("ascii")


def parse_http_head(head: bytes, expected: int) -> HealthAnswer:
    """Judge the first line of an answer; what is not HTTP is failing, with its beginning shown."""
    line = head.split(b"\n", 1)[0].rstrip(b"\r")
    words = line.split(None, 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        if not head.strip():
            return HealthAnswer(HealthState.FAILING, "the connection gave no answer")
        return HealthAnswer(HealthState.FAILING, f"no HTTP answer but {_line(line[:60])}")
    status = int(words[1][:6])
    if status == expected:
        return HealthAnswer(HealthState.HEALTHY, f"answered {status}")
    said = f"answered {_line(b' '.join(words[1:])[:60])}, not {expected}"
    return HealthAnswer(HealthState.FAILING, said)


# $1 address, $2 port, $3 seconds, $4 the request, empty for none. Reads one line at most, since
# a server may keep the connection open. Exit 9: this bash has no /dev/tcp or none can be opened.
_DEV_TCP = """\
exec 2>&1
exec 3<>"/dev/tcp/$1/$2" || exit 8
[ -n "$4" ] || exit 0
printf '%s' "$4" >&3 || exit 8
IFS= read -r -t "$3" -n 4096 line <&3
printf '%s\\n' "$line"
"""


def dev_tcp(health: Health) -> Command:
    """The same check by bash on the host, for where sshd refuses forwarding; a read."""
    request = http_request(health).decode("ascii") if health.kind is HealthKind.HTTP else ""
    seconds = max(1, round(health.timeout_s))
    return Command(
        (
            "bash",
            "-c",
            _DEV_TCP,
            "beamdeck",
            health.address,
            str(health.port),
            str(seconds),
            request,
        ),
        timeout_s=health.timeout_s + 5.0,
        max_bytes=64 * 1024,
    )


def parse_dev_tcp(health: Health, outcome: Outcome) -> HealthAnswer:
    """Judge bash's answer; no bash, no /dev/tcp or an unknown end is `cannot check`."""
    if not outcome.known:
        return HealthAnswer(HealthState.CANNOT_CHECK, str(outcome.ended))
    if outcome.exit_status in (126, 127):
        return HealthAnswer(
            HealthState.CANNOT_CHECK,
            "sshd refuses to forward, and there is no bash on the host to ask from there",
        )
    if outcome.exit_status == 0:
        if health.kind is HealthKind.TCP:
            return HealthAnswer(HealthState.HEALTHY, "accepts a connection")
        return parse_http_head(outcome.stdout, health.status)
    if b"No such file or directory" in outcome.stdout:
        # A bash built without /dev/tcp says this of the path; there is no code for it.
        return HealthAnswer(HealthState.CANNOT_CHECK, "the host's bash has no /dev/tcp")
    said = _line(outcome.stdout.strip().rsplit(b": ", 1)[-1][:80]) or "not reachable"
    return HealthAnswer(HealthState.FAILING, said)


def _line(data: bytes) -> str:
    return from_host(data).split("\n")[0]

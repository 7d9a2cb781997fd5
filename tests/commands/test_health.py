"""Health's bytes: the request, what counts as an answer, and bash's way of asking."""

from __future__ import annotations

import socket
import subprocess
import threading
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.commands.health import (
    HealthState,
    describe,
    dev_tcp,
    http_request,
    parse_dev_tcp,
    parse_http_head,
)
from tui.model.command import Ended, Outcome, script_of
from tui.model.fleet import Health, HealthKind
from tui.model.text import scrub_line

HTTP = Health(HealthKind.HTTP, port=4000)
TCP = Health(HealthKind.TCP, port=4000)


def test_the_request_is_one_get_that_ends_its_connection() -> None:
    assert http_request(HTTP) == (
        b"GET /health HTTP/1.1\r\nHost: 127.0.0.1:4000\r\nUser-Agent: beamdeck\r\n"
        b"Accept: */*\r\nConnection: close\r\n\r\n"
    )
    six = replace(HTTP, address="::1", path="up?full=1&x=%20")
    assert http_request(six).startswith(b"GET /up?full=1&x=%20 HTTP/1.1\r\nHost: [::1]:4000\r\n")


@given(st.text(max_size=80))
def test_no_path_makes_a_second_line_of_the_request(path: str) -> None:
    request = http_request(replace(HTTP, path=path))
    assert request.count(b"\r\n") == 6
    first = request.split(b"\r\n")[0]
    assert first.count(b" ") == 2
    assert first.isascii()


@pytest.mark.parametrize(
    ("head", "state", "detail"),
    [
        (b"HTTP/1.1 200 OK\r\nServer: x\r\n", HealthState.HEALTHY, "answered 200"),
        (b"HTTP/1.0 200\n", HealthState.HEALTHY, "answered 200"),
        (b"HTTP/1.1 503 Down\r\n", HealthState.FAILING, "answered 503 Down, not 200"),
        (b"HTTP/1.1 2000 OK\r\n", HealthState.FAILING, "answered 2000 OK, not 200"),
        (b"", HealthState.FAILING, "the connection gave no answer"),
        (b"\n", HealthState.FAILING, "the connection gave no answer"),
        (b"SSH-2.0-OpenSSH\r\n", HealthState.FAILING, "no HTTP answer but SSH-2.0-OpenSSH"),
        (b"200 OK\r\n", HealthState.FAILING, "no HTTP answer but 200 OK"),
        (b"HTTP/1.1 OK 200\r\n", HealthState.FAILING, "no HTTP answer but HTTP/1.1 OK 200"),
    ],
)
def test_the_first_line_is_judged(head: bytes, state: HealthState, detail: str) -> None:
    answer = parse_http_head(head, 200)
    assert (answer.state, answer.detail) == (state, detail)


@given(st.binary(max_size=200))
def test_whatever_a_server_says_is_printable_and_never_raises(head: bytes) -> None:
    answers = [
        parse_http_head(head, 200),
        parse_dev_tcp(HTTP, Outcome(Ended.EXITED, 0, head)),
        parse_dev_tcp(HTTP, Outcome(Ended.EXITED, 8, head)),
    ]
    for answer in answers:
        assert scrub_line(answer.detail) == answer.detail


def test_the_check_in_words() -> None:
    assert describe(HTTP) == "GET http://127.0.0.1:4000/health answers 200"
    assert describe(TCP) == "127.0.0.1:4000 accepts a connection"
    assert describe(Health()) == ""


# -- bash on the host ------------------------------------------------------------------------


def ask_by_bash(health: Health) -> Outcome:
    """Really run it, as the host's /bin/sh would."""
    done = subprocess.run(
        ["/bin/sh", "-s"], input=script_of(dev_tcp(health)), capture_output=True, timeout=20
    )
    return Outcome(Ended.EXITED, done.returncode, done.stdout, done.stderr)


class Server:
    """One answer on loopback, then the connection stays open until the end of the test."""

    def __init__(self, answer: bytes) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.asked = b""
        self._answer = answer
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            connection.settimeout(10)
            while self._answer and b"\r\n\r\n" not in self.asked:
                self.asked += connection.recv(4096)
            connection.sendall(self._answer)
            self._done.wait(10)

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join(10)
        self._listener.close()


def test_bash_asks_and_reads_one_line_of_an_answer_that_never_ends() -> None:
    with Server(b"HTTP/1.1 200 OK\r\nServer: x\r\n") as server:
        health = replace(HTTP, port=server.port)
        answer = parse_dev_tcp(health, ask_by_bash(health))
    assert answer.state is HealthState.HEALTHY
    assert server.asked == http_request(health)


def test_bash_tells_a_sick_server() -> None:
    with Server(b"HTTP/1.1 503 Service Unavailable\r\n\r\n") as server:
        health = replace(HTTP, port=server.port)
        answer = parse_dev_tcp(health, ask_by_bash(health))
    assert answer.detail == "answered 503 Service Unavailable, not 200"


def test_bash_gives_up_on_a_server_that_says_nothing() -> None:
    with Server(b"") as server:
        health = replace(HTTP, port=server.port, timeout_s=1.0)
        answer = parse_dev_tcp(health, ask_by_bash(health))
    assert answer.state is HealthState.FAILING


def test_bash_tells_a_closed_port_and_an_open_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        health = replace(TCP, port=listener.getsockname()[1])
        assert parse_dev_tcp(health, ask_by_bash(health)).state is HealthState.HEALTHY
    closed = parse_dev_tcp(health, ask_by_bash(health))
    assert closed.state is HealthState.FAILING
    assert closed.detail == "Connection refused"


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(Ended.EXITED, 127, b"", b"/bin/sh: 1: exec: bash: not found"),
        Outcome(Ended.EXITED, 126),
        Outcome(Ended.EXITED, 8, b"bash: /dev/tcp/127.0.0.1/4000: No such file or directory\n"),
        Outcome(Ended.TIMED_OUT, None),
        Outcome(Ended.LINK_LOST, None, b"HTTP/1.1 200 OK\r\n"),
    ],
)
def test_what_could_not_be_asked_is_never_healthy(outcome: Outcome) -> None:
    assert parse_dev_tcp(HTTP, outcome).state is HealthState.CANNOT_CHECK


def test_an_exit_without_a_status_is_not_healthy() -> None:
    answer = parse_dev_tcp(TCP, Outcome(Ended.EXITED, None))
    assert answer.state is not HealthState.HEALTHY

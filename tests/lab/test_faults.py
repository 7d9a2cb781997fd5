"""Each fault does what it says, and its undo mends it."""

from __future__ import annotations

import selectors
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.lab import faults
from tests.lab.client import http_get, ssh, ssh_argv
from tests.lab.lab import Lab
from tests.lab.recipe import APP_ROOT, UNIT

pytestmark = pytest.mark.lab

WEB1 = "10.77.0.11"


@contextmanager
def _ticking(lab: Lab) -> Iterator[subprocess.Popen[str]]:
    """An open SSH session to web1 that says a number ten times a second."""
    script = "i=0; while :; do echo $((i=i+1)); sleep 0.1; done"
    argv = [*ssh_argv(lab, "devops", "web1"), script]
    with subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as session:
        assert session.stdout is not None
        assert session.stdout.readline() == "1\n"
        yield session
        session.kill()


def _reads(session: subprocess.Popen[str], count: int) -> list[int]:
    assert session.stdout is not None
    return [int(session.stdout.readline()) for _ in range(count)]


def _silence(session: subprocess.Popen[str], seconds: float) -> bool:
    """Whether nothing more comes for a while, once what was under way has been read."""
    assert session.stdout is not None
    with selectors.DefaultSelector() as watch:
        watch.register(session.stdout, selectors.EVENT_READ)
        until = time.monotonic() + 3
        while watch.select(seconds):
            if not session.stdout.readline() or time.monotonic() > until:
                return False
    return session.poll() is None


def test_a_pulled_cable(lab: Lab) -> None:
    with _ticking(lab) as session:
        with faults.link_down("web1"):
            assert _silence(session, 0.7)
            assert ssh(lab, "devops", "web1", "true", limit_s=1).status == 255
            assert ssh(lab, "devops", "web2", "true").status == 0
        # The session outlives it: TCP sends again what was lost.
        assert _reads(session, 20)[-1] > 20
    assert ssh(lab, "devops", "web1", "true").status == 0


def test_a_black_hole_is_silent_both_ways(lab: Lab) -> None:
    with _ticking(lab) as session:
        with faults.black_hole("web1"):
            assert _silence(session, 0.7)
            with pytest.raises(TimeoutError), socket.create_connection((WEB1, 22), 1):
                pass
            # The other hosts still reach it.
            peer = "bash -c 'exec 3<>/dev/tcp/web1/22 && head -c 4 <&3'"
            assert lab.sh("web2", peer) == "SSH-"
        assert _reads(session, 20)[-1] > 20


def test_killed_connections_end_and_the_listener_stays(lab: Lab) -> None:
    with _ticking(lab) as session:
        there = faults.connections(lab.sh, "web1")
        assert len(there) == 2
        assert faults.end_connections(lab.sh, "web1") == 2
        assert session.wait(5) == 255
        assert faults.connections(lab.sh, "web1") == []
    assert ssh(lab, "devops", "web1", "true").status == 0


def test_one_connection_of_two_is_killed(lab: Lab) -> None:
    with _ticking(lab) as first:
        mine = faults.connections(lab.sh, "web1")
        with _ticking(lab) as second:
            faults.end_connections(lab.sh, "web1", mine)
            assert first.wait(5) == 255
            assert _reads(second, 5)
            assert second.poll() is None


def test_stopped_connections_say_nothing_and_go_on(lab: Lab) -> None:
    with _ticking(lab) as session:
        with faults.stopped_connections(lab.sh, "web1") as count:
            assert count == 2
            assert _silence(session, 0.7)
            # A new connection is the listener's business, which is well.
            assert ssh(lab, "devops", "web1", "true").status == 0
        assert _reads(session, 20)[-1] > 20


def test_vacuum_drops_what_is_old(lab: Lab) -> None:
    lab.sh("web1", "logger -t vacuum before; journalctl --sync")
    assert "before" in lab.sh("web1", "journalctl -q -t vacuum -o cat --no-pager")
    faults.vacuum(lab.sh, "web1")
    lab.sh("web1", "logger -t vacuum after; journalctl --sync")
    assert lab.sh("web1", "journalctl -q -t vacuum -o cat --no-pager") == "after\n"


def test_journald_restarted_keeps_the_units_stream(lab: Lab) -> None:
    journald = "systemctl show -p MainPID --value systemd-journald"
    before = lab.sh("web1", journald)
    faults.restart_journald(lab.sh, "web1")
    assert lab.sh("web1", journald) != before
    run = http_get(WEB1, "/flood?rate=50&seconds=1")[1]
    seen = f"journalctl -q -u {UNIT} -o cat --no-pager -n 200 | grep -c 'run={run}' | grep -qx 50"
    lab.host("web1").wait_until(seen, 10)


def test_a_full_disk(lab: Lab) -> None:
    with faults.full_disk(lab.sh, "web1"):
        refused = ssh(lab, "devops", "web1", f"sudo -n -u billing cp /etc/passwd {APP_ROOT}/new")
        assert refused.status == 1
        assert "No space left on device" in refused.err
        assert http_get(WEB1, "/health")[0] == 200
    assert "releases" in lab.sh("web1", f"ls {APP_ROOT}").split()


def test_a_read_only_file_system(lab: Lab) -> None:
    with faults.read_only(lab.sh, "web1"):
        refused = ssh(lab, "devops", "web1", f"sudo -n touch {APP_ROOT}/new")
        assert refused.status == 1
        assert "Read-only file system" in refused.err
        assert "releases" in lab.sh("web1", f"ls {APP_ROOT}").split()
    assert lab.sh("web1", f"touch {APP_ROOT}/new && rm {APP_ROOT}/new && echo mended") == "mended\n"

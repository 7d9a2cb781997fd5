"""status, tail and the served demo as commands of their own, against one embedded fleet."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

BEAMDECK = [sys.executable, "-m", "tui"]


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def config(state: Path) -> Iterator[str]:
    """The path that `beamdeck demo --serve` prints; the fleet is gone afterwards."""
    served = subprocess.Popen(
        [*BEAMDECK, "demo", "--serve"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "XDG_STATE_HOME": str(state)},
    )
    assert served.stdout is not None
    with served.stdout:
        path = served.stdout.readline().strip()
        yield path
        served.send_signal(signal.SIGTERM)
        assert served.wait(20) == 0
    assert not Path(path).exists(), "the served fleet leaves nothing behind"


def run(
    config: str, state: Path, *args: str, **options: object
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*BEAMDECK, "--config", config, *args],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
        env={**os.environ, "XDG_STATE_HOME": str(state)},
    )


def test_status_as_json_has_the_facts_of_the_hosts_screen(config: str, state: Path) -> None:
    done = run(config, state, "status", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    hosts = {host["host"]: host for host in told["hosts"]}
    assert list(hosts) == ["web1", "web2", "web3"]
    assert {host["state"] for host in hosts.values()} == {"running"}
    assert hosts["web3"]["release"]["runs"] == "0.2.0"
    assert hosts["web3"]["release"]["boots"] == "0.3.0"
    assert [n["text"] for n in told["notices"]] == ["runs 0.2.0 but would boot 0.3.0"]
    assert hosts["web1"]["unit"]["main_pid"] > 0
    assert hosts["web1"]["rtt_s"] > 0


def test_status_for_people_says_the_same(config: str, state: Path) -> None:
    done = run(config, state, "status")
    assert done.returncode == 0, done.stderr
    assert "web3  running" in done.stdout
    assert "restart changes it" in done.stdout
    assert "\x1b" not in done.stdout


def test_migrations_with_both_views_and_their_judgements(config: str, state: Path) -> None:
    done = run(config, state, "migrations", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["host"], [view["by"] for view in told["views"]]) == ("web1", ["rpc", "eval"])
    (repo,) = told["repos"]
    amount = next(m for m in repo["migrations"] if m["version"] == 20180101120000)
    assert (amount["node"], amount["disk"], amount["since"]) == ("applied", "applied", "0.2.0")
    assert amount["can_be_undone"] == "yes"
    assert amount["loses"]["down"]["what"] == ["column t_create_invoices.amount"]
    assert amount["loses"]["down"]["why"][0]["text"] == "add :amount, :decimal"
    lines = run(config, state, "migrations").stdout
    assert "seen by web1: running 0.2.0 (rpc), on disk 0.2.0 (eval)" in lines
    assert "20180101120000 add_amount" in lines


def test_tail_tells_the_past_merged_and_ends(config: str, state: Path) -> None:
    done = run(config, state, "tail", "--since", "60s", "--no-follow", "--json")
    assert done.returncode == 0, done.stderr
    entries = [json.loads(line) for line in done.stdout.splitlines()]
    assert {entry["host"] for entry in entries} == {"web1", "web2", "web3"}
    times = [entry["at_us"] for entry in entries]
    assert times == sorted(times)
    assert len(entries) > 100


def test_tail_narrows_by_host_level_and_text(config: str, state: Path) -> None:
    done = run(config, state, "tail", "--since", "15m", "--no-follow", "--host", "web2",
               "--level", "error", "--grep", "timed out")  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines
    assert all(" web2 ERROR " in line and "timed out" in line for line in lines)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--level", "loud"], "no such level: loud"),
        (["--host", "web9"], "no such host: web9"),
        (["--regex", "--grep", "("], "unterminated"),
        (["--since", "once upon a time"], "once upon a time"),
    ],
)
def test_tail_explains_what_it_cannot_do(
    config: str, state: Path, args: list[str], said: str
) -> None:
    done = run(config, state, "tail", "--no-follow", *args)
    assert done.returncode == 1
    assert said in done.stderr


def test_tail_into_a_closed_pipe_ends_quietly(config: str, state: Path) -> None:
    command = " ".join([*BEAMDECK, "--config", config, "tail", "--since", "60s"])
    done = subprocess.run(
        ["/bin/sh", "-c", f"{command} | head -n 3"],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
        env={**os.environ, "XDG_STATE_HOME": str(state)},
    )
    assert len(done.stdout.splitlines()) == 3
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def test_a_screenshot_needs_no_terminal(tmp_path: Path) -> None:
    picture = tmp_path / "hosts.svg"
    done = subprocess.run(
        [*BEAMDECK, "demo", "--screenshot", str(picture), "--size", "80x24"],
        capture_output=True,
        timeout=55,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    drawn = picture.read_text()
    assert "web3" in drawn
    assert "running" in drawn


def test_audit_verify_names_the_first_bad_line(tmp_path: Path) -> None:
    from tui.model.audit import AuditRecord
    from tui.operations.audit_log import AuditLog

    path = tmp_path / "audit.jsonl"
    log = AuditLog(path, lambda: 1_795_400_000.0)
    for number in range(3):
        log.write(AuditRecord(event="unlock", environment="x", reason=f"reason {number}"))
    whole = subprocess.run([*BEAMDECK, "audit", "verify", str(path)], capture_output=True,
                           text=True, check=False)  # fmt: skip
    assert (whole.returncode, whole.stdout.strip()[-5:]) == (0, "whole")
    path.write_text(path.read_text().replace("reason 1", "reason 7"))
    broken = subprocess.run([*BEAMDECK, "audit", "verify", str(path)], capture_output=True,
                            text=True, check=False)  # fmt: skip
    assert broken.returncode == 1
    assert "line 2" in broken.stdout


def test_releases_by_host_and_in_the_store(config: str, state: Path) -> None:
    done = run(config, state, "releases", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [v["version"] for v in told["versions"]] == ["0.3.1", "0.3.0", "0.2.0", "0.1.0"]
    assert told["versions"][1]["hosts"] == {"web1": "–", "web2": "–", "web3": "boots ↻"}
    assert [a["version"] for a in told["store"]["archives"]] == ["0.3.1", "0.3.0", "0.2.0"]
    running = next(v for v in told["hosts"]["web1"]["versions"] if v["runs"])
    assert (running["version"], running["missing"], running["erts"]) == ("0.2.0", [], "13.1.5")
    lines = run(config, state, "releases").stdout.splitlines()
    assert lines[0].split()[:3] == ["version", "store", "web1"]
    assert any(line.startswith("0.2.0") and "runs boots" in line for line in lines)

"""plan and run as commands: what they refuse, what they ask for, and a terminal that answers."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.test_headless import BEAMDECK, config, run, state
from tui.cli import commands

__all__ = ["config", "state"]


def words(*args: str) -> Result:
    return CliRunner().invoke(commands, list(args), obj=lambda _opening: 0)


# -- words -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (("down",), "down needs --version V and --keep"),
        (("down", "--version", "3"), "say --keep \\(3 stays\\) or --undo \\(3 goes too\\)"),
        (("down", "--version", "3", "--keep", "--undo"), "say --keep"),
        (("down", "--keep"), "down needs --version"),
        (("up", "--undo"), "belong to down"),
        (("sideways",), "'sideways' is not one of"),
    ],
)
@pytest.mark.parametrize("group", [("plan",), ("run", "--plan-hash", "0" * 64)])
def test_a_down_says_what_stays_or_what_goes(
    group: tuple[str, ...], args: tuple[str, ...], why: str
) -> None:
    result = words(*group, "migrate", "billing", *args)
    assert result.exit_code == 2
    assert re.search(why, result.output)


def test_a_run_needs_a_hash() -> None:
    result = words("run", "restart", "billing")
    assert result.exit_code == 2
    assert "--plan-hash" in result.output


def test_both_groups_take_the_same_words() -> None:
    plan, carry_out = words("plan", "--help").output, words("run", "--help").output
    listed = [text[text.index("Commands:") :] for text in (plan, carry_out)]
    assert listed[0] == listed[1]


# -- against a fleet -------------------------------------------------------------------------


@pytest.fixture
def production(config: str, tmp_path: Path) -> str:
    """The same fleet as production."""
    text = Path(config).read_text().replace("production = false", "production = true")
    path = tmp_path / "production.toml"
    path.write_text(text.replace('name = "demo"', 'name = "prod"', 1))
    path.chmod(0o600)
    return str(path)


def planned(config: str, state: Path, *args: str) -> dict[str, object]:
    done = run(config, state, "plan", *args, "--json")
    assert done.returncode == 0, done.stderr
    told: dict[str, object] = json.loads(done.stdout)
    return told


def test_a_plan_is_printed_and_changes_nothing(config: str, state: Path) -> None:
    def pids() -> list[int]:
        told = json.loads(run(config, state, "status", "--json").stdout)
        return [host["unit"]["main_pid"] for host in told["hosts"]]

    before = pids()
    done = run(config, state, "plan", "restart", "billing", "--host", "web3")
    assert done.returncode == 0, done.stderr
    assert "$      sudo -n systemctl --job-mode=fail restart billing_prod.service" in done.stdout
    assert "web3 will come up with 0.3.0, it runs 0.2.0" in done.stdout
    assert "asks for  a yes" in done.stdout
    told = planned(config, state, "restart", "billing", "--host", "web3")
    assert f"plan      {told['plan']}" in done.stdout
    assert pids() == before
    assert not list((state / "beamdeck").glob("ops/*"))


def test_what_cannot_be_planned_is_refused_with_one(config: str, state: Path) -> None:
    done = run(config, state, "plan", "restart", "billing", "--host", "db1")
    assert done.returncode == 1
    assert "refused: db1: no host that runs billing" in done.stderr
    done = run(config, state, "plan", "restart", "invoices")
    assert done.returncode == 2
    assert "there is no such app" in done.stderr


def test_another_hash_is_refused_with_what_is_known(config: str, state: Path) -> None:
    one = str(planned(config, state, "restart", "billing", "--host", "web1")["plan"])
    done = run(config, state, "run", "--plan-hash", one, "restart", "billing", "--host", "web2")
    assert done.returncode == 1
    assert "web1 is not in it any more" in done.stderr
    assert "web2 is new in it" in done.stderr
    done = run(config, state, "run", "--plan-hash", "0" * 64, "restart", "billing")
    assert done.returncode == 1
    assert "no plan with this hash was printed here" in done.stderr
    assert not list((state / "beamdeck").glob("ops/*"))


def test_production_is_never_started_by_a_bare_yes(production: str, state: Path) -> None:
    asked = ("restart", "billing", "--host", "web1")
    told = planned(production, state, *asked)
    assert told["production"] is True
    head = ("run", "--plan-hash", str(told["plan"]))
    for options, why in (
        ((), "missing: type prod, a reason"),
        (("--reason", "test"), "missing: type prod"),
        (("--environment-name", "demo", "--reason", "test"), "missing: type prod"),
        (("--environment-name", "prod", "--reason", "test"), "production is locked"),
    ):
        done = subprocess.run(
            [*BEAMDECK, "--config", production, *head, *options, *asked],
            input="y\nyes\nprod\n" * 3,
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
            env={**os.environ, "XDG_STATE_HOME": str(state)},
        )
        assert done.returncode == 1
        assert why in done.stderr
    assert not list((state / "beamdeck").glob("ops/*"))


class Typist:
    """A command on a pseudo-terminal; waits for a question before it answers."""

    def __init__(self, config: str, state: Path, *args: str) -> None:
        self.seen = ""
        self._master, other = pty.openpty()
        self.process = subprocess.Popen(
            [*BEAMDECK, "--config", config, *args],
            stdin=other,
            stdout=other,
            stderr=other,
            env={**os.environ, "XDG_STATE_HOME": str(state)},
        )
        os.close(other)

    def expect(self, text: str, within_s: float = 30.0) -> None:
        deadline = time.monotonic() + within_s
        while text not in self.seen:
            assert time.monotonic() < deadline, self.seen
            if select.select([self._master], [], [], 0.2)[0]:
                try:
                    self.seen += os.read(self._master, 4096).decode("utf-8", "replace")
                except OSError:
                    assert text in self.seen, self.seen
                    return

    def answer(self, question: str, line: str) -> None:
        self.expect(f"{question} › ")
        self.seen = ""
        os.write(self._master, f"{line}\n".encode())

    def close(self) -> int:
        try:
            return self.process.wait(30)
        finally:
            os.close(self._master)


@pytest.fixture
def asked(production: str, state: Path) -> Iterator[Typist]:
    told = planned(production, state, "restart", "billing", "--host", "web2")
    args = ("run", "--plan-hash", str(told["plan"]), "restart", "billing", "--host", "web2")
    typist = Typist(production, state, *args)
    yield typist
    if typist.process.poll() is None:
        typist.process.kill()
        typist.process.wait()


def test_a_wrong_name_on_a_terminal_begins_nothing(asked: Typist, state: Path) -> None:
    asked.answer("environment", "staging")
    asked.answer("reason", "why")
    asked.expect("missing: type prod")
    assert asked.close() == 1
    assert not list((state / "beamdeck").glob("ops/*"))


def test_a_terminal_is_asked_and_every_step_is_told(asked: Typist, state: Path) -> None:
    asked.answer("environment", "prod")
    asked.answer("reason", "why")
    asked.answer("prod is locked; unlock it, because", "test 4711")
    asked.expect("DONE: restart billing on web2: done and verified on web2")
    assert "2/3 web2 done: restarted, main process" in asked.seen
    assert asked.close() == 0
    audit = (state / "beamdeck" / "audit" / "audit.jsonl").read_text()
    events = [json.loads(line)["event"] for line in audit.splitlines()]
    steps = ["begin", "end"] * 3
    assert events == ["unlock", "plan", "confirm", *steps, "end"]
    assert run("/nowhere", state, "audit", "verify").returncode == 0


def test_ctrl_c_stops_before_the_next_step_and_says_so(config: str, state: Path) -> None:
    words_of = ("stop", "billing", "--host", "web1", "--host", "web3")
    told = planned(config, state, *words_of)
    process = subprocess.Popen(
        [*BEAMDECK, "--config", config, "run", "--plan-hash", str(told["plan"]), *words_of],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "XDG_STATE_HOME": str(state)},
    )
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if "3/6 web1 running: sent" in line:
            process.send_signal(signal.SIGINT)
    assert process.wait(30) == 1
    assert process.stderr is not None
    said = process.stderr.read()
    process.stdout.close()
    process.stderr.close()
    shown = "".join(lines)
    assert "3/6 web1 done: stopped, no main process is left" in shown
    assert "4/6 web3 skipped: not begun" in shown
    assert "NOT DONE: stopped by you" in shown
    assert "stops before the next step" in said
    hosts = json.loads(run(config, state, "status", "--json").stdout)["hosts"]
    units = {host["host"]: host["unit"] for host in hosts}
    assert units["web3"]["main_pid"] > 0
    # What was stopped comes back by a plan as well: nothing asks for more than its hash here.
    back = ("start", "billing", "--host", "web1")
    one = str(planned(config, state, *back)["plan"])
    done = run(config, state, "run", "--plan-hash", one, *back)
    assert done.returncode == 0, done.stderr
    assert "DONE: start billing on web1" in done.stdout


def test_a_rehearsal_prints_the_plan_and_its_exit_status_is_the_answer(
    config: str, state: Path
) -> None:
    # The other tests of this file have left operations there.
    before = set((state / "beamdeck").glob("ops/*"))
    done = run(config, state, "rehearse", "rollback", "billing")
    assert done.returncode == 0, done.stderr
    assert "roll back to 0.1.0 on web1, web2, web3" in done.stdout
    assert "undo 20180101120000" in done.stdout
    assert "a rollback to 0.1.0 would work now; nothing was changed" in done.stdout
    told = json.loads(run(config, state, "rehearse", "rollback", "billing", "--json").stdout)
    assert (told["works"], told["target"], told["reasons"]) == (True, "0.1.0", [])
    assert told["plan"]["plan"] in done.stdout
    done = run(config, state, "rehearse", "rollback", "billing", "--to", "9.9.9")
    assert done.returncode == 1
    assert "no: web1: 9.9.9 is not on it" in done.stderr
    assert "would work" not in done.stdout
    assert set((state / "beamdeck").glob("ops/*")) == before

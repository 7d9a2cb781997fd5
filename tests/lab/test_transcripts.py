"""The stand-in for Ecto, and the release's own commands, answer as recorded on real hosts.

Every command of the transcript is asked again, in its order, by SSH as `devops`; exit status,
stdout and stderr are compared with the recorded ones. What is left out of the comparison is named
here: what differs from run to run (times, pids, cookies, heap sizes), the frames of stack traces
(the stand-in's files have other names than Ecto's), and when log lines arrive between others.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.client import ssh
from tests.lab.lab import Lab
from tests.lab.network import inside
from tests.lab.recipe import APP_ROOT, UNIT

pytestmark = pytest.mark.lab

TRANSCRIPTS = Path(__file__).parent.parent / "transcripts"


def _recorded(name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (TRANSCRIPTS / name).read_text().splitlines()]


RELEASE = _recorded("mix_release.jsonl")
# Those whose answer does not depend on what else the machine does.
SYSTEMD = [
    record
    for record in _recorded("systemd.jsonl")
    if re.search(
        r"nosuch|restart without sudo|service properties, running|command line", str(record)
    )
]

# Applications of the recorded release that stand for Ecto and its driver, or are the stand-in's.
NOT_OURS = r"db_connection|decimal|ecto|ecto_sql|postgrex|telemetry|ecto_stand_in"


@pytest.fixture(scope="module")
def web1(lab: Lab) -> Iterator[Lab]:
    """web1 as it was when the transcript began, with the archive of 0.3.0, and put back after."""
    lab.reset()
    archive = "billing-0.3.0.tar.gz"
    with (lab.releases / archive).open("rb") as file:
        argv = inside("ssh", "-F", str(lab.ssh_config), "web1", f"cat >/tmp/{archive}")
        subprocess.run(argv, stdin=file, check=True)
    yield lab
    lab.sh("web1", f"rm -f /tmp/{archive} /home/devops/erl_crash.dump")
    lab.reset()


def _plain(text: str) -> str:
    """Without what differs between two runs."""
    text = re.sub(rf"^ *\{{({NOT_OURS}),.*\n", "", text, flags=re.M)
    text = re.sub(r", *(permanent|none)\}(,|\]\}\.)$", r",\1}", text, flags=re.M)
    text = re.sub(r"^    \(?(\(|lib/).*$", "", text, flags=re.M)
    text = re.sub(r"\b\d\d:\d\d:\d\d\.\d{3} \[", "TIME [", text)
    text = re.sub(r"\w{3} \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "DATE", text)
    text = re.sub(r"queue after \d+ms", "queue after MS", text)
    text = re.sub(r" in \d+\.\d+s", " in TIME", text)
    text = re.sub(r"-setcookie \S+", "-setcookie COOKIE", text)
    text = re.sub(r"MainPID=[1-9]\d*", "MainPID=PID", text)
    text = re.sub(r"\A\d+\n\Z", "PID\n", text)
    text = re.sub(r"(\{:billing@web1, .*), \d+, \d+, \d+, (\[\]\})", r"\1, N, N, N, \2", text)
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip())


def _logged_apart(text: str) -> tuple[str, list[str]]:
    """The answer, and the log lines between its lines: nothing orders one after the other."""
    lines = text.splitlines()
    logged = [line for line in lines if line.startswith("TIME [")]
    return "\n".join(line for line in lines if line not in logged), logged


def _same(record: dict[str, object], status: int, out: str, err: str) -> None:
    assert status == record["exit_status"], (out, err)
    for heard, told in ((out, str(record["stdout"])), (err, str(record["stderr"]))):
        if "init terminating" in told:
            # Erlang's own words about the same death; their nesting is the place in the source.
            # Two processes of a dying VM write at once, and it may end before its dump is told.
            assert set(_dying(heard)) >= {w for w in _dying(told) if "Crash dump" not in w}
            continue
        answer, logged = _logged_apart(_plain(heard))
        answer_told, logged_told = _logged_apart(_plain(told))
        assert answer == answer_told
        # The recorded client had ended before this one line reached it.
        late = "TIME [info] Migrations already down"
        assert [line for line in logged if line != late] == logged_told


def _dying(text: str) -> list[str]:
    text = text.replace("\r", "")
    return re.findall(
        r"ERROR! Config .*|\*\* \(.*|^Crash dump .*|init terminating in do_boot", text, re.M
    )


@pytest.mark.parametrize("number", range(len(RELEASE)), ids=lambda n: str(RELEASE[n]["what"])[:40])
def test_a_release_answers_as_recorded(web1: Lab, number: int) -> None:
    record = RELEASE[number]
    answer = ssh(web1, "devops", "web1", "bash -c " + shlex.quote(str(record["command"])))
    _same(record, answer.status, answer.out, answer.err)


@pytest.mark.parametrize("number", range(len(SYSTEMD)), ids=lambda n: str(SYSTEMD[n]["what"])[:40])
def test_systemd_answers_as_recorded(web1: Lab, number: int) -> None:
    record = SYSTEMD[number]
    answer = ssh(web1, "devops", "web1", "bash -c " + shlex.quote(str(record["command"])))
    _same(record, answer.status, answer.out, answer.err)


def test_the_row_goes_though_nothing_was_undone(web1: Lab) -> None:
    """After the transcript: the row of the migration with `up` alone is gone, its column is not."""
    rows = "select max(version) from schema_migrations"
    column = "select count(z) from t_create_users"
    asked = f"echo '{rows}; {column}' | su postgres -c 'psql -At billing_prod'"
    assert web1.sh("db1", asked).split() == ["20180202120000", "0"]
    assert web1.sh(
        "web1", f"systemctl is-active {UNIT}; cat {APP_ROOT}/releases/start_erl.data"
    ) == ("active\n13.1.5 0.2.0\n")

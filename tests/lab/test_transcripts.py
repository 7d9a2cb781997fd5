"""The stand-in for Ecto, and the release's own commands, answer as recorded on real hosts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.lab import Lab
from tests.lab.recipe import APP_ROOT, UNIT

pytestmark = pytest.mark.lab

TRANSCRIPT = Path(__file__).parent.parent / "transcripts" / "mix_release.jsonl"
RECORDED = [json.loads(line) for line in TRANSCRIPT.read_text().splitlines()]


@pytest.fixture(scope="module")
def web1(lab: Lab) -> Iterator[Lab]:
    """web1 as it was when the transcript began, and put back afterwards."""
    _put_back(lab)
    yield lab
    _put_back(lab)


def _put_back(lab: Lab) -> None:
    lab.sh(
        "web1",
        f"""
        systemctl stop {UNIT}
        cd {APP_ROOT} && rm -rf releases/0.3.0 lib/billing-0.3.0 /tmp/billing-0.3.0.tar.gz
        printf '13.1.5 0.2.0' > releases/start_erl.data; chown billing: releases/start_erl.data
        systemctl start {UNIT}
        """,
    )
    lab.sh(
        "db1",
        """su postgres -c "psql -q billing_prod" <<'SQL'
DELETE FROM schema_migrations WHERE version > 20180102000000;
ALTER TABLE t_create_users DROP COLUMN IF EXISTS z;
SQL""",
    )
    _await_node(lab)


def _await_node(lab: Lab) -> None:
    lab.sh(
        "web1",
        f"for try in $(seq 40); do su billing -c '{APP_ROOT}/bin/billing pid' >/dev/null 2>&1 "
        "&& exit 0; sleep 0.25; done; exit 1",
    )


def _as_devops(lab: Lab, command: str) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of a recorded command; its own stdin is empty."""
    script = (
        "cd /tmp; out=$(mktemp); err=$(mktemp)\n"
        f"( {command}\n) >$out 2>$err; code=$?\n"
        'printf "%s\\n--out--\\n" $code; cat $out; printf -- "--err--\\n"; cat $err\n'
    )
    _put(lab, "asked.sh", script.encode())
    text = lab.sh("web1", "su devops -c 'bash /var/tmp/asked.sh' </dev/null")
    code, _, rest = text.partition("\n--out--\n")
    out, _, err = rest.partition("--err--\n")
    return int(code), out, err


def _put(lab: Lab, name: str, content: bytes) -> None:
    # Not into /tmp: that is a tmpfs of the booted host, unseen from outside.
    path = lab.host("web1").root / "var/tmp" / name
    path.write_bytes(content)
    path.chmod(0o644)


def _put_archive(lab: Lab) -> None:
    name = "billing-0.3.0.tar.gz"
    _put(lab, name, (lab.releases / name).read_bytes())
    lab.sh("web1", f"cp /var/tmp/{name} /tmp/ && chmod 644 /tmp/{name}")


def _plain(text: str) -> str:
    """Without what differs between two runs: log lines, pids, traces, blank lines."""
    text = re.sub(r"^\d\d:\d\d:\d\d\.\d+ \[\w+\] .*$", "", text, flags=re.M)
    text = re.sub(r"^\[\w+\] .*$", "", text, flags=re.M)
    text = re.sub(r"^    (\(|lib/|at ).*$", "", text, flags=re.M)
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip())


ASKED = [
    record
    for record in RECORDED
    if any(word in record["command"] for word in ("Ecto.", "bin/billing", "start_erl", "systemctl restart"))
    and "remote" not in record["what"]
]
# What only a real Ecto or another address plan would say word for word is compared in its own test.
OWN = ("rpc: runtime facts", "release tree", "eval with the database unreachable", "bin pid")


@pytest.mark.parametrize("number", range(len(ASKED)))
def test_answer(web1: Lab, number: int) -> None:
    record = ASKED[number]
    command = record["command"]
    if "billing-0.3.0.tar.gz" in command:
        _put_archive(web1)
    code, out, err = _as_devops(web1, command)
    assert code == record["exit_status"], (out, err)
    if record["what"].startswith(OWN):
        return
    if "init terminating" in record["stdout"] or "MigrationError" in record["stderr"]:
        assert _first(err) == _first(record["stderr"])
        return
    assert _plain(out) == _plain(record["stdout"])
    assert _plain(err) == _plain(record["stderr"])


def _first(text: str) -> list[str]:
    lines = _plain(text).splitlines()
    return [line for line in lines if line.startswith(("**", "ERROR!"))][:2]


def test_an_unreachable_database_says_so(web1: Lab) -> None:
    record = next(r for r in RECORDED if "database unreachable" in r["what"])
    code, out, err = _as_devops(web1, record["command"])
    assert code == record["exit_status"] == 1
    assert "[error] Could not create schema migrations table." in out
    assert _first(err)[0].startswith("** (DBConnection.ConnectionError) connection not available")


def test_the_row_goes_though_nothing_was_undone(web1: Lab) -> None:
    """facts: a migration with `up` alone loses its row and keeps its schema."""
    expression = "Ecto.Migrator.run(Billing.Repo, :up, all: true)"
    run = f"{APP_ROOT}/bin/billing rpc '{expression}'"
    _put_back(web1)
    _put_archive(web1)
    web1.sh("web1", f"cd {APP_ROOT} && su billing -c 'tar xzf /tmp/billing-0.3.0.tar.gz'")
    web1.sh("web1", f"systemctl restart {UNIT}")
    _await_node(web1)
    assert _as_devops(web1, run)[0] == 0
    down = run.replace(":up, all: true", ":down, to: 20180203120000")
    code, _, err = _as_devops(web1, down)
    assert code == 1
    assert "does not implement a `down/0` or `change/0` function" in err
    rows = web1.sh("db1", "su postgres -c \"psql -At billing_prod -c 'select max(version) from "
                   "schema_migrations'\"")  # fmt: skip
    assert rows.strip() == "20180202120000"
    column = "select z from t_create_users limit 0"
    asked = f"su postgres -c \"psql -At billing_prod -c '{column}'\"; echo $?"
    assert web1.sh("db1", asked).strip() == "0"

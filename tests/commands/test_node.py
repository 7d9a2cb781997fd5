"""The question for the running version: what is sent, as whom, and what answers are believed."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.commands.node import CannotAsk, NodeAnswer, parse_running, read_running_by_rpc
from tui.model.command import Ended, Outcome, Secret, display, script_of
from tui.model.fleet import App, Flavour
from tui.model.release import ReleaseFacts

TOKEN = "5f2c0e7d9ab14c33"
APP = App("billing", deliver_to="/opt/billing")
MIX = ReleaseFacts(Flavour.MIX, "/opt/billing", node="billing@web1")
TRANSCRIPTS = Path(__file__).parent.parent / "transcripts"

LAUNCHER = r"""#!/bin/sh
echo "user=$(id -un) node=$RELEASE_NODE names=$RELEASE_DISTRIBUTION cookie=$RELEASE_COOKIE"
printf '%s\n' "$@"
"""
SUDO = r"""#!/bin/sh
echo "sudo $1 $2 $3 $4"
shift 4
unset RELEASE_NODE RELEASE_DISTRIBUTION RELEASE_COOKIE
exec "$@"
"""


def sent(app: App, release: ReleaseFacts, tmp_path: Path) -> list[str]:
    """What a launcher is given on a host, line by line."""
    for name, text in (("bin/billing", LAUNCHER), ("tools/sudo", SUDO)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    command = read_running_by_rpc(app, replace(release, root=str(tmp_path)), TOKEN)
    assert command.reading()
    done = subprocess.run(
        ["/bin/sh", "-s"],
        input=script_of(command),
        capture_output=True,
        check=True,
        env={"PATH": f"{tmp_path}/tools:/usr/bin:/bin"},
    )
    return done.stdout.decode().splitlines()


def me() -> str:
    return subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()


def test_the_expression_is_base64_that_no_shell_reads(tmp_path: Path) -> None:
    said, verb, expression = sent(APP, MIX, tmp_path)
    assert said == f"user={me()} node=billing@web1 names=sname cookie="
    assert verb == "rpc"
    found = re.fullmatch(
        r'Code\.eval_string\(Base\.decode64!\("([A-Za-z0-9+/=]+)"\), '
        rf'\[app: :billing, mark: "{TOKEN}"\]\)',
        expression,
    )
    assert found is not None
    snippet = base64.b64decode(found[1]).decode()
    assert ":init.script_id()" in snippet


def test_the_owner_himself_needs_no_sudo(tmp_path: Path) -> None:
    assert sent(replace(APP, owner=me()), MIX, tmp_path)[0].startswith(f"user={me()} node=billing@")


def test_another_owner_is_asked_by_sudo_that_never_prompts(tmp_path: Path) -> None:
    lines = sent(replace(APP, owner="nobody"), MIX, tmp_path)
    assert lines[0] == "sudo -n -u nobody --"
    assert lines[1].endswith(" node=billing@web1 names=sname cookie=")
    lines = sent(replace(APP, owner="nobody"), replace(MIX, node=None), tmp_path)
    assert lines[:2] == ["sudo -n -u nobody --", f"user={me()} node= names= cookie="]


def test_a_long_name_and_a_cookie_of_the_config_go_by_the_environment(tmp_path: Path) -> None:
    app = replace(APP, node="billing@web1.example.net", cookie=Secret("S3CRETCOOKIE"))
    said = sent(app, MIX, tmp_path)[0]
    assert said.endswith("node=billing@web1.example.net names=name cookie=S3CRETCOOKIE")
    assert "S3CRETCOOKIE" not in display(read_running_by_rpc(app, MIX, TOKEN))


def test_distillery_knows_its_own_node(tmp_path: Path) -> None:
    release = replace(MIX, flavour=Flavour.DISTILLERY)
    assert sent(APP, release, tmp_path)[0].endswith("node= names= cookie=")


@pytest.mark.parametrize(
    ("app", "release"),
    [
        (APP, replace(MIX, flavour=Flavour.RELX)),
        (APP, replace(MIX, flavour=Flavour.AUTO)),
        (APP, replace(MIX, root="/opt/../etc")),
        (replace(APP, name="x; reboot"), MIX),
        (replace(APP, owner="-u root"), MIX),
        (replace(APP, owner="billing", cookie=Secret("S3CRETCOOKIE")), MIX),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_is_sent(
    app: App, release: ReleaseFacts
) -> None:
    with pytest.raises(CannotAsk) as refused:
        read_running_by_rpc(app, release, TOKEN)
    assert "S3CRETCOOKIE" not in refused.value.detail


@pytest.mark.parametrize("node", ["billing", "billing@", "$(reboot)@web1", "a b@web1", None])
def test_a_node_that_is_no_name_is_left_to_the_release(node: str | None, tmp_path: Path) -> None:
    assert sent(APP, replace(MIX, node=node), tmp_path)[0].endswith("node= names= cookie=")


# -- answers -------------------------------------------------------------------------------


def outcome(stdout: str, stderr: str = "", status: int | None = 0) -> Outcome:
    return Outcome(Ended.EXITED, status, stdout.encode(), stderr.encode())


def test_the_version_is_what_stands_between_the_marks() -> None:
    text = f"warning: noise\n{TOKEN} began\n0.2.0\n0.2.1\n{TOKEN} ended\n"
    assert parse_running(outcome(text), TOKEN) == NodeAnswer("0.2.0", "0.2.1")
    # Distillery prints the value of the expression after its output.
    assert parse_running(outcome(text + "{:ok, []}\n"), TOKEN).version == "0.2.0"
    assert parse_running(outcome(text.replace("0.2.1", "-")), TOKEN) == NodeAnswer("0.2.0", None)


@pytest.mark.parametrize(
    ("lines", "status", "up"),
    [
        ("started\nyes", "started", True),
        ("starting\nno", "starting", False),
        ("\x1b[31mowned\nmaybe", "", None),
        ("started", "started", None),
    ],
)
def test_readiness_is_read_or_not_known(lines: str, status: str, up: bool | None) -> None:
    text = f"{TOKEN} began\n0.2.0\n0.2.0\n{lines}\n{TOKEN} ended\n"
    answer = parse_running(outcome(text), TOKEN)
    assert (answer.status, answer.app_started) == (status, up)


def test_a_node_that_is_down_is_told_in_its_launchers_words() -> None:
    for file in ("mix_release.jsonl", "distillery2.jsonl"):
        records = map(json.loads, (TRANSCRIPTS / file).read_text().splitlines())
        down = next(r for r in records if r["what"] == "node stopped: rpc")
        answer = parse_running(outcome(down["stdout"], down["stderr"], down["exit_status"]), TOKEN)
        assert answer.version is None
        assert ":nodedown" in answer.problem
        assert answer.problem.isprintable()


def test_what_is_no_version_is_not_believed() -> None:
    answer = parse_running(outcome(f"{TOKEN} began\n$(x)\n-\n{TOKEN} ended\n"), TOKEN)
    assert answer == NodeAnswer(problem="the node says what is no release version: $(x)")
    assert parse_running(outcome(f"{TOKEN} began\n{TOKEN} ended\n"), TOKEN).version is None
    assert parse_running(outcome(f"{TOKEN} ended\n0.2.0\n{TOKEN} began\n"), TOKEN).version is None
    assert parse_running(outcome("0.2.0\n"), TOKEN).version is None


def test_an_answer_that_never_came_whole_is_not_believed() -> None:
    text = f"{TOKEN} began\n0.2.0\n-\n{TOKEN} ended\n".encode()
    lost = Outcome(Ended.LINK_LOST, None, text)
    assert parse_running(lost, TOKEN) == NodeAnswer(problem="no answer: unknown: link lost")


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_any_bytes_as_an_answer(stdout: bytes, stderr: bytes) -> None:
    answer = parse_running(Outcome(Ended.EXITED, 1, stdout, stderr), TOKEN)
    assert answer.version is None
    assert answer.problem.isprintable()

"""Migrations asked and run: what is sent, and which answers are believed."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.commands.migration import (
    one_expression,
    parse_migrations,
    parse_one,
    read_migrations,
    status_expression,
)
from tui.commands.release_call import EVAL_TEXT, CannotCall, eval_words, rpc_words
from tui.commands.snippet import Atom, Module, expression
from tui.model.command import Ended, Outcome, Secret, display, script_of
from tui.model.fleet import App, Flavour
from tui.model.migration import By, Direction, Migration, MigrationState, MigrationStatus
from tui.model.release import ReleaseFacts

T = "a1b2c3d4e5f60718"
APP = App("billing", deliver_to="/opt/billing", owner="billing")
MIX = ReleaseFacts(Flavour.MIX, "/opt/billing", node="billing@web1")


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def answer(*lines: str, status: int = 0, stderr: bytes = b"") -> Outcome:
    said = "".join(f"{T} {line}\n" for line in lines)
    return Outcome(Ended.EXITED, status, said.encode(), stderr)


WHOLE = (
    "began",
    f"boot {b64('0.3.0')}",
    f"env {b64('0.3.0')}",
    f"app {b64('0.3.0')}",
    "repo Billing.Repo",
    f"path {b64('/opt/billing/lib/billing-0.3.0/priv/repo/migrations')}",
    f"row up 20170101000000 {b64('** FILE NOT FOUND **')}",
    f"row up 20180101120000 {b64('add amount')}",
    f"row down 20180202120000 {b64('drop_legacy')}",
    "repo Billing.Audit.Repo",
    "never",
    "ended",
)


def parsed(outcome: Outcome, by: By = By.RPC) -> MigrationStatus:
    return parse_migrations(outcome, T, "web1", by, 5.0)


def test_every_repo_with_its_three_states() -> None:
    status = parsed(answer(*WHOLE))
    assert (status.host, status.by, status.release, status.taken_at) == (
        "web1", By.RPC, "0.3.0", 5.0,
    )  # fmt: skip
    first, second = status.repos
    assert first.migrations == (
        Migration(20170101000000, "", MigrationState.NO_FILE),
        Migration(20180101120000, "add amount", MigrationState.APPLIED),
        Migration(20180202120000, "drop_legacy", MigrationState.PENDING),
    )
    assert first.applied == (20170101000000, 20180101120000)
    assert (first.pending, first.without_file) == ((20180202120000,), (20170101000000,))
    assert first.newest == 20180101120000
    assert (second.repo, second.never, second.migrations) == ("Billing.Audit.Repo", True, ())
    assert status.repo("Billing.Repo") is first
    assert status.repo() is None  # there are two: which one must be said
    assert not status.trouble


def test_colour_log_lines_and_the_launchers_value_are_left_aside() -> None:
    noisy = b"\x1b[33mwarning: redefining\x1b[0m\n" + b"".join(
        b"\x1b[0m\x1b[36m" + f"{T} {line}".encode() + b"\x1b[0m\n12:00:00.1 [info] == Running\n"
        for line in WHOLE
    )
    noisy += f'{{:ok, [app: :billing, mark: "{T}"]}}\n'.encode()
    assert parsed(Outcome(Ended.EXITED, 0, noisy)) == parsed(answer(*WHOLE))


def test_an_evals_release_is_the_launchers_word() -> None:
    lines = ["began", f"boot {b64('25')}", f"env {b64('0.4.0')}", f"app {b64('0.9')}", "ended"]
    assert parsed(answer(*lines), By.EVAL).release == "0.4.0"
    assert parsed(answer(*lines), By.RPC).release == "25"
    assert parsed(answer("began", f"boot {b64('x; reboot')}", "ended")).release == ""


@pytest.mark.parametrize(
    ("outcome", "problem"),
    [
        (Outcome(Ended.LINK_LOST, None), "no answer: unknown: link lost"),
        (Outcome(Ended.TIMED_OUT, None), "no answer: unknown: past its limit"),
        (
            Outcome(Ended.EXITED, 1, b"", b"--rpc-eval : RPC failed with reason :nodedown\n"),
            "the release did not answer: --rpc-eval : RPC failed with reason :nodedown",
        ),
        (
            Outcome(Ended.EXITED, 1, b"noise\n", b"warning: x\n** (RuntimeError) boom\n"),
            "the release did not answer: ** (RuntimeError) boom",
        ),
        (Outcome(Ended.EXITED, 0), "the release did not answer: nothing was said"),
        (answer(*WHOLE[:-1]), "the release did not answer: nothing was said"),
        (answer("began", "none", "ended"), "this release has no Ecto.Migrator"),
        (
            answer("began", "old", "ended"),
            "its Ecto is older than 3.5: a read would take the lock on its migrations",
        ),
    ],
)
def test_what_is_no_whole_answer_is_a_problem_in_words(outcome: Outcome, problem: str) -> None:
    status = parsed(outcome)
    assert (status.problem, status.repos) == (problem, ())


def recorded(what: str, file: str = "mix_release") -> Outcome:
    """What a real host answered (tests/transcripts)."""
    text = (Path(__file__).parent.parent / "transcripts" / f"{file}.jsonl").read_text()
    row = next(row for row in map(json.loads, text.splitlines()) if what in row["what"])
    return Outcome(Ended.EXITED, row["exit_status"], row["stdout"].encode(), row["stderr"].encode())


@pytest.mark.parametrize(
    ("what", "file", "told"),
    [
        ("eval with the database unreachable", "mix_release", "DBConnection.ConnectionError"),
        ("eval without the unit's environment", "mix_release", 'variable "DATABASE_URL" because'),
        ("node stopped: rpc", "mix_release", "RPC failed with reason :nodedown"),
        ("node stopped: rpc", "distillery2", "did not answer: ▸  Remote call failed with: :nod"),
        ("rpc: migrations", "distillery2", "the release did not answer"),
        ("rpc: migrations of every repo", "mix_release", "the release did not answer"),
    ],
)
def test_what_real_releases_say_when_they_do_not_answer(what: str, file: str, told: str) -> None:
    status = parsed(recorded(what, file))
    assert told in status.problem
    assert status.repos == ()  # without its marks no answer is believed, whatever it shows


def test_a_repo_that_failed_keeps_no_rows_and_no_secret() -> None:
    why = "DBConnection.ConnectionError: no route to ecto://u:hunter22@10.0.0.1/db"
    (repo,) = parsed(
        answer("began", "repo A.Repo", f"row up 5 {b64('x')}", f"failed {b64(why)}", "ended")
    ).repos
    assert repo.migrations == ()
    assert "no route" in repo.problem
    assert "hunter22" not in repo.problem


@pytest.mark.parametrize(
    "lines",
    [("repo Billing.Repo;halt",), ("repo billing",), ("repo A.Repo", "surprise 1"),
     ("repo A.Repo", "row up 1 YQ==", "row up 1 Yg=="),
     ("repo A.Repo", "row up 99999999999999999999999 YQ==")],
)  # fmt: skip
def test_a_hostile_or_odd_repo_is_not_worked_with(lines: tuple[str, ...]) -> None:
    (repo,) = parsed(answer("began", *lines, "ended")).repos
    assert repo.problem
    assert repo.migrations == ()


@given(st.binary(max_size=300), st.booleans())
def test_whatever_a_host_says_is_taken(noise: bytes, framed: bool) -> None:
    out = f"{T} began\n{T} ".encode() + noise + f"\n{T} ended\n".encode() if framed else noise
    for status in (parsed(Outcome(Ended.EXITED, 0, out)),):
        assert isinstance(status, MigrationStatus)
    assert parse_one(out, T).ran is None or framed


def test_what_is_sent_holds_no_shell_and_no_foreign_word() -> None:
    text = one_expression(APP, T, "Billing.Repo", 20180101120000, Direction.DOWN, None)
    assert text.endswith(
        f'[app: :billing, mark: "{T}", repo: Billing.Repo, version: 20180101120000, '
        'way: "down", newest: nil])'
    )
    assert text.startswith('Code.eval_string(Base.decode64!("')
    bad: list[dict[str, Atom | Module | int | str]] = [
        {"a": Atom("x y")}, {"a": Module("System.halt()")}, {"a": 'q"'}, {"a": -1},
    ]  # fmt: skip
    for bindings in bad:
        with pytest.raises(ValueError, match="cannot be handed"):
            expression("migration_status.exs", **bindings)


def test_only_what_can_be_asked_is_asked() -> None:
    for app, release in (
        (APP, ReleaseFacts(Flavour.RELX, "/opt/billing")),
        (APP, ReleaseFacts(Flavour.MIX, "/opt/../x")),
        (App("billing", owner="a b"), MIX),
        (App("billing", cookie=Secret("x")), MIX),
    ):
        with pytest.raises(CannotCall):
            read_migrations(app, release, T, By.RPC)
    with pytest.raises(CannotCall):
        eval_words(APP, MIX, "1", "0.1; rm")
    assert read_migrations(APP, MIX, T, By.EVAL, "0.3.0").reading()
    assert rpc_words(APP, MIX, "1")[3:] == ("billing@web1", "sname")


LAUNCHER = r"""#!/bin/sh
echo "in=$(pwd) vsn=$RELEASE_VSN rel=$REL_VSN url=$DATABASE_URL sys=$RELEASE_SYS_CONFIG"
echo "tmp=$RELEASE_TMP lines=$LINES_OF_IT quoted=$QUOTED root=$ROOTDIR all=$LC_ALL"
printf '%s\n' "$1"
"""
SYSTEMCTL = r"""#!/bin/sh
case "$*" in
  *MainPID*) echo "${FAKE_PID:-0}" ;;
  *Environment*) echo 'DATABASE_URL=ecto://unit LANG=C.UTF-8 "QUOTED=two words" EVIL=$(id)' ;;
esac
"""


def evaluated(tmp_path: Path, version: str, *, pid: int = 0, file: str = "") -> str:
    """What a launcher meets that is run as EVAL_TEXT runs it."""
    for name, text in (("bin/billing", LAUNCHER), ("tools/systemctl", SYSTEMCTL)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    words = (str(tmp_path), "billing", "1 + 1", version, "billing.service", file)
    done = subprocess.run(
        ["/bin/sh", "-c", EVAL_TEXT, "beamdeck", *words],
        capture_output=True,
        text=True,
        check=True,
        env={
            "PATH": f"{tmp_path}/tools:/usr/bin:/bin",
            "LC_ALL": "C",
            "FAKE_PID": str(pid),
        },
    )
    assert done.stderr == ""
    return done.stdout


def test_an_eval_has_the_main_processs_environment_without_its_launchers(tmp_path: Path) -> None:
    given_env = {
        "DATABASE_URL": "ecto://main $(touch evil) `id`",
        "LINES_OF_IT": "one\ntwo",
        "RELEASE_SYS_CONFIG": "/old/sys",
        "RELEASE_VSN": "0.1.0",
        "RELEASE_TMP": "/var/tmp/billing",
        "ROOTDIR": "/old",
        "QUOTED": "two words",
    }
    sleep = shutil.which("sleep") or "sleep"
    with subprocess.Popen([sleep, "60"], env=given_env) as main:
        try:
            said = evaluated(tmp_path, "0.3.0", pid=main.pid)
        finally:
            main.kill()
    assert said == (
        f"in={tmp_path} vsn=0.3.0 rel=0.3.0 url=ecto://main $(touch evil) `id` sys=\n"
        "tmp=/var/tmp/billing lines=one\ntwo quoted=two words root= all=\n"
        "eval\n"
    )
    assert not (tmp_path / "evil").exists()


def test_without_a_main_process_the_file_comes_before_the_units_plain_words(
    tmp_path: Path,
) -> None:
    said = evaluated(tmp_path, "")
    assert "vsn= rel= url=ecto://unit sys=" in said
    assert "quoted= " in said  # what would have to be unquoted is left out
    file = tmp_path / "env"
    file.write_text('# comment\nDATABASE_URL="ecto://file"\nQUOTED=plain words\nno line\n1X=2')
    said = evaluated(tmp_path, "", file=str(file))
    assert "url=ecto://file" in said
    assert "quoted=plain words" in said


def test_the_expression_is_in_the_shown_line_and_no_secret_is(tmp_path: Path) -> None:
    command = read_migrations(APP, MIX, T, By.EVAL, "0.3.0")
    assert "0.3.0" in display(command)
    assert status_expression(APP, T) in script_of(command).decode()


def test_one_migrations_answer() -> None:
    out = answer(
        "began", "newest 20180101120000", f"began_one {b64('M')}", "ran 20180101120000", "ended"
    ).stdout
    whole = parse_one(b"12:00 [info] == Running 1 M.down/0 forward\n" + out, T)
    assert (whole.whole, whole.ran, whole.newest) == (True, (20180101120000,), 20180101120000)
    assert whole.log == ("12:00 [info] == Running 1 M.down/0 forward",)
    nothing = parse_one(answer("began", "newest nil", "ran", "ended").stdout, T)
    assert (nothing.ran, nothing.newest) == ((), None)
    text = "Ecto.MigrationError: cannot reverse ecto://u:hunter22@h/d"
    failed = parse_one(answer("began", f"failed {b64(text)}", "ended").stdout, T)
    assert failed.failed.startswith("Ecto.MigrationError: cannot reverse")
    assert "hunter22" not in failed.failed
    assert failed.ran is None
    cut = parse_one(answer("began", "newest 5").stdout, T)
    assert (cut.whole, cut.ran) == (False, None)

"""The right to restart: each form asked in one round trip, nothing run, the missing line named."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tui.commands.sudo import (
    RestartForm,
    parse_restart_right,
    read_restart_right,
    restart_forms,
    sudoers_line,
)
from tui.model.command import script_of
from tui.model.fleet import App

APP = App("billing", unit="billing_prod")
WHO = b"uid=1000\nuser=devops\npath=/usr/bin/systemctl\n"
LINE = (
    "devops ALL=(root) NOPASSWD: /usr/bin/systemctl --job-mode\\=fail restart billing_prod.service"
)

SUDO = """#!/bin/sh
printf '%s\\n' "$*" >>"$LOG"
case "$*" in
  "-n -l -- $ALLOWED") exit 0 ;;
esac
exit 1
"""


def asked(folder: Path, app: App, allowed: str, shell: str = "/bin/sh") -> tuple[bytes, list[str]]:
    """What a host answers whose sudo allows one line; and every line that sudo was given."""
    tools = folder / "bin"
    tools.mkdir()
    log = folder / "log"
    log.write_text("")
    programs = {"sudo": SUDO, "id": '#!/bin/sh\n[ "$1" = -u ] && echo 1000 || echo devops\n'}
    programs["systemctl"] = f'#!/bin/sh\necho "RAN $*" >>{log}\n'
    for name, text in programs.items():
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    done = subprocess.run(
        [shell, "-s"],
        input=script_of(read_restart_right(app)),
        env={"PATH": f"{tools}:/usr/bin:/bin", "LOG": str(log), "ALLOWED": allowed},
        capture_output=True,
        check=True,
    )
    return done.stdout, log.read_text().splitlines()


@pytest.mark.parametrize("shell", ["/bin/sh", "bash"])
@pytest.mark.parametrize(
    ("allowed", "form"),
    [
        (
            "systemctl --job-mode=fail restart billing_prod.service",
            RestartForm.JOB_MODE_FAIL,
        ),
        ("systemctl restart billing_prod.service", RestartForm.FULL_NAME),
        ("systemctl restart billing_prod", RestartForm.SHORT_NAME),
    ],
)
def test_the_first_allowed_form_is_taken_and_none_is_run(
    tmp_path: Path, allowed: str, form: RestartForm, shell: str
) -> None:
    answer, given = asked(tmp_path, APP, allowed, shell)
    right = parse_restart_right(APP, answer)
    assert right.form is form
    assert right.argv == ("sudo", "-n", *allowed.split())
    assert right.user == "devops"
    assert given == [
        "-n -l -- systemctl --job-mode=fail restart billing_prod.service",
        "-n -l -- systemctl restart billing_prod.service",
        "-n -l -- systemctl restart billing_prod",
    ]


def test_nothing_allowed_is_a_refusal_with_the_exact_line(tmp_path: Path) -> None:
    answer, _ = asked(tmp_path, APP, "apt update")
    right = parse_restart_right(APP, answer)
    assert right.argv == ()
    assert right.refused == "sudo lets devops run none of the restart commands"
    # The user's own PATH has another systemctl; sudo would not run that one.
    assert right.sudoers_line == LINE


@pytest.mark.parametrize(
    ("command", "asked_for", "argv"),
    [
        ("/usr/local/bin/again --app 'my app'", "/usr/local/bin/again --app my app", None),
        ("sudo -n /usr/local/bin/again", "/usr/local/bin/again", None),
        ("sudo /usr/local/bin/again", "/usr/local/bin/again", ("sudo", "/usr/local/bin/again")),
    ],
)
def test_a_configured_command_is_asked_for_and_gets_sudo_once(
    tmp_path: Path, command: str, asked_for: str, argv: tuple[str, ...] | None
) -> None:
    app = replace(APP, restart_command=command)
    answer, given = asked(tmp_path, app, asked_for)
    assert given == [f"-n -l -- {asked_for}"]
    right = parse_restart_right(app, answer)
    assert right.form is RestartForm.CONFIGURED
    words = restart_forms(app)[0][1]
    expected = words if words[0] == "sudo" else ("sudo", "-n", *words)
    assert right.argv == (argv or expected)


def test_a_configured_command_that_is_not_allowed_names_its_own_line(tmp_path: Path) -> None:
    app = replace(APP, restart_command="/usr/local/bin/again --now=yes")
    answer, _ = asked(tmp_path, app, "systemctl restart billing_prod")
    right = parse_restart_right(app, answer)
    assert right.argv == ()
    assert right.sudoers_line.endswith("NOPASSWD: /usr/local/bin/again --now\\=yes")


def test_sudo_with_options_of_its_own_cannot_be_asked_and_may_try() -> None:
    app = replace(APP, restart_command="sudo -u deploy /srv/again")
    right = parse_restart_right(app, WHO + b"may=1\n")
    assert right.argv == ("sudo", "-u", "deploy", "/srv/again")


def test_root_needs_no_sudo() -> None:
    right = parse_restart_right(APP, b"uid=0\nuser=root\npath=/usr/bin/systemctl\n")
    assert right.argv == ("systemctl", "--job-mode=fail", "restart", "billing_prod.service")
    assert right.form is RestartForm.JOB_MODE_FAIL


def test_a_host_without_sudo_is_a_refusal_without_a_line() -> None:
    right = parse_restart_right(APP, WHO + b"sudo=absent\n")
    assert (right.argv, right.sudoers_line) == ((), "")
    assert "no sudo" in right.refused


@pytest.mark.parametrize("answer", [b"", b"garbage", WHO, WHO + b"may=0\n", b"uid=x\nmay=0\n" * 3])
def test_half_an_answer_is_no_answer(answer: bytes) -> None:
    with pytest.raises(ValueError, match="the host did not"):
        parse_restart_right(APP, answer)


def test_a_hostile_answer_is_printable() -> None:
    hostile = b"uid=1000\nuser=dev\x1b]52;c;xx\x07ops\npath=/x\x1b[2J\nmay=1\nmay=1\nmay=1\n"
    right = parse_restart_right(APP, hostile)
    assert f"{right.user}{right.sudoers_line}{right.refused}".isprintable()


def test_sudoers_own_signs_are_escaped() -> None:
    # sudoers(5): , : = and \ end a word, blanks and wildcards would widen it.
    line = sudoers_line("devops", "/usr/bin/x", ("a:b", "c,d", "e=f", "g\\h", "i j", "k*"))
    assert line == "devops ALL=(root) NOPASSWD: /usr/bin/x a\\:b c\\,d e\\=f g\\\\h i\\ j k\\*"


def test_an_empty_command_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        restart_forms(replace(APP, restart_command="  "))

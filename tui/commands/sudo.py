"""Which systemctl command a user may run: sudoers match whole command lines, so each is asked.

Asking runs nothing: `sudo -n -l -- COMMAND` only answers, and never prompts.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from enum import StrEnum

from tui.model.command import Command
from tui.model.fleet import App
from tui.model.redact import from_host


class RestartForm(StrEnum):
    """The form of a restart command, best first."""

    CONFIGURED = "restart_command of the configuration"
    JOB_MODE_FAIL = "refused by systemd itself while a conflicting job is queued"
    FULL_NAME = "plain"
    SHORT_NAME = "plain, short name"


@dataclass(frozen=True, slots=True)
class RestartRight:
    """What a user may run to restart (start, stop) a unit: `argv` whole, or a refusal.

    A refusal has no argv but `refused`, the reason as shown. `sudoers_line` is the exact line
    that allows the command, or the best one of a refusal; empty where sudo is missing or not
    needed. `user` is the user on the host.
    """

    argv: tuple[str, ...] = ()
    form: RestartForm | None = None
    user: str = ""
    refused: str = ""
    sudoers_line: str = ""


def restart_forms(app: App) -> tuple[tuple[RestartForm, tuple[str, ...]], ...]:
    """The command lines asked for, best first, without sudo; ValueError if the configured
    command cannot be split into words."""
    if app.restart_command:
        words = tuple(shlex.split(app.restart_command))
        if not words:
            raise ValueError("restart_command is empty")
        return ((RestartForm.CONFIGURED, words),)
    return systemctl_forms(app.service, "restart")


# Who asks, and whether sudo is there at all; root needs no sudo and gets no further.
_WHO = """\
echo "uid=$(id -u)"
echo "user=$(id -un)"
echo "path=$(command -v -- "$1")"
[ "$(id -u)" = 0 ] && exit 0
command -v sudo >/dev/null 2>&1 || { echo sudo=absent; exit 0; }
"""
# $1 is systemctl, $2 the unit, $3 its short name. Nothing is run: -l lists, -n never prompts.
_ASK_FORMS = (
    _WHO
    + """\
sudo -n -l -- "$1" --job-mode=fail restart "$2" >/dev/null 2>&1; echo "may=$?"
sudo -n -l -- "$1" restart "$2" >/dev/null 2>&1; echo "may=$?"
sudo -n -l -- "$1" restart "$3" >/dev/null 2>&1; echo "may=$?"
"""
)
_ASK_ONE = _WHO + 'sudo -n -l -- "$@" >/dev/null 2>&1; echo "may=$?"\n'
_SYSTEMCTL = ("/usr/bin/systemctl", "/bin/systemctl")


_ASK_VERB = (
    _WHO
    + """\
sudo -n -l -- "$1" --job-mode=fail "$4" "$2" >/dev/null 2>&1; echo "may=$?"
sudo -n -l -- "$1" "$4" "$2" >/dev/null 2>&1; echo "may=$?"
sudo -n -l -- "$1" "$4" "$3" >/dev/null 2>&1; echo "may=$?"
"""
)
RELOAD = "daemon-reload"
"""The one verb of systemctl that is about no unit."""


def systemctl_forms(unit: str, verb: str) -> tuple[tuple[RestartForm, tuple[str, ...]], ...]:
    """The command lines that `systemctl VERB UNIT` may be allowed as, best first."""
    if verb == RELOAD:
        return ((RestartForm.FULL_NAME, ("systemctl", RELOAD)),)
    return (
        (RestartForm.JOB_MODE_FAIL, ("systemctl", "--job-mode=fail", verb, unit)),
        (RestartForm.FULL_NAME, ("systemctl", verb, unit)),
        (RestartForm.SHORT_NAME, ("systemctl", verb, unit.removesuffix(".service"))),
    )


def read_systemctl_right(app: App, verb: str, timeout_s: float = 20.0) -> Command:
    """Ask which form of start, stop or daemon-reload the SSH user may run; a read."""
    if verb == RELOAD:
        return Command(("systemctl", RELOAD), script=_ASK_ONE, timeout_s=timeout_s)
    words = ("systemctl", app.service, app.service.removesuffix(".service"), verb)
    return Command(words, script=_ASK_VERB, timeout_s=timeout_s)


def parse_systemctl_right(app: App, verb: str, answer: bytes) -> RestartRight:
    """The first form that may be run; ValueError if the answer is not one to the question."""
    return _parse(systemctl_forms(app.service, verb), verb, answer)


def read_restart_right(app: App, timeout_s: float = 20.0) -> Command:
    """Ask for every form of the app's restart command in one round trip; a read."""
    if app.restart_command:
        words = _behind_sudo(restart_forms(app)[0][1])
        return Command(words or ("true",), script=_ASK_ONE, timeout_s=timeout_s)
    short = app.service.removesuffix(".service")
    return Command(("systemctl", app.service, short), script=_ASK_FORMS, timeout_s=timeout_s)


def _behind_sudo(words: tuple[str, ...]) -> tuple[str, ...]:
    """The command that a configured line lets sudo run as root; () if it uses sudo otherwise."""
    if words[0] != "sudo":
        return words
    rest = words[1:]
    while rest and rest[0] in ("-n", "--non-interactive"):
        rest = rest[1:]
    if rest and rest[0] == "--":
        rest = rest[1:]
    return () if rest and rest[0].startswith("-") else rest


def parse_restart_right(app: App, answer: bytes) -> RestartRight:
    """The first form that may be run; ValueError if the answer is not one to the question."""
    return _parse(restart_forms(app), "restart", answer)


def _parse(
    forms: tuple[tuple[RestartForm, tuple[str, ...]], ...], verb: str, answer: bytes
) -> RestartRight:
    facts: dict[str, str] = {}
    may: list[bool] = []
    for line in answer.decode("utf-8", "backslashreplace").splitlines():
        name, _, value = line.partition("=")
        if name == "may":
            may.append(value == "0")
        else:
            facts[name] = value
    user, path = from_host(facts.get("user", "")), from_host(facts.get("path", ""))
    if not facts.get("uid", "").isdigit():
        raise ValueError("the host did not say who asks")
    if facts["uid"] == "0":
        form, words = forms[0]
        return RestartRight(words, form, user)
    if facts.get("sudo") == "absent":
        return RestartRight(user=user, refused="there is no sudo on the host, and no other way")
    if len(may) != len(forms):
        raise ValueError("the host did not answer every question")
    for (form, words), allowed in zip(forms, may, strict=True):
        # What a configured line does with sudo's own options cannot be asked; it may try.
        if allowed or (form is RestartForm.CONFIGURED and not _behind_sudo(words)):
            line = _line_for(user, path, words)
            return RestartRight(_with_sudo(words), form, user, sudoers_line=line)
    return RestartRight(
        user=user,
        refused=f"sudo lets {user or 'this user'} run none of the {verb} commands",
        sudoers_line=_line_for(user, path, forms[0][1]),
    )


def _line_for(user: str, path: str, words: tuple[str, ...]) -> str:
    wanted = _behind_sudo(words)
    if wanted[:1] == ("systemctl",) and path not in _SYSTEMCTL:
        # What the user's PATH finds first is not what sudo runs.
        path = _SYSTEMCTL[0]
    return sudoers_line(user, path or wanted[0], wanted[1:]) if wanted else ""


def _with_sudo(words: tuple[str, ...]) -> tuple[str, ...]:
    # No `--` behind -n: the line shown is the line that operators know from their sudoers.
    return words if words[0] == "sudo" else ("sudo", "-n", *words)


def sudoers_line(user: str, path: str, words: tuple[str, ...]) -> str:
    """The line of /etc/sudoers that allows exactly this command, in sudoers' own escapes."""
    # sudoers(5): these end a command or an argument unless a backslash stands before them, and
    # the others are wildcards.
    escaped = [re.sub(r"([\\,:=*?\[\]! ])", r"\\\1", word) for word in (path, *words)]
    return f"{user or 'USER'} ALL=(root) NOPASSWD: {' '.join(escaped)}"

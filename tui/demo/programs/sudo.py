"""sudo -n: by the user's rules runs, lists, or asks for a password that nobody can give."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from tui.demo.calls import Call, RunInstead
from tui.demo.machine import Machine
from tui.demo.users import User

_SECURE = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_USAGE = """\
usage: sudo -h | -K | -k | -V
usage: sudo -v [-ABkNnS] [-g group] [-h host] [-p prompt] [-u user]
usage: sudo -l [-ABkNnS] [-g group] [-h host] [-p prompt] [-U user] [-u user]
            [command [arg ...]]
usage: sudo [-ABbEHkNnPS] [-r role] [-t type] [-C num] [-D directory] [-g
            group] [-h host] [-p prompt] [-R directory] [-T timeout] [-u user]
            [VAR=value] [-i | -s] [command [arg ...]]
usage: sudo -e [-ABkNnS] [-r role] [-t type] [-C num] [-D directory] [-g group]
            [-h host] [-p prompt] [-R directory] [-T timeout] [-u user] file ...
"""
_KEPT = ("LANG", "LC_ALL", "TERM", "COLUMNS")


class _Asked:
    """sudo's own options, which end at the first word that is none."""

    def __init__(self, args: Sequence[str]) -> None:
        self.list = self.validate = self.never_ask = False
        self.user = "root"
        self.bad = ""
        self.assigned: list[str] = []
        rest = list(args)
        while rest and rest[0].startswith("-"):
            word = rest.pop(0)
            if word == "--":
                break
            self._option(word, rest)
        while rest and "=" in rest[0] and not rest[0].startswith("/"):
            self.assigned.append(rest.pop(0))
        self.command = rest

    def _option(self, word: str, rest: list[str]) -> None:
        if word.startswith("--"):
            name, sign, value = word.partition("=")
            long = {"--non-interactive": "n", "--list": "l", "--validate": "v", "--user": "u"}
            letters = long.get(name, "?")
            if letters == "u":
                self.user = value if sign else (rest.pop(0) if rest else "")
                return
        else:
            letters = word[1:]
        while letters:
            letter, letters = letters[0], letters[1:]
            if letter == "u":
                self.user = letters or (rest.pop(0) if rest else "")
                return
            if letter in "nlvkESH":
                self.never_ask = self.never_ask or letter == "n"
                self.list = self.list or letter == "l"
                self.validate = self.validate or letter == "v"
            else:
                self.bad = letter


async def sudo(call: Call, machine: Machine) -> int:
    """Run one sudo."""
    asked = _Asked(call.args)
    if asked.bad or not (asked.command or asked.list or asked.validate):
        if asked.bad:
            call.err(f"sudo: invalid option -- '{asked.bad}'\n")
        call.err(_USAGE)
        return 1
    user = machine.users.get(call.user) or User(call.user)
    if not user.rules and not call.is_root:
        if asked.validate:
            call.err(f"Sorry, user {call.user} may not run sudo on {machine.name}.\n")
            return 1
        return _password(call, asked)
    if asked.validate:
        return 0
    if asked.list and not asked.command:
        call.out(_listing(user, machine.name))
        return 0
    return _run(call, machine, user, asked)


def _password(call: Call, asked: _Asked) -> int:
    if asked.never_ask:
        call.err("sudo: a password is required\n")
    else:
        call.err(
            "sudo: a terminal is required to read the password; either use the -S option to read "
            "from standard input or configure an askpass helper\nsudo: a password is required\n"
        )
    return 1


def _run(call: Call, machine: Machine, user: User, asked: _Asked) -> int:
    real, shown = _resolve(machine, asked.command[0], call.cwd)
    if real is None:
        call.err(f"sudo: {asked.command[0]}: command not found\n")
        return 1
    if asked.user not in ("root", "billing", *machine.users):
        call.err(f"sudo: unknown user {asked.user}\n")
        call.err("sudo: error initializing audit plugin sudoers_audit\n")
        return 1
    line = " ".join([shown, *asked.command[1:]])
    if not call.is_root and not any(rule.allows(asked.user, line) for rule in user.rules):
        return 1 if asked.list else _password(call, asked)
    if asked.list:
        call.out(f"{line}\n")
        return 0
    raise RunInstead([real, *asked.command[1:]], _environment(call, machine, asked))


def _environment(call: Call, machine: Machine, asked: _Asked) -> dict[str, str | None]:
    """env_reset: what the caller had is gone, but for a few names."""
    env: dict[str, str | None] = {name: None for name in call.env if name not in _KEPT}
    home = "/root" if asked.user == "root" else machine.sandbox.seen(f"home/{asked.user}")
    env |= {
        "DEMO_USER": call.env.get("DEMO_USER"),
        "DEMO_AS": asked.user,
        "DEMO_GROUPS": None,
        "USER": asked.user,
        "LOGNAME": asked.user,
        "HOME": home,
        "SUDO_USER": call.user,
        "PATH": machine.sandbox.search_path,
    }
    for word in asked.assigned:
        name, _, value = word.partition("=")
        env[name] = value
    return env


def _resolve(machine: Machine, word: str, cwd: str) -> tuple[str | None, str]:
    """The executable to run, and the path that sudoers and `-l` know it by."""
    if "/" in word:
        path = machine.sandbox.real(word) if word.startswith("/") else None
        seen = word if path is not None else f"{cwd}/{word}"
        shim = machine.sandbox.bin / word.rsplit("/", 1)[1]
        if word.startswith(("/usr/bin/", "/bin/")) and shim.exists():
            return str(shim), word
        return (seen if (path or machine.sandbox.real(seen)).exists() else None), seen
    shim = machine.sandbox.bin / word
    if shim.exists():
        return str(shim), f"/usr/bin/{word}"
    found = shutil.which(word, path=_SECURE)
    return found, found or word


def _listing(user: User, host: str) -> str:
    lines = [
        f"Matching Defaults entries for {user.name} on {host}:",
        f"    env_reset, mail_badpass, secure_path={_SECURE.replace(':', chr(92) + ':')}, use_pty",
        "",
        f"User {user.name} may run the following commands on {host}:",
    ]
    for rule in user.rules:
        runas = "ALL" if rule.command == "ALL" else rule.runas
        lines.append(f"    ({runas}) NOPASSWD: {rule.command}")
    return "\n".join(lines) + "\n"

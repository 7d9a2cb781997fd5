"""The users of a host: their groups, and what sudo lets them run. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

READERS = frozenset({"systemd-journal", "adm", "wheel"})


@dataclass(frozen=True, slots=True)
class Rule:
    """One NOPASSWD line of sudoers: a whole command line or ALL, run as a user or ALL."""

    command: str
    runas: str = "root"

    def allows(self, runas: str, line: str) -> bool:
        """Whether `line` (resolved, arguments joined by spaces) may run as `runas`."""
        if self.runas not in ("ALL", runas):
            return False
        # sudoers: a command without arguments allows any; with arguments it is the whole line.
        return self.command in ("ALL", line) or (
            " " not in self.command and line.split(" ", 1)[0] == self.command
        )


@dataclass(slots=True)
class User:
    """A user who may log in."""

    name: str
    groups: frozenset[str] = frozenset()
    rules: tuple[Rule, ...] = ()
    own_journal: bool = True

    @property
    def reads_journal(self) -> bool:
        """Whether journalctl shows them everything."""
        return bool(self.groups & READERS)


def parse_rule(text: str) -> Rule:
    """A rule from `ALL`, `/usr/bin/systemctl restart x.service` or `(billing) /path …`."""
    text = text.strip()
    if text.startswith("("):
        runas, _, command = text[1:].partition(")")
        return Rule(command.strip(), runas.strip())
    return Rule(text, "ALL" if text == "ALL" else "root")


def parse_rules(lines: Iterable[str]) -> tuple[Rule, ...]:
    """Rules from lines."""
    return tuple(parse_rule(line) for line in lines)


def default_users(service: str) -> dict[str, User]:
    """devops may all, restarter exactly one line, watcher nothing and not even read."""
    one = parse_rules([f"/usr/bin/systemctl restart {service}"])
    journal = frozenset({"systemd-journal"})
    everyone = (
        User("devops", journal, parse_rules(["ALL"])),
        User("restarter", journal, one),
        User("watcher"),
    )
    return {user.name: user for user in everyone}

"""Commands as values: argv with an effect, secrets and limits; the one place that quotes.

A command never reaches a host as a command line: `script_of` gives the text that goes over
stdin to a constant `/bin/sh`, so that the login shell, its quoting and `ps` do not matter.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from enum import StrEnum


class Effect(StrEnum):
    """What running a command does to the host; a locked session sends only reads."""

    READ = "read"
    CHANGE = "change"


class Ended(StrEnum):
    """How a command ended, as far as this side can know."""

    EXITED = "exited"
    SIGNALED = "signaled"
    TIMED_OUT = "unknown: past its limit"
    LINK_LOST = "unknown: link lost"
    OVERFLOW = "stopped: too much output"


@dataclass(frozen=True, slots=True)
class Secret:
    """A string that prints as `***`; `reveal` is for the transport alone."""

    _value: str

    def reveal(self) -> str:
        """The secret itself."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__


Word = str | Secret


@dataclass(frozen=True, slots=True)
class Command:
    """One question or change for a host.

    `argv` is run by a POSIX shell without expansion; `script`, where set, is shell text with
    argv as its positional parameters ($1…; a constant of ours, never made from host text).
    `env` is exported before. `timeout_s` is the limit after which the outcome is unknown,
    `None` for endless streams. `max_bytes` bounds stdout and stderr each.
    """

    argv: tuple[Word, ...]
    effect: Effect = Effect.READ
    timeout_s: float | None = 20.0
    max_bytes: int = 4 * 1024 * 1024
    script: str | None = None
    env: tuple[tuple[str, Word], ...] = ()
    as_user: str | None = None

    def reading(self) -> bool:
        """Whether the command leaves the host as it is."""
        return self.effect is Effect.READ

    def with_user(self, user: str | None) -> Command:
        """The same command, run as `user` by `sudo -n -u` (None: as the SSH user)."""
        return replace(self, as_user=user)


def reveal(word: Word) -> str:
    """The word as the host must get it."""
    return word.reveal() if isinstance(word, Secret) else word


def _line(words: tuple[Word, ...], *, shown: bool) -> str:
    return shlex.join([str(word) if shown else reveal(word) for word in words])


def _full_argv(command: Command) -> tuple[Word, ...]:
    words = command.argv
    if command.script is not None:
        words = ("/bin/sh", "-c", command.script, "beamdeck", *words)
    if command.as_user is not None:
        words = ("sudo", "-n", "-u", command.as_user, "--", *words)
    return words


def _assignments(command: Command, *, shown: bool) -> str:
    return "".join(
        f"{_variable(name)}={shlex.quote(str(value) if shown else reveal(value))} "
        for name, value in command.env
    )


def display(command: Command) -> str:
    """The literal command line for people: secrets as `***`, scripts by their text."""
    return _assignments(command, shown=True) + _line(_full_argv(command), shown=True)


def script_of(command: Command) -> bytes:
    """The shell text that carries the command over stdin, UTF-8, ending in a newline.

    The command's own stdin is /dev/null: what is left of the script is never its input.
    ValueError if there is nothing to run, or a word holds a NUL, which a shell would drop.
    """
    if not command.argv and command.script is None:
        raise ValueError("a command needs a word or a script")
    exports = "".join(
        f"export {_variable(name)}={shlex.quote(reveal(value))}\n"
        for name, value in (("LC_ALL", "C"), *command.env)
    )
    line = _line(_full_argv(command), shown=False)
    script = f"{exports}exec {line} </dev/null\n"
    if "\0" in script:
        raise ValueError("a word of a command cannot hold a NUL")
    return script.encode("utf-8", "surrogateescape")


def _variable(name: str) -> str:
    if not (name.isascii() and name.isidentifier()):
        raise ValueError(f"{name!r} cannot be the name of an environment variable")
    return name


def _joined(commands: tuple[Command, ...], operator: str) -> Command:
    if not commands:
        raise ValueError("a joined command needs a command")
    words = [word for c in commands for word in (*c.argv, *(value for _, value in c.env))]
    if any(isinstance(word, Secret) for word in words):
        raise ValueError("a joined command cannot carry a secret: it becomes script text")
    effect = Effect.READ if all(c.reading() for c in commands) else Effect.CHANGE
    text = f" {operator} ".join(
        _assignments(c, shown=False) + _line(_full_argv(c), shown=False) for c in commands
    )
    limits = [c.timeout_s for c in commands]
    timeout = None if None in limits else sum(limit for limit in limits if limit is not None)
    most = max(c.max_bytes for c in commands)
    return Command((), effect=effect, timeout_s=timeout, max_bytes=most, script=text)


def pipe(*commands: Command) -> Command:
    """The commands joined by `|`; reads only if all of them read. Ends as the last one ends."""
    return _joined(commands, "|")


def all_of(*commands: Command) -> Command:
    """The commands joined by `&&`; reads only if all of them read."""
    return _joined(commands, "&&")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came back of one run. stdout and stderr are raw bytes, at most `max_bytes` each."""

    ended: Ended
    exit_status: int | None
    stdout: bytes = b""
    stderr: bytes = b""
    duration_s: float = 0.0
    signal: str | None = None

    @property
    def known(self) -> bool:
        """Whether the command is known to have ended; if not, only the host can tell."""
        return self.ended in (Ended.EXITED, Ended.SIGNALED)

    @property
    def ok(self) -> bool:
        """Ended by itself with exit status 0. None is unknown, never success."""
        return self.ended is Ended.EXITED and self.exit_status == 0

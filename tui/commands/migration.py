"""Migrations asked of a release's own code, by rpc or by eval, and run one at a time. Pure.

Reads take no lock and create nothing; answers stand behind a mark that is new each time, so that
colour, log lines and what a launcher prints are left aside.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from tui.commands.release_call import ask_by_eval, ask_by_rpc
from tui.commands.snippet import Atom, Module, expression
from tui.model.command import Command, Ended, Outcome
from tui.model.fleet import App
from tui.model.migration import (
    By,
    Direction,
    Migration,
    MigrationState,
    MigrationStatus,
    RepoStatus,
    repo_fits,
)
from tui.model.names import migration_version_fits, release_version_fits
from tui.model.redact import from_host
from tui.model.release import ReleaseFacts

NO_FILE = "** FILE NOT FOUND **"
READ_LIMIT_S = 60.0
_MAX_BYTES = 8 * 1024 * 1024
_ESCAPE = re.compile(rb"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|.)")
_TEXT_LIMIT = 2000


def status_expression(app: App, token: str) -> str:
    """The read-only question for every repo of the app, as one Elixir expression."""
    return expression("migration_status.exs", app=Atom(app.name), mark=token)


def one_expression(
    app: App, token: str, repo: str, version: int, direction: Direction, newest: int | None
) -> str:
    """Run one migration, if `newest` is still the newest applied one, as one expression."""
    return expression(
        "migrate_one.exs",
        app=Atom(app.name),
        mark=token,
        repo=Module(repo),
        version=version,
        way=direction.value,
        newest=newest,
    )


def read_migrations(
    app: App, release: ReleaseFacts, token: str, by: By, version: str = ""
) -> Command:
    """Ask the running code (rpc), or that of a release version on disk (eval; empty: what boots
    next), for the status of every repo. CannotCall if this release cannot be asked."""
    text = status_expression(app, token)
    if by is By.RPC:
        return ask_by_rpc(app, release, text, timeout_s=READ_LIMIT_S, max_bytes=_MAX_BYTES)
    return ask_by_eval(app, release, text, version, timeout_s=READ_LIMIT_S, max_bytes=_MAX_BYTES)


def marked(output: bytes, token: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(word, further words) of every line behind the mark, wherever in its line it stands."""
    for raw in _ESCAPE.sub(b"", output).split(b"\n"):
        _, found, rest = raw.partition(token.encode() + b" ")
        words = rest.decode("utf-8", "backslashreplace").split()
        if found and words:
            yield words[0], tuple(words[1:])


def parse_migrations(
    outcome: Outcome, token: str, host: str, by: By, taken_at: float
) -> MigrationStatus:
    """The status between the marks; whatever keeps it from being known is `problem`, in words."""
    lines = list(marked(outcome.stdout, token))
    words = [word for word, _ in lines]
    if not outcome.known and outcome.ended is not Ended.OVERFLOW:
        return MigrationStatus(host, by, taken_at=taken_at, problem=f"no answer: {outcome.ended}")
    if "began" not in words or "ended" not in words:
        return MigrationStatus(host, by, taken_at=taken_at, problem=_silent(outcome, token))
    versions: dict[str, str] = {}
    repos: list[_Repo] = []
    problem = ""
    for word, rest in lines:
        if word in ("boot", "env", "app"):
            versions[word] = _version(rest)
        elif word == "repo":
            repos.append(_Repo(rest[0] if rest else ""))
        elif word == "old":
            problem = "its Ecto is older than 3.5: a read would take the lock on its migrations"
        elif word == "none":
            problem = "this release has no Ecto.Migrator"
        elif repos:
            repos[-1].take(word, rest)
    # A VM of an eval may be booted by a script of OTP's own: there the launcher's word counts.
    order = ("boot", "app") if by is By.RPC else ("env", "boot", "app")
    release = next(filter(None, (versions.get(word) for word in order)), "")
    return MigrationStatus(
        host, by, release, taken_at, tuple(repo.value() for repo in repos), problem
    )


def _silent(outcome: Outcome, token: str) -> str:
    said = [
        line
        for stream in (outcome.stderr, outcome.stdout)
        for line in _ESCAPE.sub(b"", stream).split(b"\n")
        if line.strip() and token.encode() not in line
    ]
    # The line that names the error is worth more than the first one, which may be a warning's.
    raised = [line for line in said if line.startswith(b"** (")]
    shown = from_host((raised or said or [b""])[0], limit=300)
    return f"the release did not answer: {shown or 'nothing was said'}"


def _version(rest: tuple[str, ...]) -> str:
    text = untext(rest)
    return text if release_version_fits(text) else ""


def untext(words: tuple[str, ...]) -> str:
    """A text that travelled as base64; empty if it is none."""
    try:
        return base64.b64decode(words[0] if words else "", validate=True).decode(
            "utf-8", "backslashreplace"
        )
    except (binascii.Error, ValueError):
        return ""


def shown_text(words: tuple[str, ...], limit: int = _TEXT_LIMIT) -> str:
    """The same, redacted and printable, on one line."""
    return from_host(untext(words).encode(), limit=limit)


@dataclass
class _Repo:
    """A repo whose lines are being gathered."""

    name: str
    rows: list[Migration] = field(default_factory=list)
    path: str = ""
    never: bool = False
    problem: str = ""

    def take(self, word: str, rest: tuple[str, ...]) -> None:
        if word == "row" and len(rest) >= 2 and migration_version_fits(rest[1]):
            self._row(rest[0], int(rest[1]), untext(rest[2:]))
        elif word == "path":
            self.path = shown_text(rest)
        elif word == "never":
            self.never = True
        elif word == "failed":
            self.problem = shown_text(rest) or "it failed without a word"
        elif word != "ended":
            self.problem = self.problem or f"it said what is not understood: {word[:40]!a}"

    def _row(self, state: str, version: int, name: str) -> None:
        if state == "down":
            stands = MigrationState.PENDING
        else:
            stands = MigrationState.NO_FILE if name == NO_FILE else MigrationState.APPLIED
        shown = "" if stands is MigrationState.NO_FILE else from_host(name.encode(), limit=200)
        self.rows.append(Migration(version, shown, stands))

    def value(self) -> RepoStatus:
        if not repo_fits(self.name):
            shown = from_host(self.name.encode(), limit=100)
            return RepoStatus(shown, problem="that is no name of a repo that can be worked with")
        rows = tuple(sorted(self.rows, key=lambda row: row.version))
        problem = self.problem
        if len({row.version for row in rows}) != len(rows):
            problem = "it named a version twice"
        if problem:
            rows = ()
        return RepoStatus(self.name, rows, self.path, self.never, problem)


@dataclass(frozen=True, slots=True)
class OneAnswer:
    """What the snippet for one migration said: before it, what Ecto ran, why nothing was done.

    `whole` only if it was heard to its end. `ran` is None where it says nothing of it.
    """

    whole: bool
    newest: int | None = None
    ran: tuple[int, ...] | None = None
    refused: str = ""
    failed: str = ""
    log: tuple[str, ...] = ()


def parse_one(output: bytes, token: str) -> OneAnswer:
    """The answer in the output of a step; log lines are what Ecto said on the way, redacted."""
    lines = list(marked(output, token))
    said = dict(lines)
    newest = said.get("newest", ("nil",))
    ran = tuple(int(word) for word in said.get("ran", ()) if migration_version_fits(word))
    noise = [
        from_host(line, limit=300)
        for line in _ESCAPE.sub(b"", output).split(b"\n")
        if line.strip() and token.encode() not in line
    ]
    return OneAnswer(
        whole="began" in said and "ended" in said,
        newest=int(newest[0]) if newest and migration_version_fits(newest[0]) else None,
        ran=ran if "ran" in said else None,
        refused=shown_text(said["refused"]) if "refused" in said else "",
        failed=shown_text(said["failed"]) if "failed" in said else "",
        log=tuple(noise[-40:]),
    )

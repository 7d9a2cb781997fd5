"""The steps of migrations, one a migration: what is sent, expected and verified. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from tui.commands.detached import detached_command
from tui.commands.migration import one_expression
from tui.commands.release_call import EVAL_DETACHED_TEXT, RPC_TEXT, eval_words, rpc_words
from tui.model.command import Command
from tui.model.fleet import App
from tui.model.migration import By, Direction, MigrationStatus, RepoStatus
from tui.model.migration_set import in_order
from tui.model.plan import Facts, PlanRefused, Step
from tui.operations.context import PlanContext

UP, DOWN = "migrate_up", "migrate_down"
LIMIT_S = 3600.0
"""Seconds that a migration is followed; nothing ends it when that is over."""


def up_steps(
    context: PlanContext,
    status: MigrationStatus,
    versions: Iterable[int],
    *,
    by: By,
    release: str,
    repo: str = "",
    limit_s: float = LIMIT_S,
) -> tuple[Step, ...]:
    """A step for each version, the oldest first, run by the code of `release`: in the running
    node (rpc) or beside it (eval). Without a repo, every repo of the status that has it pending.
    PlanRefused if one is not pending in the status."""
    return _steps(context, status, versions, Direction.UP, by, release, repo, limit_s)


def down_steps(
    context: PlanContext,
    status: MigrationStatus,
    versions: Iterable[int],
    *,
    by: By,
    release: str,
    repo: str = "",
    limit_s: float = LIMIT_S,
) -> tuple[Step, ...]:
    """A step for each version, the newest first; like `up_steps` in all else. PlanRefused without
    versions: there is no down without a set."""
    if not tuple(versions):
        raise PlanRefused("a down needs the migrations that go: none were named")
    return _steps(context, status, versions, Direction.DOWN, by, release, repo, limit_s)


def _steps(
    context: PlanContext,
    status: MigrationStatus,
    versions: Iterable[int],
    direction: Direction,
    by: By,
    release: str,
    repo: str,
    limit_s: float,
) -> tuple[Step, ...]:
    wanted = set(versions)
    repos = [r for r in status.repos if not repo or r.repo == repo]
    steps: list[Step] = []
    for seen in repos:
        here = wanted & set(_able(seen, direction))
        applied = set(seen.applied)
        for version in in_order(here, direction):
            made = _Made(context, status, seen, version, direction, By(by), release, limit_s)
            steps.append(made.step(tuple(sorted(applied))))
            applied ^= {version}
    lacking = wanted - {int(step.param("version")) for step in steps}
    if lacking:
        word = "pending" if direction is Direction.UP else "applied, with a file"
        names = ", ".join(map(str, sorted(lacking)))
        raise PlanRefused(f"{names}: not {word} as {status.release or 'the release'} sees it")
    return tuple(steps)


def _able(repo: RepoStatus, direction: Direction) -> tuple[int, ...]:
    if direction is Direction.UP:
        return repo.pending
    return tuple(v for v in repo.applied if v not in repo.without_file)


def mark_of(repo: str, version: int, direction: Direction) -> str:
    """The mark in a step's output. The same for the same step: a plan that is built again has the
    same hash. Each step has an output of its own, and no answer in it is believed unread."""
    return "m" + hashlib.sha256(f"{repo} {version} {direction}".encode()).hexdigest()[:15]


class _Made:
    """One step in the making."""

    def __init__(
        self,
        context: PlanContext,
        status: MigrationStatus,
        repo: RepoStatus,
        version: int,
        direction: Direction,
        by: By,
        release: str,
        limit_s: float,
    ) -> None:
        self._app: App = context.app
        self._host = context.migration_host
        self._status = status
        self._repo = repo
        self._version = version
        self._direction = direction
        self._by = by
        self._release = release
        self._limit_s = limit_s

    def step(self, applied: tuple[int, ...]) -> Step:
        up = self._direction is Direction.UP
        migration = self._repo.get(self._version)
        name = migration.words if migration is not None else str(self._version)
        way = "in the running node" if self._by is By.RPC else "beside the running node"
        goes = "it is applied" if up else "it is no longer applied"
        return Step(
            kind=UP if up else DOWN,
            host=self._host,
            what=f"{'apply' if up else 'undo'} {name}",
            why=f"{self._call()}, {self._repo.repo}, by {self._release} {way}; outlives the link",
            command=self._command(max(applied, default=None)),
            precondition=f"{'pending' if up else 'applied'}, and nothing else has changed: "
            f"the newest applied is {max(applied, default='none')}",
            verification=f"the status is read again: {goes}, and all else is as it was",
            undo=f"undo {self._version}" if up else f"apply {self._version} again",
            limit_s=self._limit_s,
            params=self._params(applied),
        )

    def _call(self) -> str:
        """What is run, in short: the snippet has a screenful of its own."""
        kind = UP if self._direction is Direction.UP else DOWN
        return f"bin/{self._app.name} {self._by} ‹{kind} {self._version}›"

    def _params(self, applied: tuple[int, ...]) -> Facts:
        return (
            ("repo", self._repo.repo),
            ("version", str(self._version)),
            ("applied", " ".join(map(str, applied))),
            ("by", self._by.value),
            ("release", self._release),
        )

    def _command(self, newest: int | None) -> Command:
        repo, version, direction = self._repo.repo, self._version, self._direction
        mark = mark_of(repo, version, direction)
        text = one_expression(self._app, mark, repo, version, direction, newest)
        facts = self._status.facts
        if self._by is By.RPC:
            inner, words = RPC_TEXT, rpc_words(self._app, facts, text)
        else:
            inner = EVAL_DETACHED_TEXT
            words = eval_words(self._app, facts, text, self._release)
        return detached_command(
            self._app, inner, words, limit_s=self._limit_s, environment=self._by is By.EVAL
        )

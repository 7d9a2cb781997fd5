"""Which migrations go: sets that a person chose, what may go together, how it is said. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tui.model.migration import Direction, MigrationState, RepoStatus
from tui.model.migration_source import Judgement, Undo
from tui.model.names import migration_version_fits
from tui.model.plan import Loss
from tui.model.words import counted


def versions_of(words: str) -> tuple[int, ...]:
    """Migration versions from words; ValueError names what is none."""
    found = []
    for word in words.replace(",", " ").split():
        if not migration_version_fits(word):
            raise ValueError(f"{word[:40]!a} is no migration version")
        found.append(int(word))
    return tuple(dict.fromkeys(found))


def in_order(versions: Iterable[int], direction: Direction) -> tuple[int, ...]:
    """The order that they are carried out in: up the oldest first, down the newest first."""
    return tuple(sorted(set(versions), reverse=direction is Direction.DOWN))


def newest_run(repo: RepoStatus, versions: Iterable[int]) -> bool:
    """Whether they are the newest applied migrations without a gap."""
    chosen = set(versions)
    return chosen == set(repo.applied[len(repo.applied) - len(chosen) :])


def problems(
    repo: RepoStatus,
    versions: Iterable[int],
    direction: Direction,
    judgements: Mapping[int, Judgement],
) -> list[str]:
    """Everything that stands in the way of a set, a sentence each. What one migration at a time
    may do is allowed to one, whatever is newer."""
    chosen = in_order(versions, direction)
    if not chosen:
        return ["no migration is chosen"]
    found: list[str] = []
    for version in chosen:
        found += _problem(repo, version, direction, judgements.get(version))
    if direction is Direction.DOWN and len(chosen) > 1 and not newest_run(repo, chosen):
        newer = [v for v in repo.applied if v > chosen[-1] and v not in chosen]
        found.append(
            f"{_list(newer)} would stay applied although newer than {chosen[-1]}: they are not "
            "the newest ones without a gap. Undo them one by one, each by its own plan"
        )
    return found


def _problem(
    repo: RepoStatus, version: int, direction: Direction, judgement: Judgement | None
) -> Iterable[str]:
    migration = repo.get(version)
    if migration is None:
        yield f"{version} is no migration of {repo.repo}"
        return
    if direction is Direction.UP:
        if migration.applied:
            yield f"{migration.words} is applied already"
        elif judgement is not None and judgement.lacks_up:
            yield f"{migration.words} has neither up nor change: Ecto would refuse it"
        return
    if migration.state is MigrationState.PENDING:
        yield f"{migration.words} is not applied, there is nothing to undo"
    elif migration.state is MigrationState.NO_FILE:
        yield f"{version} has no file in this release: only a release that has it can undo it"
    elif judgement is not None and judgement.lacks_down:
        yield (
            f"{migration.words} has neither down nor change: Ecto would undo nothing and "
            "still delete its row"
        )
    elif judgement is not None and judgement.undo is Undo.NO:
        yield f"{migration.words} cannot be undone: {judgement.undo_reasons[0].words}"


def set_words(repo: RepoStatus, versions: Iterable[int], direction: Direction) -> str:
    """`20180101120000 and the 2 after it are undone; 20170801090000 stays`."""
    chosen = in_order(versions, Direction.UP)
    if not chosen:
        return "nothing is changed"
    verb = "undone" if direction is Direction.DOWN else "applied"
    known = repo.applied if direction is Direction.DOWN else repo.pending
    begin = known.index(chosen[0]) if chosen[0] in known else -1
    if len(chosen) == 1:
        said = f"{chosen[0]} alone is {verb}"
    elif begin >= 0 and chosen == known[begin : begin + len(chosen)]:
        more = "one" if len(chosen) == 2 else str(len(chosen) - 1)
        said = f"{chosen[0]} and the {more} after it are {verb}"
    else:
        said = f"{_list(chosen)} are {verb}"
    if direction is Direction.DOWN:
        rest = [v for v in repo.applied if v not in chosen]
        newer = [v for v in rest if v > chosen[0]]
        stays = f"{rest[-1]} stays" if rest else "nothing stays applied"
        if newer:
            stays = f"{_list(newer)} {'stays' if len(newer) == 1 else 'stay'}, although newer"
        return f"{said}; {stays}"
    left = [v for v in repo.pending if v not in chosen]
    return (
        f"{said}; {_list(left)} {'stays' if len(left) == 1 else 'stay'} pending" if left else said
    )


def _list(versions: Iterable[int]) -> str:
    shown = [str(v) for v in versions]
    if len(shown) > 3:
        return f"{shown[0]} and {counted(len(shown) - 1, 'other')}"
    return ", ".join(shown)


def repo_losses(
    repo: RepoStatus,
    versions: Iterable[int],
    direction: Direction,
    judgements: Mapping[int, Judgement],
) -> tuple[Loss, ...]:
    """What goes with a set, in order; a migration without a judgement is a loss: nobody knows."""
    found = []
    for version in in_order(versions, direction):
        migration = repo.get(version)
        judgement = judgements.get(version)
        name = f"{migration.name}: " if migration is not None and migration.name else ""
        if judgement is None:
            found.append(
                Loss(str(version), f"{name}its source was not read: what it loses cannot be told")
            )
        elif not judgement.losses(direction).nothing:
            lost = judgement.losses(direction)
            # On its own, where it is ticked: "cannot tell" would not say what.
            blind = not lost.known and not lost.what
            words = "what it loses cannot be told" if blind else lost.words
            found.append(Loss(str(version), f"{name}{words}"))
    return tuple(found)

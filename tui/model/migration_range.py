"""Which migrations are meant by a version and a direction: explicit lists, never a range. Pure."""

from __future__ import annotations

from tui.model.migration import RepoStatus


def versions_down(status: RepoStatus, version: int, *, undo: bool) -> tuple[int, ...]:
    """The applied versions that go, the newest first; `undo`: the version itself goes as well.

    ValueError if it is not applied, or if nothing would go: Ecto answers such a question with
    silence, and takes a version that does not exist for any number.
    """
    if version not in status.applied:
        raise ValueError(f"{version} is not applied in {status.repo}: it can neither stay nor go")
    going = tuple(v for v in status.applied if v > version or (undo and v == version))
    if not going:
        raise ValueError(f"{version} is the newest that is applied: nothing would be undone")
    return tuple(sorted(going, reverse=True))


def versions_up(status: RepoStatus, version: int | None) -> tuple[int, ...]:
    """The pending versions up to and with `version` (None: all), the oldest first.

    ValueError if that version is not pending, or if nothing is.
    """
    if version is not None and version not in status.pending:
        raise ValueError(f"{version} is not pending in {status.repo}")
    coming = tuple(v for v in status.pending if version is None or v <= version)
    if not coming:
        raise ValueError(f"nothing is pending in {status.repo}")
    return coming


def down_words(status: RepoStatus, versions: tuple[int, ...]) -> str:
    """`20180101120000 and the 2 after it are undone; 20170801090000 stays`."""
    oldest, more = min(versions), len(versions) - 1
    left = [v for v in status.applied if v < oldest]
    verb = "is" if not more else "are"
    after = " and the one after it" if more == 1 else f" and the {more} after it" if more else ""
    stays = f"{max(left)} stays" if left else "none is left"
    return f"{oldest}{after} {verb} undone; {stays}"

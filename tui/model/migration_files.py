"""Migration files as they lie in a host's releases: which release version brought which. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from tui.model.migration import RepoStatus
from tui.model.migration_source import Judgement, judge_source, unjudged

_FOLDER = re.compile(r"(?:.*/)?lib/([a-z][a-z0-9_]*)-([^/]+)/(.+)\Z")
_NUMBERS = re.compile(r"\d+|[^\d]+")


@dataclass(frozen=True, slots=True)
class MigrationFile:
    """One `VERSION_NAME.exs`: the library's name and version, the folder in it, its text's hash."""

    lib: str
    lib_version: str
    folder: str
    version: int
    name: str
    digest: str


@dataclass(frozen=True, slots=True)
class MigrationFiles:
    """The files of every release version on one host, and their texts by hash.

    `problem` says why there are none, `partly` why some are missing.
    """

    files: tuple[MigrationFile, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""
    partly: str = ""

    def _of(self, repo: RepoStatus, version: int) -> list[MigrationFile]:
        lib, _, folder = place(repo.path)
        return sorted(
            (
                file
                for file in self.files
                if file.version == version
                and (not lib or (file.lib, _under(file.folder, folder)) == (lib, True))
            ),
            key=lambda file: release_key(file.lib_version),
        )

    def since(self, repo: RepoStatus, version: int) -> str:
        """The oldest release version on the host that has the file; empty if none has."""
        found = self._of(repo, version)
        return found[0].lib_version if found else ""

    def holders(self, repo: RepoStatus, version: int) -> tuple[str, ...]:
        """The release versions on the host that have the file, the newest first."""
        return tuple(dict.fromkeys(f.lib_version for f in reversed(self._of(repo, version))))

    def file(self, repo: RepoStatus, version: int) -> MigrationFile | None:
        """The file as the code that gave the status has it; else as the newest release has it."""
        found = self._of(repo, version)
        own = [file for file in found if file.lib_version == place(repo.path)[1]]
        return own[-1] if own else found[-1] if found else None

    def text(self, repo: RepoStatus, version: int) -> str | None:
        """The source; None if there is no such file, or it was not read."""
        file = self.file(repo, version)
        return self.texts.get(file.digest) if file is not None else None

    def differs(self, repo: RepoStatus, version: int) -> tuple[str, ...]:
        """The release versions whose file has another text than the one that `text` gives."""
        own = self.file(repo, version)
        return tuple(
            file.lib_version
            for file in self._of(repo, version)
            if own is not None and file.digest != own.digest
        )

    def judgements(self, repo: RepoStatus) -> dict[int, Judgement]:
        """A judgement for each migration of the repo; what has no text cannot be told."""
        found = {}
        for migration in repo.migrations:
            text = self.text(repo, migration.version)
            if text is not None:
                found[migration.version] = judge_source(text)
            else:
                why = self.problem or "no file of it lies in any release here"
                found[migration.version] = unjudged(why)
        return found


def place(path: str) -> tuple[str, str, str]:
    """(library, its version, the folder in it) of a folder of migrations; empty if it is none."""
    found = _FOLDER.match(path)
    return (found[1], found[2], found[3]) if found else ("", "", "")


def _under(folder: str, top: str) -> bool:
    return folder == top or folder.startswith(f"{top}/")


def release_key(version: str) -> tuple[tuple[int, int, str], ...]:
    """Orders release versions: numbers as numbers, the rest as text."""
    return tuple(
        (1, int(part), "") if part.isdigit() else (0, 0, part) for part in _NUMBERS.findall(version)
    )

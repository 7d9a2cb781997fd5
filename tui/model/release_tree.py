"""What lies in a release's folder on a host: versions, whether each is whole, what it brings.

Values and pure judgements only. Names outside the allowlists are kept to be shown, never used.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tui.model.fleet import Flavour

_COMMENT = re.compile(r"%[^\n]*")
_NAMED = re.compile(r'\{\s*release\s*,\s*\{\s*"([^"\n]*)"\s*,\s*"([^"\n]*)"\s*\}')
_ERTS = re.compile(r'\{\s*erts\s*,\s*"([^"\n]*)"\s*\}')
_APPLICATION = re.compile(r"\{\s*'?([a-z][A-Za-z0-9_@]*)'?\s*,\s*\"([^\"\n]*)\"")
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class RelFile:
    """A `.rel` file: the release's name and version, its ERTS, its applications (name, version)."""

    name: str = ""
    version: str = ""
    erts: str = ""
    apps: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class MigrationFile:
    """A migration in a release: its version, name, and where: application and folder of priv."""

    version: int
    name: str
    app: str
    folder: str = "repo"


@dataclass(frozen=True, slots=True)
class VersionSeen:
    """One release version on a host.

    `missing` says what keeps it from being whole, in words; () is whole. `built_at` is its
    folder's mtime (an archive brings the build's), `came_at` its ctime; `size_bytes` counts
    its folder and all that its .rel names, `own_bytes` what no other version here names.
    `setcookie` is the SHA-256 of vm.args' `-setcookie`, never the cookie.
    """

    version: str
    missing: tuple[str, ...] = ()
    boots: bool = False
    runs: bool = False
    built_at: float | None = None
    came_at: float | None = None
    owner: str = ""
    size_bytes: int | None = None
    own_bytes: int | None = None
    name: str = ""
    erts: str = ""
    apps: tuple[tuple[str, str], ...] = ()
    migrations: tuple[MigrationFile, ...] = ()
    files: tuple[str, ...] = ()
    setcookie: str = ""

    @property
    def whole(self) -> bool:
        """Whether everything that it boots with is there."""
        return not self.missing

    @property
    def libs(self) -> tuple[str, ...]:
        """The folders of lib that its .rel names."""
        return tuple(f"{name}-{number}" for name, number in self.apps)


@dataclass(frozen=True, slots=True)
class TreeSeen:
    """A release's folder on a host as it was at `taken_at` (Unix seconds, our clock).

    `problem` says what could not be read; what is not known is then not claimed either. `boots`
    is what the next start takes; `passed_over` is what releases/start_erl.data names instead
    where Distillery's var/start_erl.data is stale, or relx's launcher is another version's.
    `libs` and `erts_folders` are (folder, bytes or None) of what is usable; `cookie` is the
    SHA-256 of releases/COOKIE; `staged` versions are unpacked by the console and not yet in their
    place.
    """

    host: str
    taken_at: float
    root: str = ""
    flavour: Flavour = Flavour.AUTO
    tool: str = ""
    boots: str | None = None
    boots_erts: str | None = None
    passed_over: str = ""
    runs: str | None = None
    state: str = ""
    versions: tuple[VersionSeen, ...] = ()
    libs: tuple[tuple[str, int | None], ...] = ()
    erts_folders: tuple[tuple[str, int | None], ...] = ()
    cookie: str = ""
    staged: tuple[str, ...] = ()
    unusable: tuple[str, ...] = ()
    problem: str = ""

    @property
    def known(self) -> bool:
        """Whether the folder could be read."""
        return bool(self.root)

    def version(self, version: str) -> VersionSeen | None:
        """The version of exactly this name, if it is there."""
        return next((seen for seen in self.versions if seen.version == version), None)


def parse_rel(text: str) -> RelFile | None:
    """A `.rel` file as `mix release`, Distillery and relx write it; None if it is none."""
    plain = _COMMENT.sub("", text)
    named, erts = _NAMED.search(plain), _ERTS.search(plain)
    if named is None or erts is None:
        return None
    apps = tuple((m[1], m[2]) for m in _APPLICATION.finditer(plain, erts.end()))
    return RelFile(named[1], named[2], erts[1], apps)


def parse_migration(path: str) -> MigrationFile | None:
    """A path below lib, `APP-VSN/priv/FOLDER/migrations/[…/]VERSION_NAME.exs`; else None."""
    parts = path.split("/")
    if len(parts) < 5 or parts[1] != "priv" or parts[3] != "migrations":
        return None
    number, mark, name = parts[-1].removesuffix(".exs").partition("_")
    if not mark or not parts[-1].endswith(".exs") or not _NUMBER.fullmatch(number):
        return None
    if len(number) > 20 or not number.isascii():
        return None
    return MigrationFile(int(number), name, parts[0].rpartition("-")[0], parts[2])


def needed_files(flavour: Flavour, name: str) -> tuple[tuple[str, ...], ...]:
    """What a release boots with in `releases/V`: of each group one file must be there."""
    boot = (f"{name}.boot", "start.boot")
    if flavour is Flavour.MIX:
        return (("start.boot",), ("sys.config",), ("vm.args",), ("env.sh",), ("elixir",))
    if flavour is Flavour.DISTILLERY:
        return (boot, ("sys.config",), ("vm.args",), (f"{name}.sh",))
    return (
        boot,
        ("sys.config", "sys.config.src"),
        ("vm.args", "vm.args.src"),
    )


def missing_parts(
    flavour: Flavour,
    rel: RelFile | None,
    release_name: str,
    files: Sequence[tuple[str, str]],
    libs: Iterable[str],
    erts_folders: Iterable[str],
) -> tuple[str, ...]:
    """What a version lacks to be bootable, in words; () if it is whole.

    `files` are (kind, name) of its folder: `f` with content, `e` empty, `l` a link to nothing.
    A tree without any `erts-*` and `lib/kernel-*` boots by the host's own Erlang; then only its
    other applications are asked for.
    """
    usable = {name for kind, name in files if kind == "f"}
    # An empty vm.args is a valid one; an empty boot script or configuration is a broken copy.
    usable |= {name for kind, name in files if kind == "e" and name.startswith("vm.args")}
    odd = {name: _ODD[kind] for kind, name in files if kind in _ODD}
    found = []
    for group in needed_files(flavour, release_name):
        if not usable.intersection(group):
            broken = next((f"{name} {odd[name]}" for name in group if name in odd), "")
            found.append(broken or group[0])
    if rel is None:
        return (*found, f"{release_name}.rel")
    present, runtimes = set(libs), set(erts_folders)
    borrowed = not runtimes and not any(lib.startswith("kernel-") for lib in present)
    if not borrowed and f"erts-{rel.erts}" not in runtimes:
        found.append(f"erts-{rel.erts}")
    here = {lib.rpartition("-")[0] for lib in present}
    for name, number in rel.apps:
        own = not borrowed or name in here or name == rel.name
        if own and f"{name}-{number}" not in present:
            found.append(f"lib/{name}-{number}")
    return tuple(found)


_ODD = {"e": "is empty", "l": "leads nowhere"}


_Natural = tuple[tuple[int, str], ...]
Order = tuple[tuple[int, ...], bool, _Natural, float, _Natural]


def release_order(version: str, built_at: float | None = None) -> Order:
    """A key that sorts release versions old to new: by numbers, then a pre-release before its
    release, then by when it was built, then by what stands behind `+` (a date, mostly)."""
    base, _, build = version.partition("+")
    numbers, _, early = base.partition("-")
    parts = tuple(int(part) for part in _NUMBER.findall(numbers)[:6] if len(part) < 20)
    return (parts, not early, _natural(early), built_at or 0.0, _natural(build))


def _natural(text: str) -> _Natural:
    pieces = re.findall(r"\d+|\D+", text)
    return tuple((int(p), "") if p.isascii() and p.isdigit() else (-1, p) for p in pieces)


def rollback_target(tree: TreeSeen) -> str:
    """The newest whole version older than the one that runs; empty if there is none."""
    if tree.runs is None:
        return ""
    seen = tree.version(tree.runs)
    running = release_order(tree.runs, seen.built_at if seen else None)
    whole = [v for v in tree.versions if v.whole and v.version != tree.runs]
    ordered = [(release_order(v.version, v.built_at), v.version) for v in whole]
    return max((pair for pair in ordered if pair[0] < running), default=(running, ""))[1]

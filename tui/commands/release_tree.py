"""One read of a whole release folder: its versions, what each has, what lib and erts hold.

Read on demand: some ten forks and a walk over the tree for its sizes. As the SSH user; what that
user may not read is named, so that the caller can ask again as the owner. The cookie never
leaves the host: only its checksum does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from tui.commands.release import STARTS, boots_of, flavour_of, parse_start_erl, read_name
from tui.commands.release_tree_script import SCRIPT
from tui.model.command import Command, Effect
from tui.model.fleet import App, Flavour
from tui.model.names import release_version_fits
from tui.model.redact import from_host, redact
from tui.model.release_tree import (
    MigrationFile,
    RelFile,
    TreeSeen,
    VersionSeen,
    missing_parts,
    parse_migration,
    parse_rel,
)
from tui.model.text import scrub_line

_SHA256 = re.compile(r"[0-9a-f]{64}")
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class TreeAnswer:
    """A tree as one user saw it, and the paths that this user may not read."""

    tree: TreeSeen
    shut: tuple[str, ...] = ()
    whole: bool = True


def read_tree(app: App, token: str, *, as_owner: bool, timeout_s: float = 60.0) -> Command:
    """Read the app's release folder. `token` must be unguessable for who writes files there."""
    return Command(
        (app.root.rstrip("/") or "/", app.name, token),
        effect=Effect.READ,
        timeout_s=timeout_s,
        max_bytes=8 * 1024 * 1024,
        script=SCRIPT,
        as_user=app.owner if as_owner else None,
    )


def parse_tree(output: bytes, app: App, token: str, host: str, taken_at: float) -> TreeAnswer:
    """The answer as a tree; `runs` and `state` are not in it, the caller knows them."""
    found = _sections(output, token)
    root = _root(app, found.get("root", b"").decode("utf-8", "backslashreplace"))
    signs = found.get("signs", b"").decode("ascii", "replace").split()
    flavour = flavour_of(signs) if app.flavour is Flavour.AUTO else app.flavour
    starts = {name: found.get(f"start.{name}", b"") for name in STARTS}
    first = parse_start_erl(starts["releases"])
    erts, boots = boots_of(flavour, starts)
    libs, runtimes = _lines(found, "libs"), _lines(found, "erts")
    sizes = _sizes(found.get("sizes", b""))
    shut = tuple(from_host(line) for line in _lines(found, "shut"))
    versions, unusable = _versions(found, app, flavour, libs, runtimes)
    tree = TreeSeen(
        host,
        taken_at,
        root=root,
        flavour=flavour,
        tool=_tool(flavour, libs),
        boots=boots.version,
        boots_erts=erts,
        passed_over=(first[1].version or "") if first[1].version != boots.version else "",
        versions=_weighed(versions, sizes, boots.version),
        libs=tuple((name, sizes.get(f"lib/{name}")) for name in libs),
        erts_folders=tuple((name, sizes.get(name)) for name in runtimes),
        cookie=_checksum(found.get("cookie", b"")),
        staged=tuple(name for name in _lines(found, "staged") if release_version_fits(name)),
        unusable=unusable,
        problem=_problem(found, root, shut),
    )
    return TreeAnswer(tree, shut, "ended" in found)


def _sections(output: bytes, token: str) -> dict[str, bytes]:
    """The bodies by name; a body ends before the newline of the mark behind it."""
    found: dict[str, bytes] = {}
    for piece in (b"\n" + output).split(f"\n{token} ".encode())[1:]:
        name, _, body = piece.partition(b"\n")
        found.setdefault(name.decode("ascii", "replace"), body)
    return found


def _lines(found: dict[str, bytes], name: str) -> list[str]:
    text = found.get(name, b"").decode("utf-8", "backslashreplace")
    return [line for line in text.split("\n") if line]


def _root(app: App, said: str) -> str:
    """The release's folder: one of those that were asked about; empty without an answer."""
    base = app.root.rstrip("/") or "/"
    allowed = (base, f"{base}/{app.name}", f"{base}/{app.name}/{app.name}")
    return said if said in allowed else ""


def _tool(flavour: Flavour, libs: list[str]) -> str:
    if flavour is Flavour.DISTILLERY:
        numbers = [lib.partition("-")[2] for lib in libs if lib.startswith("distillery-")]
        return " ".join(["distillery", *(n for n in numbers if release_version_fits(n))])
    return "mix release" if flavour is Flavour.MIX else str(flavour)


def _checksum(body: bytes) -> str:
    word = body.decode("ascii", "replace").split(" ")[0].strip()
    return word if _SHA256.fullmatch(word) else ""


def _problem(found: dict[str, bytes], root: str, shut: tuple[str, ...]) -> str:
    if "ended" not in found or not root:
        return "the answer broke off: not all of the folder was read"
    if shut:
        more = f" and {len(shut) - _SHOWN} more" if len(shut) > _SHOWN else ""
        return f"no right to read {', '.join(shut[:_SHOWN])}{more}"
    tree = found.get("tree", b"").strip()
    if tree in (b"missing", b"empty"):
        return f"no release in {root}: it is {'not there' if tree == b'missing' else 'empty'}"
    return "more than 400 versions: the rest is not shown" if "more" in found else ""


def _sizes(body: bytes) -> dict[str, int]:
    found = {}
    for line in body.decode("utf-8", "backslashreplace").split("\n"):
        count, _, path = line.partition("\t")
        if count.isascii() and count.isdigit() and len(count) < 15:
            found[path.rstrip("/")] = int(count) * 1024
    return found


def _versions(
    found: dict[str, bytes], app: App, flavour: Flavour, libs: list[str], runtimes: list[str]
) -> tuple[list[VersionSeen], tuple[str, ...]]:
    """Every version whose name commands can be made of, and the other names as they are shown."""
    migrations: dict[str, list[MigrationFile]] = {}
    for path in _lines(found, "migrations"):
        file = parse_migration(path)
        if file is not None:
            shown = replace(file, name=redact(scrub_line(file.name, limit=128)))
            migrations.setdefault(path.split("/", 1)[0], []).append(shown)
    versions, odd = [], []
    numbers = sorted(int(name[5:]) for name in found if name.startswith("name."))
    for number in numbers:
        name = read_name(found[f"name.{number}"])
        if name.version is None:
            odd.append(name.odd)
            continue
        seen = _version(found, number, name.version, app, flavour, libs, runtimes)
        files = [file for lib in dict.fromkeys(seen.libs) for file in migrations.get(lib, [])]
        versions.append(replace(seen, migrations=tuple(sorted(files))))
    return versions, tuple(odd)


def _version(
    found: dict[str, bytes],
    number: int,
    version: str,
    app: App,
    flavour: Flavour,
    libs: list[str],
    runtimes: list[str],
) -> VersionSeen:
    file_name, _, text = found.get(f"rel.{number}", b"").partition(b"\n")
    name = file_name.decode("utf-8", "replace").removesuffix(".rel") or app.name
    rel = parse_rel(text.decode("utf-8", "replace"))
    missing: tuple[str, ...]
    if f"files.{number}" not in found:
        missing = ("it could not be read",)
    else:
        pairs = [(line[:1], line[2:]) for line in _lines(found, f"files.{number}")]
        missing = missing_parts(flavour, rel, name, pairs, libs, runtimes)
    if rel is not None and rel.version != version:
        missing = (*missing, f"its .rel is of {rel.version}")
    rel = rel or RelFile()
    if not all(release_version_fits(vsn) for vsn in (rel.erts or "0", *(v for _, v in rel.apps))):
        missing, rel = (*missing, "its .rel names what cannot be a version"), RelFile()
    built, came, owner = _is(found.get(f"is.{number}", b""))
    return VersionSeen(
        version,
        missing=tuple(redact(scrub_line(part, limit=160)) for part in missing),
        built_at=built,
        came_at=came,
        owner=owner,
        name=redact(scrub_line(rel.name, limit=64)),
        erts=rel.erts,
        apps=rel.apps,
        files=tuple(
            redact(scrub_line(line[2:], limit=128)) for line in _lines(found, f"files.{number}")
        ),
        setcookie=_checksum(found.get(f"setcookie.{number}", b"")),
    )


def _is(body: bytes) -> tuple[float | None, float | None, str]:
    """(mtime, ctime, owner) of `stat -c '%Y %Z %U'`."""
    words = body.decode("utf-8", "replace").split()
    if len(words) != 3:
        return None, None, ""
    times = [float(w) if w.isascii() and w.isdigit() and len(w) < 12 else None for w in words[:2]]
    return times[0], times[1], redact(scrub_line(words[2], limit=64))


def _weighed(
    versions: list[VersionSeen], sizes: dict[str, int], boots: str | None
) -> tuple[VersionSeen, ...]:
    """The versions with their sizes, and which one boots next."""

    def parts(seen: VersionSeen) -> set[str]:
        folders = {f"lib/{lib}" for lib in seen.libs} | {f"releases/{seen.version}"}
        return folders | ({f"erts-{seen.erts}"} if seen.erts else set())

    users: dict[str, int] = {}
    for seen in versions:
        for part in parts(seen):
            users[part] = users.get(part, 0) + 1

    def total(folders: set[str]) -> int | None:
        return sum(sizes.get(part, 0) for part in folders) if sizes else None

    return tuple(
        replace(
            seen,
            boots=seen.version == boots,
            size_bytes=total(parts(seen)),
            own_bytes=total({part for part in parts(seen) if users[part] == 1}),
        )
        for seen in versions
    )

"""Reads two releases, each from a host or from a local archive, for a comparison."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import tarfile
import zlib
from pathlib import Path

from tui.commands.release_texts import LIMIT, parse_texts, read_texts
from tui.errors import BeamdeckError
from tui.model.redact import from_host
from tui.model.release_diff import TEXTS, Contents, ReleaseDiff, diff_releases
from tui.model.release_rows import Releases
from tui.model.release_tree import RelFile, parse_migration, parse_rel
from tui.operations.context import PlanContext

STORE = "store"
_MEMBERS = 200_000


class NotComparable(BeamdeckError):
    """A release that could not be read for a comparison; the detail says why."""

    title = "The releases cannot be compared"


async def compare(context: PlanContext, releases: Releases, old: str, new: str) -> ReleaseDiff:
    """The differences of two versions, both from one host where one has both, else from where
    each is found: a host first, then the store. NotComparable says what is missing."""
    both = [h for h in releases.seen(old) if h in releases.seen(new)]
    pair = await asyncio.gather(
        *(_read(context, releases, version, both[:1]) for version in (old, new))
    )
    return diff_releases(*pair)


async def _read(
    context: PlanContext, releases: Releases, version: str, preferred: list[str]
) -> Contents:
    hosts = preferred or list(releases.seen(version))
    if hosts:
        return await read_from_host(context, releases, version, hosts[0])
    archive = releases.archive(version)
    if archive is None or archive.where:
        where = f"only in the store on {archive.where}" if archive else "neither here nor there"
        raise NotComparable(f"{version} is {where}")
    return await asyncio.to_thread(read_from_archive, Path(archive.path), version, context.app.name)


async def read_from_host(
    context: PlanContext, releases: Releases, version: str, host: str
) -> Contents:
    """A version as it lies on a host; its texts are asked for as the owner if need be."""
    tree = releases.trees[host]
    seen = tree.version(version)
    session = context.sessions.get(host)
    if seen is None or session is None:
        raise NotComparable(f"{version} is not on {host}")
    said = ""
    for owner in dict.fromkeys((None, context.app.owner)):
        token = secrets.token_hex(12)
        outcome = await session.run(read_texts(tree.root, version, token, owner))
        try:
            texts = parse_texts(outcome.stdout, token)
        except ValueError as error:
            said = from_host(outcome.stderr.strip(), limit=200) or str(error)
            continue
        return Contents(
            version, host, seen.erts, seen.apps, seen.migrations, texts, tree.cookie, seen.setcookie
        )
    raise NotComparable(f"{version} on {host}: {said}")


def read_from_archive(path: Path, version: str, app: str) -> Contents:
    """A version as an archive has it: named members only, bounded, nothing is unpacked."""
    texts: dict[str, bytes] = {}
    rel: RelFile | None = None
    migrations = []
    cookie = ""
    prefix = f"releases/{version}/"
    try:
        with tarfile.open(path, mode="r|gz") as tar:
            for count, member in enumerate(tar):
                if count > _MEMBERS:
                    raise NotComparable(f"{path.name}: more files than a release has")
                # edeliver packs builtin releases with a top folder of the app's name.
                name = member.name.removeprefix("./").removeprefix(f"{app}/")
                if not member.isreg():
                    continue
                migration = parse_migration(name.removeprefix("lib/"))
                if migration is not None:
                    migrations.append((name.split("/")[1], migration))
                wanted = name.removeprefix(prefix)
                if name == "releases/COOKIE":
                    cookie = hashlib.sha256(_content(tar, member)).hexdigest()
                elif wanted in TEXTS and name.startswith(prefix):
                    texts[wanted] = _content(tar, member)
                elif name in (f"{prefix}{app}.rel",):
                    rel = parse_rel(_content(tar, member).decode("utf-8", "replace"))
    except (OSError, tarfile.TarError, EOFError, zlib.error) as error:
        raise NotComparable(f"{path.name}: it is damaged or cut short ({error})") from error
    if rel is None:
        raise NotComparable(f"{path.name}: it holds no {prefix}{app}.rel")
    libs = {f"{name}-{number}" for name, number in rel.apps}
    return Contents(
        version,
        STORE,
        rel.erts,
        rel.apps,
        tuple(sorted(file for lib, file in migrations if lib in libs)),
        tuple(texts.items()),
        cookie,
        _setcookie(texts.get("vm.args", b"")),
    )


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(member)
    return file.read(LIMIT) if file is not None else b""


def _setcookie(vm_args: bytes) -> str:
    """The checksum of the cookie that vm.args sets, as the read of a host's tree makes it."""
    for line in vm_args.split(b"\n"):
        words = line.split(None, 1)
        if words[:1] == [b"-setcookie"] and len(words) == 2:
            return hashlib.sha256(words[1].rstrip(b"\n")).hexdigest()
    return ""

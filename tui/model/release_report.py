"""`beamdeck releases`: the matrix and what there is to say of it, as text and as JSON. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tui.model.auto_version import parse_auto_version
from tui.model.fleet import App, Environment
from tui.model.release_columns import columns
from tui.model.release_rows import Releases, fleet_notes, matrix, state_words, who
from tui.model.release_tree import TreeSeen, VersionSeen

WIDE = 200


def releases_lines(releases: Releases, hosts: Sequence[str], now: float) -> list[str]:
    """The matrix as a table, then what could not be read or is missing."""
    rows = matrix(releases, hosts, now, apart=True)
    fits = columns(WIDE, hosts, {host: host for host in hosts}, [cells for _, cells in rows])
    lines = ["  ".join(_filled(label, n, right) for _, label, n, right in fits).rstrip()]
    for _, cells in rows:
        text = {key: said for key, said, _ in cells}
        row = "  ".join(_filled(text.get(key, ""), n, right) for key, _, n, right in fits)
        lines.append(row.rstrip())
    for host in hosts:
        tree = releases.trees.get(host)
        for seen in tree.versions if tree else ():
            if seen.missing:
                lines.append(f"{host}: {seen.version} lacks {', '.join(seen.missing)}")
    return [*lines, *(text for text, _ in fleet_notes(releases))]


def _filled(text: str, width: int, right: bool) -> str:
    return text.rjust(width) if right else text.ljust(width)


def releases_json(environment: Environment, app: App, releases: Releases) -> Mapping[str, object]:
    """Everything as JSON values; times are Unix seconds, sizes bytes."""
    return {
        "environment": environment.name,
        "app": app.name,
        "taken_at": releases.taken_at,
        "hosts": {host: _tree(tree) for host, tree in releases.trees.items()},
        "store": {
            "problem": releases.store_problem,
            "archives": [
                {
                    "version": a.version,
                    "path": a.path,
                    "on": a.where,
                    "size_bytes": a.size_bytes,
                    "mtime": a.mtime,
                }
                for a in releases.archives
            ],
        },
        "versions": [
            {
                "version": version,
                **_parts(version),
                "by": who(releases, version),
                "new_migrations": releases.newly(version),
                "hosts": {host: state_words(releases, host, version)[0] for host in releases.trees},
            }
            for version in releases.versions
        ],
    }


def _parts(version: str) -> dict[str, str]:
    parts = parse_auto_version(version)
    named = {"date": parts.date, "branch": parts.branch, "revision": parts.revision}
    return {name: text for name, text in named.items() if text}


def _tree(tree: TreeSeen) -> Mapping[str, object]:
    return {
        "problem": tree.problem,
        "root": tree.root,
        "built_with": tree.tool,
        "runs": tree.runs,
        "boots": tree.boots,
        "passed_over": tree.passed_over,
        "cookie_sha256": tree.cookie,
        "unusable": list(tree.unusable),
        "versions": [_version(seen) for seen in tree.versions],
    }


def _version(seen: VersionSeen) -> Mapping[str, object]:
    return {
        "version": seen.version,
        "missing": list(seen.missing),
        "runs": seen.runs,
        "boots": seen.boots,
        "built_at": seen.built_at,
        "owner": seen.owner,
        "size_bytes": seen.size_bytes,
        "erts": seen.erts,
        "apps": dict(seen.apps),
        "migrations": [
            {"version": m.version, "name": m.name, "app": m.app, "folder": m.folder}
            for m in seen.migrations
        ],
    }

"""A release version's facts as lines: where it is, what it is made of, what it brings. Pure."""

from __future__ import annotations

from tui.model.auto_version import parse_auto_version
from tui.model.release_rows import Releases, state_words
from tui.model.release_tree import MigrationFile, VersionSeen
from tui.model.words import duration, size, stamp

Line = tuple[str, str]


def detail_lines(releases: Releases, version: str, now: float) -> list[Line]:
    """(text, style) lines; what is the same on every host is said once."""
    seen = releases.seen(version)
    lines: list[Line] = [(f"read {duration(now - releases.taken_at)} ago", "muted"), ("", "plain")]
    lines += _named(version)
    lines += [("on the hosts", "head")]
    for host in releases.trees:
        words, style = state_words(releases, host, version)
        lines.append((f"  {host:<16} {words}", style if style != "muted" else "plain"))
        lines += _on_host(releases, host, seen.get(host))
    lines += [("", "plain"), ("in the store", "head")]
    stored = [archive for archive in releases.archives if archive.version == version]
    for archive in stored:
        where = f"{archive.where}:" if archive.where else ""
        lines.append((f"  {where}{archive.path}", "plain"))
        lines.append((f"    {size(archive.size_bytes)}, {stamp(archive.mtime)}", "muted"))
    if not stored:
        lines.append((f"  {releases.store_problem or 'not there'}", "muted"))
    one = next((found for found in seen.values() if found.apps), None)
    if one is None:
        said = "its .rel was read on no host: d compares it with what runs"
        return [*lines, ("", "plain"), (said, "muted")]
    by = dict(releases.by).get(version)
    lines += [("", "plain"), ("made of", "head")]
    lines += [(f"  deployed by {by}, by this machine's records", "plain")] if by else []
    lines += [(f"  ERTS {one.erts}", "plain")]
    lines += [(f"  {name} {number}", "plain") for name, number in one.apps]
    lines += [("", "plain"), ("migrations, and the release each came with", "head")]
    for file in one.migrations:
        since = first_release(releases, file)
        style = "good" if since == version else "plain"
        lines.append((f"  {file.version} {file.name}  since {since}", style))
    if not one.migrations:
        lines.append(("  none", "muted"))
    lines += [("", "plain"), (f"files of releases/{version}", "head")]
    return [*lines, *((f"  {name}", "plain") for name in one.files)]


def first_release(releases: Releases, file: MigrationFile) -> str:
    """The oldest release known here that has a migration."""
    for version in reversed(releases.versions):
        files = releases.migrations(version)
        if files is not None and any(
            (f.version, f.app, f.folder) == (file.version, file.app, file.folder) for f in files
        ):
            return version
    return ""


def _named(version: str) -> list[Line]:
    parts = parse_auto_version(version)
    if not parts.auto:
        return []
    told = (
        ("version", parts.base),
        ("built", f"{parts.date} {parts.time}".strip()),
        ("branch", parts.branch),
        ("revision", parts.revision),
        ("commits", parts.commits),
        ("mix env", parts.mix_env),
    )
    lines = [(f"  {label:<10}{text}", "plain") for label, text in told if text]
    return [("named after", "head"), *lines, ("", "plain")]


def _on_host(releases: Releases, host: str, seen: VersionSeen | None) -> list[Line]:
    tree = releases.trees[host]
    lines: list[Line] = []
    if tree.problem:
        lines.append((f"    {tree.problem}", "warning"))
    if seen is None:
        return lines
    if seen.missing:
        lines.append((f"    lacks {', '.join(seen.missing)}", "bad"))
    dates = []
    if seen.built_at is not None:
        dates.append(f"files of {stamp(seen.built_at)}")
    if seen.came_at is not None:
        dates.append(f"here since {stamp(seen.came_at)}")
    weight = f"{size(seen.size_bytes)}, {size(seen.own_bytes or 0)} of it alone" if (
        seen.size_bytes
    ) else ""  # fmt: skip
    facts = [tree.tool, f"of {seen.owner}" if seen.owner else "", weight, *dates]
    lines.append((f"    {'; '.join(fact for fact in facts if fact)}", "muted"))
    return lines

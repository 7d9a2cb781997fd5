"""What differs between two releases: applications, migrations, ERTS, configuration, cookie. Pure.

Texts are compared as they are and shown redacted: a secret that changed is said, never shown.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from tui.model.redact import from_host
from tui.model.release_tree import MigrationFile

TEXTS = ("vm.args", "sys.config", "runtime.exs", "env.sh", "remote.vm.args")
"""The files of `releases/V` whose differences are shown."""
_LINES = 400


@dataclass(frozen=True, slots=True)
class Contents:
    """A release as far as a comparison goes. `where` is a host's name or `store`.

    `texts` are raw bytes by file name and must never be shown as they are; `cookie` and
    `setcookie` are SHA-256, empty where there is none.
    """

    version: str
    where: str
    erts: str = ""
    apps: tuple[tuple[str, str], ...] = ()
    migrations: tuple[MigrationFile, ...] = ()
    texts: tuple[tuple[str, bytes], ...] = ()
    cookie: str = ""
    setcookie: str = ""

    def __repr__(self) -> str:
        return f"Contents({self.version} on {self.where})"


@dataclass(frozen=True, slots=True)
class ReleaseDiff:
    """The differences, in the order they are shown. `changed` are (app, old, new).

    `files` are (name, lines of a unified diff, redacted); a file that differs in secrets alone
    has one line that says so.
    """

    old: str
    new: str
    added: tuple[tuple[str, str], ...] = ()
    removed: tuple[tuple[str, str], ...] = ()
    changed: tuple[tuple[str, str, str], ...] = ()
    migrations_added: tuple[MigrationFile, ...] = ()
    migrations_removed: tuple[MigrationFile, ...] = ()
    erts: tuple[str, str] = ("", "")
    files: tuple[tuple[str, tuple[str, ...]], ...] = ()
    cookie: str = ""


def diff_releases(old: Contents, new: Contents) -> ReleaseDiff:
    """What going from `old` to `new` changes."""
    before, after = dict(old.apps), dict(new.apps)
    migrated = {(m.version, m.app, m.folder) for m in old.migrations}
    will_be = {(m.version, m.app, m.folder) for m in new.migrations}
    return ReleaseDiff(
        old.version,
        new.version,
        added=tuple((name, v) for name, v in after.items() if name not in before),
        removed=tuple((name, v) for name, v in before.items() if name not in after),
        changed=tuple(
            (name, before[name], v)
            for name, v in after.items()
            if name in before and before[name] != v
        ),
        migrations_added=tuple(
            m for m in new.migrations if (m.version, m.app, m.folder) not in migrated
        ),
        migrations_removed=tuple(
            m for m in old.migrations if (m.version, m.app, m.folder) not in will_be
        ),
        erts=(old.erts, new.erts),
        files=_files(dict(old.texts), dict(new.texts)),
        cookie=_cookie_words(old, new),
    )


def _files(
    old: Mapping[str, bytes], new: Mapping[str, bytes]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    found: list[tuple[str, tuple[str, ...]]] = []
    for name in TEXTS:
        before, after = old.get(name), new.get(name)
        if before == after:
            continue
        if before is None or after is None:
            found.append((name, (f"only in the {'new' if before is None else 'old'} release",)))
            continue
        found.append((name, _unified(before, after)))
    return tuple(found)


def _unified(before: bytes, after: bytes) -> tuple[str, ...]:
    """The differences of two texts, secrets as `***`; whole texts are redacted, then compared."""
    old, new = (from_host(text, limit=4 * len(text) + 64).split("\n") for text in (before, after))
    lines = list(difflib.unified_diff(old, new, lineterm="", n=2))[2:]
    if not lines:
        return ("it differs only in what is not shown here: a secret changed",)
    more = [f"… and {len(lines) - _LINES} lines more"] if len(lines) > _LINES else []
    return (*lines[:_LINES], *more)


def _cookie_words(old: Contents, new: Contents) -> str:
    if old.setcookie != new.setcookie:
        return "vm.args sets another cookie: control calls fail until the node is restarted"
    if old.where == new.where and old.cookie:
        return "one releases/COOKIE for both"
    if not (old.cookie and new.cookie):
        return "whether the cookie is the same is not known"
    if old.cookie == new.cookie:
        return "the cookie is the same"
    return "the cookies differ: the host's is kept when it is deployed"


def diff_lines(diff: ReleaseDiff) -> list[tuple[str, str]]:
    """The differences as (text, style) lines: plain, good (added), bad (removed), muted, head."""
    lines: list[tuple[str, str]] = []

    def section(title: str, body: list[tuple[str, str]]) -> None:
        lines.append((title, "head"))
        lines.extend(body or [("  none", "muted")])
        lines.append(("", "plain"))

    same = diff.erts[0] == diff.erts[1]
    erts = diff.erts[0] if same else f"{diff.erts[0] or '?'} → {diff.erts[1] or '?'}"
    section("runtime", [(f"  ERTS {erts}", "plain" if same else "warning")])
    section(
        "applications",
        [(f"  + {name} {v}", "good") for name, v in diff.added]
        + [(f"  - {name} {v}", "bad") for name, v in diff.removed]
        + [(f"  ~ {name} {old} → {new}", "plain") for name, old, new in diff.changed],
    )
    section(
        "migrations",
        [(f"  + {m.version} {m.name} ({m.app})", "good") for m in diff.migrations_added]
        + [(f"  - {m.version} {m.name} ({m.app})", "bad") for m in diff.migrations_removed],
    )
    for name, body in diff.files:
        section(name, [(f"  {line}", _line_style(line)) for line in body])
    if not diff.files:
        section("configuration", [("  the same files, byte by byte", "muted")])
    section("cookie", [(f"  {diff.cookie}", "plain")])
    return lines


def _line_style(line: str) -> str:
    return {"+": "good", "-": "bad", "@": "muted"}.get(line[:1], "plain")

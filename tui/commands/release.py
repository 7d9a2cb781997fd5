"""What a host's files and the main process's command line say about the release. Pure.

The command line holds the Erlang cookie: nothing of it leaves this module but version and node.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tui.model.fleet import Flavour
from tui.model.names import release_version_fits
from tui.model.redact import redact
from tui.model.release import ReleaseFacts
from tui.model.text import scrub_line


@dataclass(frozen=True, slots=True)
class Running:
    """What the main process's command line tells; None where it does not."""

    version: str | None = None
    node: str | None = None


def parse_cmdline(cmdline: bytes) -> Running:
    """Release version and node of a BEAM's /proc/PID/cmdline (words divided by NUL).

    `-boot ROOT/releases/V/start` (mix release, Distillery) names the version that runs.
    """
    words = cmdline.split(b"\0")
    version = node = None
    for flag, value in itertools.pairwise(words):
        if flag == b"-boot":
            version = _boot_version(value) or version
        elif flag in (b"-sname", b"-name") and node is None:
            node = redact(scrub_line(value))
    return Running(version, node)


def _boot_version(path: bytes) -> str | None:
    parts = path.split(b"/")
    if len(parts) < 3 or parts[-3] != b"releases":
        return None
    version = parts[-2].decode("utf-8", "replace")
    return version if release_version_fits(version) else None


def parse_start_erl(line: bytes) -> tuple[str | None, str | None]:
    """(ERTS version, release version) of `start_erl.data`; None for what is not one."""
    words = line.split()
    if len(words) < 2:
        return None, None
    erts, version = (word.decode("utf-8", "replace") for word in words[:2])
    return (
        erts if release_version_fits(erts) else None,
        version if release_version_fits(version) else None,
    )


def flavour_of(signs: Sequence[str]) -> Flavour:
    """The tool by what lies in the tree: `mix`, `distillery`, `relx` signs, in that order."""
    for flavour in (Flavour.MIX, Flavour.DISTILLERY, Flavour.RELX):
        if flavour.value in signs:
            return flavour
    return Flavour.AUTO


def release_facts(
    root: str,
    configured: Flavour,
    signs: Sequence[str],
    files: Mapping[str, bytes],
    versions: Sequence[str],
    running: Running,
) -> ReleaseFacts:
    """Put together what was read. `files` are start_erl.data's by folder (`releases`, `var`).

    Distillery 2.1 boots by `var/start_erl.data` where there is one; everything else by
    `releases/start_erl.data`. Versions come sorted as text, what is no version name left out.
    """
    flavour = flavour_of(signs) if configured is Flavour.AUTO else configured
    stale = flavour is Flavour.DISTILLERY and files.get("var", b"").strip()
    erts, boots = parse_start_erl(files.get("var" if stale else "releases", b""))
    return ReleaseFacts(
        flavour=flavour,
        root=root,
        runs=running.version,
        runs_by="boot path" if running.version else "",
        boots=boots,
        boots_erts=erts,
        versions=tuple(sorted(v for v in versions if release_version_fits(v))),
        node=running.node,
    )

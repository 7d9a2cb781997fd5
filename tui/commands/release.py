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

_NAME_LIMIT = 128


@dataclass(frozen=True, slots=True)
class Named:
    """A release version as a host says it: usable (`version`), or only to be shown (`odd`)."""

    version: str | None = None
    odd: str = ""


@dataclass(frozen=True, slots=True)
class Running:
    """What the main process's command line tells; None where it does not."""

    release: Named = Named()
    node: str | None = None


def read_name(raw: bytes) -> Named:
    """A release version, if its name is one that commands may be made of."""
    text = raw.decode("utf-8", "backslashreplace")
    if release_version_fits(text):
        return Named(text)
    return Named(None, _shown(raw))


def _shown(raw: bytes) -> str:
    return redact(scrub_line(raw, limit=_NAME_LIMIT))


def parse_cmdline(cmdline: bytes) -> Running:
    """Release version and node of a BEAM's /proc/PID/cmdline (words divided by NUL).

    `-boot ROOT/releases/V/start` (mix release), `…/V/APP` (Distillery, relx) names the version
    that the node was started with. A shell or run_erl as main process tells nothing.
    """
    release, node = Named(), None
    for flag, value in itertools.pairwise(cmdline.split(b"\0")):
        if flag == b"-extra":
            # What follows is the release's own: its words are no flags of the emulator.
            break
        if flag == b"-boot":
            release = _boot_version(value) or release
        elif flag in (b"-sname", b"-name") and node is None:
            node = _shown(value)
    return Running(release, node)


def _boot_version(path: bytes) -> Named | None:
    parts = path.split(b"/")
    return read_name(parts[-2]) if len(parts) > 2 and parts[-3] == b"releases" else None


def parse_start_erl(line: bytes) -> tuple[str | None, Named]:
    """(ERTS version, release version) of `start_erl.data`; a file without two words names none."""
    words = line.split()
    if len(words) < 2:
        return None, Named()
    return read_name(words[0]).version, read_name(words[1])


STARTS = ("releases", "var", "launcher")
"""What a start may go by: start_erl.data in either folder, or the launcher itself."""

LAUNCHER = (
    'm start.launcher; [ -e "$r/releases/COOKIE" ] || [ ! -f "$r/bin/$a" ] || sed -n '
    """-e 's/^REL_VSN="\\([0-9A-Za-z.+_~-]*\\)"$/vsn \\1/p' """
    """-e 's/^ERTS_VSN="\\([0-9A-Za-z.+_~-]*\\)"$/erts \\1/p' """
    '"$r/bin/$a" 2>/dev/null | head -n 4\n'
)
"""Shell text for $r and $a, a section `m`: the versions that a launcher names itself; none of a
`mix release`'s."""


def parse_launcher(lines: bytes) -> tuple[str | None, Named]:
    """(ERTS version, release version) that a relx launcher boots; it may name none."""
    said = dict(line.split(b" ", 1) for line in lines.split(b"\n") if b" " in line)
    return read_name(said.get(b"erts", b"")).version, read_name(said.get(b"vsn", b""))


def boots_of(flavour: Flavour, files: Mapping[str, bytes]) -> tuple[str | None, Named]:
    """(ERTS version, release version) of the next start, by `files`: releases, var, launcher.

    Distillery 2.1 boots by `var/start_erl.data` where there is one. relx never asks a file: its
    launcher names the version that was unpacked last (a real one, in the lab). Everything else
    boots by `releases/start_erl.data`.
    """
    if flavour is Flavour.DISTILLERY and files.get("var", b"").strip():
        return parse_start_erl(files["var"])
    if flavour is Flavour.RELX and files.get("launcher", b"").strip():
        return parse_launcher(files["launcher"])
    return parse_start_erl(files.get("releases", b""))


def flavour_of(signs: Sequence[str]) -> Flavour:
    """The tool by what lies in the tree: `mix`, `distillery`, `relx` signs, in that order.

    A tree that once was Distillery's keeps its files when mix releases are unpacked over it.
    """
    for flavour in (Flavour.MIX, Flavour.DISTILLERY, Flavour.RELX):
        if flavour.value in signs:
            return flavour
    return Flavour.AUTO


def release_facts(
    root: str,
    configured: Flavour,
    signs: Sequence[str],
    files: Mapping[str, bytes],
    versions: Sequence[bytes],
    running: Running,
) -> ReleaseFacts:
    """Put together what was read. `files` are those of `boots_of`. Versions come sorted as text."""
    flavour = flavour_of(signs) if configured is Flavour.AUTO else configured
    erts, boots = boots_of(flavour, files)
    found = [read_name(version) for version in versions]
    told = [("runs", running.release), ("boots", boots), *(("on disk", name) for name in found)]
    return ReleaseFacts(
        flavour=flavour,
        root=root,
        runs=running.release.version,
        runs_by="boot path" if running.release.version else "",
        boots=boots.version,
        boots_erts=erts,
        versions=tuple(sorted(name.version for name in found if name.version)),
        node=running.node,
        unusable=tuple((where, name.odd) for where, name in told if name.odd),
    )

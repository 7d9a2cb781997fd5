"""Read the few texts of a release that a comparison shows: vm.args, sys.config and the like. Pure.

What comes back holds secrets: it is for comparing, and for showing only after redaction.
"""

from __future__ import annotations

from tui.model.command import Command
from tui.model.names import path_fits, release_version_fits
from tui.model.release_diff import TEXTS

LIMIT = 128 * 1024
_SCRIPT = r"""
d=$1 t=$2; shift 2
cd "$d" || exit 3
for f do
  [ -f "$f" ] || continue
  [ -r "$f" ] || { printf '%s: no right to read it\n' "$f" >&2; exit 4; }
  printf '\n%s %s\n' "$t" "$f"; head -c 131072 "$f"
done
printf '\n%s ended\n' "$t"
"""


def read_texts(root: str, version: str, token: str, owner: str | None) -> Command:
    """Read the texts of `releases/VERSION`; ValueError for names that commands are not made of."""
    if not (path_fits(root) and release_version_fits(version)):
        raise ValueError("the release's folder is not one that commands are made of")
    words = (f"{root.rstrip('/')}/releases/{version}", token, *TEXTS)
    return Command(words, script=_SCRIPT, max_bytes=1024 * 1024, as_user=owner)


def parse_texts(output: bytes, token: str) -> tuple[tuple[str, bytes], ...]:
    """(name, content) of the files that are there; ValueError if the answer broke off."""
    pieces = (b"\n" + output).split(f"\n{token} ".encode())[1:]
    found: dict[str, bytes] = {}
    for piece in pieces:
        name, _, body = piece.partition(b"\n")
        found.setdefault(name.decode("ascii", "replace"), body)
    if "ended" not in found:
        raise ValueError("the answer broke off")
    return tuple((name, found[name]) for name in TEXTS if name in found)

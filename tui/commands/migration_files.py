"""Read every migration file of every release version on a host, once, within bounds. Pure.

Equal texts travel once: releases share nearly all of their migrations.
"""

from __future__ import annotations

import re

from tui.commands.owner import owner_command
from tui.model.command import Command, Outcome
from tui.model.fleet import App
from tui.model.migration_files import MigrationFile, MigrationFiles
from tui.model.names import app_name_fits, release_version_fits
from tui.model.redact import from_host

MOST_FILES = 20_000
MOST_BYTES = 4 * 1024 * 1024
_FILE_KB = 128

# $1 root, $2 most files, $3 most bytes. Names, an empty line, then texts: each once.
_READ = rf"""
cd "$1/lib" || exit 66
names=$(find . -type f -path './*/priv/*/migrations/*' -name '[0-9]*_*.exs' -size -{_FILE_KB}k \
  -exec sha256sum -- {{}} + 2>/dev/null | grep -v '^\\' | head -n "$2")
printf '%s\n\n' "$names"
[ -n "$names" ] || exit 0
total=0
printf '%s\n' "$names" | sort -u -k1,1 | while IFS= read -r line; do
  hash=${{line%% *}} path=${{line#*  }}
  size=$(wc -c <"$path") || continue
  total=$((total + size))
  [ "$total" -le "$3" ] || break
  printf 'text %s %s\n' "$hash" "$((size))"
  cat -- "$path"
  echo
done
"""
_NAME = re.compile(
    r"\./([a-z][a-z0-9_]*)-([^/]+)/(priv/[^/]+/migrations(?:/.+)?)/(\d{1,20})_(.+)\.exs"
)
_TEXT = re.compile(rb"text ([0-9a-f]{64}) (\d{1,7})\n")


def read_migration_files(app: App) -> Command:
    """All migration files below the release's `lib`, as the owner; a read."""
    words = (app.root, str(MOST_FILES), str(MOST_BYTES))
    return owner_command(app, _READ, words, timeout_s=60.0, max_bytes=3 * MOST_BYTES)


def parse_migration_files(outcome: Outcome) -> MigrationFiles:
    """The files and their texts; what is not whole or not understood is left out, and said."""
    if not outcome.ok:
        said = from_host(outcome.stderr.strip().split(b"\n")[0], limit=200)
        return MigrationFiles(problem=f"migration files cannot be read: {said or outcome.ended}")
    listed, _, blobs = outcome.stdout.partition(b"\n\n")
    files = tuple(filter(None, map(_file, listed.split(b"\n"))))
    texts = _texts(blobs)
    missing = len({file.digest for file in files} - set(texts))
    partly = f"{missing} texts are beyond what is read at once" if missing else ""
    return MigrationFiles(files, texts, partly=partly)


def _file(line: bytes) -> MigrationFile | None:
    digest, _, path = line.decode("utf-8", "backslashreplace").partition("  ")
    found = _NAME.fullmatch(path)
    if found is None or not (app_name_fits(found[1]) and release_version_fits(found[2])):
        return None
    name = from_host(found[5].encode(), limit=200)
    return MigrationFile(found[1], found[2], found[3], int(found[4]), name, digest)


def _texts(blobs: bytes) -> dict[str, str]:
    texts: dict[str, str] = {}
    at = 0
    while found := _TEXT.match(blobs, at):
        end = found.end() + int(found[2])
        if end > len(blobs):
            break
        texts[found[1].decode()] = blobs[found.end() : end].decode("utf-8", "replace")
        at = end + 1
    return texts

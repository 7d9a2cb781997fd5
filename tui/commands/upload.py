"""An archive on its way to a host: in the SSH user's own folder, then in the owner's. Pure."""

from __future__ import annotations

from tui.commands.owner import AS_OWNER, owner_command
from tui.commands.work_folder import FOLDER, incoming_file, upload_folder
from tui.model.command import Command, Effect
from tui.model.fleet import App

HASH_S = 300.0
"""Seconds for reading an archive once on a slow disk."""

# $1 the folder below the home, $2 the file's name. As the SSH user.
_PREPARE = """\
cd && umask 077 && mkdir -p -- "$1" && chmod 700 -- "${1%%/*}" "$1"
"""
_DROP = """\
cd && rm -f -- "$1/$2.part"
"""
_LOOK = """\
cd || exit 66
digest() { sha256sum <"$1" | cut -d ' ' -f 1; }
f=$1/$2
[ ! -f "$f" ] || echo "whole=$(digest "$f")"
[ ! -f "$f.part" ] || echo "part=$(stat -c %s -- "$f.part") $(digest "$f.part")"
d=$1; [ -d "$d" ] || d=.
df -Pk "$d" | tail -n 1 | sed 's/^/space=/'
echo end=1
"""
# $3 the digest that must come out.
_FINISH = """\
cd || exit 66
f=$1/$2
sync "$f.part" || exit 1
[ "$(sha256sum <"$f.part" | cut -d ' ' -f 1)" = "$3" ] || {
  echo "the archive on the host is not the one that was sent" >&2; exit 1
}
mv -f -T -- "$f.part" "$f"
"""

# Behind AS_OWNER ($1 root, $2 owner). $3 upload below the home, $4 target, $5 digest.
_HAND_OVER = (
    AS_OWNER
    + """\
as_owner /bin/sh -c '
  umask 027
  folder=${1%/*}
  mkdir -p -- "$folder" && chmod 0750 "${folder%/*}" "$folder" || exit 73
  echo $$ >"$1.pid"
  cat >"$1.part" && sync "$1.part" &&
    [ "$(sha256sum <"$1.part" | cut -d " " -f 1)" = "$2" ] && mv -f -T -- "$1.part" "$1" &&
    { rm -f -- "$1.pid"; exit 0; }
  rm -f -- "$1.part" "$1.pid"
  exit 74
' beamdeck "$4" "$5" <"$HOME/$3" || exit
rm -f -- "$HOME/$3"
"""
)
_LOOK_INCOMING = """\
[ ! -f "$1" ] || echo "whole=$(sha256sum <"$1" | cut -d ' ' -f 1)"
[ ! -f "$1.part" ] || echo "part=$(stat -c %s -- "$1.part")"
[ ! -s "$1.pid" ] || ! kill -0 "$(cat "$1.pid")" 2>/dev/null || echo "working=1"
d=${1%/*}; [ -d "$d" ] || d=$2
df -Pk "$d" | tail -n 1 | sed 's/^/space=/'
echo end=1
"""


def archive_name(version: str) -> str:
    """The archive's file name on a host."""
    return f"{version}.tar.gz"


def part_path(app: App, version: str) -> str:
    """The file that is being uploaded, below the SSH user's home."""
    return f"{upload_folder(app)}/{archive_name(version)}.part"


def prepare_upload(app: App) -> Command:
    """Make the upload folder, 0700; a change."""
    return Command((f"{FOLDER}/{app.name}",), effect=Effect.CHANGE, timeout_s=20.0, script=_PREPARE)


def drop_part(app: App, version: str) -> Command:
    """Remove a part that is not of this archive; a change."""
    words = (upload_folder(app), archive_name(version))
    return Command(words, effect=Effect.CHANGE, timeout_s=20.0, script=_DROP)


def look_at_upload(app: App, version: str) -> Command:
    """What of the archive is in the upload folder, with digests; a read."""
    words = (upload_folder(app), archive_name(version))
    return Command(words, timeout_s=HASH_S, script=_LOOK)


def finish_upload(app: App, version: str, sha256: str) -> Command:
    """Compare the checksum on the host, then give the file its name; a change."""
    words = (upload_folder(app), archive_name(version), sha256)
    return Command(words, effect=Effect.CHANGE, timeout_s=HASH_S, script=_FINISH)


def hand_over(app: App, version: str, sha256: str) -> Command:
    """Stream the uploaded archive to the app's owner, compare again, remove the upload; a change.

    Exit status 73: the owner's folder cannot be made; 74: not every byte arrived, and what did
    was removed.
    """
    upload = f"{upload_folder(app)}/{archive_name(version)}"
    words = (app.root, app.owner or "", upload, incoming_file(app, version), sha256)
    return Command(words, effect=Effect.CHANGE, timeout_s=HASH_S, script=_HAND_OVER)


def look_at_incoming(app: App, version: str) -> Command:
    """What of the archive the owner has; a read."""
    words = (incoming_file(app, version), app.root)
    return owner_command(app, _LOOK_INCOMING, words, timeout_s=HASH_S)

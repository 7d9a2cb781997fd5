"""A release from its archive into its place, in renames; nothing boots differently by it. Pure."""

from __future__ import annotations

from tui.commands.owner import owner_command
from tui.model.command import Command, Effect
from tui.model.fleet import App

UNPACK_S = 900.0
MOVE_S = 60.0

# As the owner. $1 root, $2 version, $3 top folder or empty, $4 number of files. Silent, so that
# a lost link does not end it; what tar says is kept for whoever looks.
_UNPACK = """\
cd "$1/.beamdeck" || exit 66
umask 022
s=staging/$2
mkdir -p staging && chmod 0750 staging || exit 73
rm -rf -- "$s" "$s.new" "$s.said" && mkdir -- "$s.new" || exit 73
echo $$ >"$s.pid"
fail() { rm -rf -- "$s.new"; rm -f -- "$s.pid"; exit "$1"; }
tar -xzf "incoming/$2.tar.gz" --no-same-owner -C "$s.new" >"$s.said" 2>&1 || fail 74
f=$s.new/$3
[ "$(find "$f" -type f | wc -l)" = "$4" ] || { echo "files are missing" >>"$s.said"; fail 74; }
[ -z "$3" ] || { mv -T -- "$f" "$s.top" && rm -rf -- "$s.new" && mv -T -- "$s.top" "$s.new"; } ||
  fail 74
sync -f "$s.new" 2>/dev/null || sync
mv -T -- "$s.new" "$s" || fail 74
rm -f -- "$s.pid" "$s.said" "incoming/$2.tar.gz"
"""
_LOOK_STAGED = """\
cd "$1" || exit 66
s=.beamdeck/staging/$2
[ ! -d "$s" ] || echo "staged=$(find "$s" -type f | wc -l)"
[ ! -e "releases/$2" ] || echo "there=1"
[ ! -d "$s.new" ] || echo "partial=$1/$s.new"
[ ! -s "$s.pid" ] || ! kill -0 "$(cat "$s.pid")" 2>/dev/null || echo "working=1"
[ ! -s "$s.said" ] || tail -n 3 "$s.said" | sed 's/^/said=/'
d=.beamdeck/staging; [ -d "$d" ] || d=.
df -Pk "$d" | tail -n 1 | sed 's/^/space=/'
echo end=1
"""

# As the owner. $1 root, $2 version. What is there already was compared, and stays. releases/V
# comes last: that it is there means that all of it is.
_INSTALL = """\
cd "$1" || exit 66
s=.beamdeck/staging/$2
[ -d "$s/releases/$2" ] || exit 65
echo $$ >"$s.pid"
trap 'rm -f -- "$s.pid"' EXIT
mkdir -p lib releases bin .beamdeck/bin || exit 73
now=releases/start_erl.data
[ ! -s var/start_erl.data ] || [ -f "$s/releases/$2/env.sh" ] || now=var/start_erl.data
read -r erts boots <"$now" 2>/dev/null
[ -z "$boots" ] || [ -e ".beamdeck/bin/$boots" ] || cp -a -- bin ".beamdeck/bin/$boots" || exit 73
for d in "$s"/lib/* "$s"/erts-*; do
  [ -d "$d" ] || continue
  to=${d#"$s/"}
  [ -e "$to" ] || mv -T -- "$d" "$to" || exit 74
done
[ ! -d "$s/bin" ] || { rm -rf -- ".beamdeck/bin/$2"; mv -T -- "$s/bin" ".beamdeck/bin/$2"; } ||
  exit 74
[ -e releases/COOKIE ] || [ ! -f "$s/releases/COOKIE" ] ||
  { umask 077; cp -- "$s/releases/COOKIE" releases/.COOKIE.new &&
    mv -T -- releases/.COOKIE.new releases/COOKIE; } || exit 74
sync -f . 2>/dev/null || sync
mv -T -- "$s/releases/$2" "releases/$2" || exit 74
sync -f releases 2>/dev/null || sync
rm -rf -- "$s"
"""
# $3 the erts the release needs (empty: none brought), then the lib folders it needs.
_LOOK_INSTALLED = """\
cd "$1" || exit 66
v=$2 e=$3
shift 3
[ ! -d "releases/$v" ] || echo "there=1"
[ -z "$e" ] || [ -d "$e" ] || echo "missing=$e"
for d do [ -d "$d" ] || echo "missing=$d"; done
[ ! -e ".beamdeck/staging/$v" ] || echo "staged=1"
p=.beamdeck/staging/$v.pid
[ ! -s "$p" ] || ! kill -0 "$(cat "$p")" 2>/dev/null || echo "working=1"
[ ! -f releases/start_erl.data ] || { read -r x b <releases/start_erl.data; echo "boots=$b"; }
echo end=1
"""


def unpack(app: App, version: str, top: str, files: int) -> Command:
    """Unpack the incoming archive into its staging folder; a change.

    Exit status 74: it did not unpack as a whole, and what did was removed.
    """
    words = (app.root, version, top, str(files))
    return owner_command(app, _UNPACK, words, effect=Effect.CHANGE, timeout_s=UNPACK_S)


def look_at_staged(app: App, version: str) -> Command:
    """How far the unpacking is; a read."""
    return owner_command(app, _LOOK_STAGED, (app.root, version), timeout_s=60.0)


def install(app: App, version: str) -> Command:
    """Move what was unpacked into its place; the cookie of the host is kept; a change."""
    words = (app.root, version)
    return owner_command(app, _INSTALL, words, effect=Effect.CHANGE, timeout_s=MOVE_S)


def look_at_installed(app: App, version: str, erts: str, folders: tuple[str, ...]) -> Command:
    """Whether the release stands in its place with all that it needs; a read."""
    return owner_command(app, _LOOK_INSTALLED, (app.root, version, erts, *folders))

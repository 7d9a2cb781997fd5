"""Remove old releases from a host, and look whether they are gone. Pure.

What goes is moved aside by one rename each, a release before what it is made of, and removed
there: nothing that is half gone is ever where a start would look for it.
"""

from __future__ import annotations

import re

from tui.commands.owner import owner_command
from tui.model.command import Command, Effect
from tui.model.fleet import App

_PATH = re.compile(r"(?:releases|lib)/[0-9A-Za-z][0-9A-Za-z.+_@-]{0,191}")

# As the owner. $1 root, then paths below it. What boots next is asked once more right here.
_REMOVE = """\
cd "$1" || exit 66
shift
for f in releases/start_erl.data var/start_erl.data; do
  [ -f "$f" ] || continue
  read -r e b <"$f"
  for p do
    [ "$p" != "releases/$b" ] || { echo "beamdeck: $b boots next now" >&2; exit 65; }
  done
done
t=.beamdeck/pruned
mkdir -p "$t" && chmod 0750 .beamdeck "$t" || exit 73
for p do
  [ -e "$p" ] || [ -L "$p" ] || continue
  n=$(printf %s "$p" | tr / _)
  rm -rf -- "$t/$n" && mv -T -- "$p" "$t/$n" || exit 74
done
rm -rf -- "$t" || exit 74
"""
_LOOK = """\
cd "$1" || exit 66
shift
for f in releases/start_erl.data var/start_erl.data; do
  [ ! -f "$f" ] || { read -r e b <"$f"; echo "boots=$b"; }
done
for p do
  if [ -e "$p" ] || [ -L "$p" ]; then echo "there=$p"; fi
done
[ ! -e .beamdeck/pruned ] || echo "left=.beamdeck/pruned"
echo end=1
"""
LIMIT_S = 300.0


def prune(app: App, paths: tuple[str, ...]) -> Command:
    """Remove `releases/V` and `lib/APP-VSN` folders; a change. ValueError for other paths."""
    words = (app.root, *_checked(paths))
    return owner_command(app, _REMOVE, words, effect=Effect.CHANGE, timeout_s=LIMIT_S)


def look_at_pruned(app: App, paths: tuple[str, ...]) -> Command:
    """Which of the paths are still there, and what boots next; a read."""
    return owner_command(app, _LOOK, (app.root, *_checked(paths)))


def _checked(paths: tuple[str, ...]) -> tuple[str, ...]:
    for path in paths:
        if _PATH.fullmatch(path) is None:
            raise ValueError(f"{path!r} is nothing that pruning removes")
    return paths

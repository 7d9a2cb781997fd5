"""Which release boots next: `start_erl.data` by rename, and the launchers beside it. Pure."""

from __future__ import annotations

from tui.commands.owner import owner_command
from tui.model.command import Command, Effect
from tui.model.fleet import App

# As the owner. $1 root, $2 version, $3 erts without `erts-`. Distillery 2.1 boots what var's copy
# says, where there is one (facts.md section 2). The launchers of a release were put aside when it
# was installed; one that is the same already is not touched.
_SWITCH = """\
cd "$1" || exit 66
[ -d "releases/$2" ] || exit 65
write() {
  printf '%s %s' "$2" "$3" >"$1.beamdeck" && sync "$1.beamdeck" && mv -f -T -- "$1.beamdeck" "$1"
}
if [ -d ".beamdeck/bin/$2" ]; then
  for f in ".beamdeck/bin/$2"/*; do
    [ -f "$f" ] || continue
    n=${f##*/}
    cmp -s -- "$f" "bin/$n" && continue
    cp -p -- "$f" "bin/.$n.beamdeck" && mv -f -T -- "bin/.$n.beamdeck" "bin/$n" || exit 74
  done
fi
[ ! -e var/start_erl.data ] || write var/start_erl.data "$3" "$2" || exit 74
write releases/start_erl.data "$3" "$2" || exit 74
"""
_LOOK = """\
cd "$1" || exit 66
[ ! -f releases/start_erl.data ] || { read -r e b <releases/start_erl.data; echo "boots=$b"
  echo "erts=$e"; }
[ ! -f var/start_erl.data ] || { read -r e b <var/start_erl.data; echo "var=$b"; }
[ -d "releases/$2" ] || echo "missing=releases/$2"
for f in releases/start_erl.data.beamdeck var/start_erl.data.beamdeck bin/.*.beamdeck; do
  [ ! -e "$f" ] || echo "left=$f"
done
echo end=1
"""


def switch(app: App, version: str, erts: str) -> Command:
    """Let the next start boot `version` (`erts` as in start_erl.data); a change."""
    words = (app.root, version, erts)
    return owner_command(app, _SWITCH, words, effect=Effect.CHANGE, timeout_s=60.0)


def look_at_switch(app: App, version: str) -> Command:
    """What the next start boots; a read."""
    return owner_command(app, _LOOK, (app.root, version))

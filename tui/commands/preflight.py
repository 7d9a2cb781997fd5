"""What a host must be for a release to be deployed there, asked in one read. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from tui.commands.answer import Said, first, parse_said
from tui.commands.owner import owner_command
from tui.commands.work_folder import FOLDER
from tui.model.archive import Archive
from tui.model.command import Command
from tui.model.fleet import App

# As the owner. $1 root, $2 app, $3 version, $4 erts (empty: none brought), then the folders that
# the archive brings. Lines of name=value; what is missing is not said.
_ASK = r"""
r=$1 a=$2 v=$3 e=$4
shift 4
cd "$r" || exit 66
for f in . releases lib; do [ ! -e "$f" ] || [ -w "$f" ] || echo "unwritable=$r/$f"; done
df -Pk . | tail -n 1 | sed 's/^/space=/'
df -Pi . | tail -n 1 | sed 's/^/inodes=/'
echo "machine=$(uname -m)"
echo "libc=$(getconf GNU_LIBC_VERSION 2>/dev/null || ldd --version 2>&1 | head -n 1)"
[ ! -e "releases/$v" ] || echo "there=releases/$v"
[ ! -e ".beamdeck/staging/$v" ] || echo "staged=$v"
[ -z "$e" ] || [ -e "$e" ] || echo "erts=new"
digest() { sha256sum | cut -d ' ' -f 1; }
[ ! -f releases/COOKIE ] || echo "cookie=$(digest <releases/COOKIE)"
[ ! -f releases/start_erl.data ] || {
  read -r erts boots <releases/start_erl.data
  echo "boots=$boots"
  c=$(sed -n 's/^[[:blank:]]*-setcookie[[:blank:]]\{1,\}\([^[:blank:]]*\).*/\1/p' \
    "releases/$boots/vm.args" 2>/dev/null | head -n 1)
  [ -z "$c" ] || echo "setcookie=$(printf %s "$c" | digest)"
}
[ ! -e var/start_erl.data ] || echo "var=1"
for t in tar gzip sha256sum find sort xargs mv sync; do
  command -v "$t" >/dev/null 2>&1 || echo "lacks=$t"
done
for f do
  [ -d "$f" ] || continue
  d=$(find "$f" -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum | digest)
  echo "tree=$d $f"
done
echo end=1
"""

# As the SSH user: $1 the upload folder below the home.
_ASK_HOME = r"""
cd || exit 66
d=$1
while [ -n "$d" ] && [ ! -d "$d" ]; do case $d in */*) d=${d%/*} ;; *) d= ;; esac; done
[ -w "${d:-.}" ] || echo "unwritable=$PWD/$d"
df -Pk "${d:-.}" | tail -n 1 | sed 's/^/space=/'
echo end=1
"""


@dataclass(frozen=True, slots=True)
class Room:
    """Free bytes and inodes for the user who asked; None is not known."""

    free_bytes: int | None = None
    free_inodes: int | None = None


@dataclass(frozen=True, slots=True)
class HostFit:
    """What a host says to a release that is to come. Digests are SHA-256, hex; "" is none.

    `trees` are the folders of the archive that are there already, with their digests.
    """

    room: Room = Room()
    unwritable: tuple[str, ...] = ()
    machine: str = ""
    libc: str = ""
    there: bool = False
    staged: bool = False
    boots: str = ""
    cookie_sha256: str = ""
    setcookie_sha256: str = ""
    lacks: tuple[str, ...] = ()
    trees: tuple[tuple[str, str], ...] = ()


def read_fit(app: App, archive: Archive, *, timeout_s: float = 120.0) -> Command:
    """Ask a host, as the app's owner, whether the archive's release fits; a read."""
    erts = f"erts-{archive.erts}" if archive.erts else ""
    folders = tuple(folder for folder, _ in archive.folders)
    words = (app.root, app.name, archive.version, erts, *folders)
    return owner_command(app, _ASK, words, timeout_s=timeout_s, max_bytes=1024 * 1024)


def read_upload_room(app: App, *, timeout_s: float = 20.0) -> Command:
    """Ask for the room in the SSH user's own folder; a read."""
    return Command((f"{FOLDER}/{app.name}",), script=_ASK_HOME, timeout_s=timeout_s)


def parse_fit(answer: bytes) -> HostFit:
    """The host's answer; ValueError if it did not come whole."""
    said = parse_said(answer)
    trees = [line.partition(" ") for line in said.get("tree", [])]
    return HostFit(
        room=_room(said),
        unwritable=tuple(said.get("unwritable", ())),
        machine=first(said, "machine"),
        libc=first(said, "libc"),
        there="there" in said,
        staged="staged" in said,
        boots=first(said, "boots"),
        cookie_sha256=first(said, "cookie"),
        setcookie_sha256=first(said, "setcookie"),
        lacks=tuple(said.get("lacks", ())),
        trees=tuple((folder, digest) for digest, _, folder in trees),
    )


def parse_upload_room(answer: bytes) -> tuple[Room, tuple[str, ...]]:
    """(room, folders that cannot be written); ValueError if the answer did not come whole."""
    said = parse_said(answer)
    return _room(said), tuple(said.get("unwritable", ()))


def _room(said: Said) -> Room:
    return Room(free_bytes(first(said, "space")), _free(first(said, "inodes")))


def free_bytes(line: str) -> int | None:
    """The free bytes that a line of `df -Pk` tells; None if it is none."""
    blocks = _free(line)
    return None if blocks is None else blocks * 1024


def _free(line: str) -> int | None:
    """The fourth figure of a line of df -P; None where it is none (`-`: a file system without)."""
    words = line.split()
    # From the right: the device's name and the place may hold blanks, the percentage does not.
    percent = next((i for i, word in enumerate(words) if i >= 4 and word.endswith("%")), None)
    if percent is None or not words[percent - 1].isdecimal():
        return None
    free = int(words[percent - 1])
    # Some file systems count no inodes and say 0 of 0.
    return None if free == 0 and words[percent - 3] == "0" else free

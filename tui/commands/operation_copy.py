"""A host's copy of an operation's log: looking at it, making it longer, listing those without end.

Written as the app's owner, 0640, into another file that is renamed over it: whoever reads it sees
one whole state. It grows only from the state that the writer knows, so that two cannot both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from tui.commands.lock import operation_fits
from tui.commands.owner import owner_command
from tui.commands.work_folder import work_folder
from tui.model.command import Command, Effect
from tui.model.fleet import App

MOVED = 65
"""Exit status: the copy is not as the writer knew it; its state is on stdout."""

UNWRITABLE = 73
"""Exit status: it cannot be written (no room, no rights); stderr says why."""

PART_BYTES = 48 * 1024
"""Bytes that one command adds; more go in several."""

MOST_BYTES = 8 * 1024 * 1024
"""Bytes of a copy that are read; a longer one is none of ours."""

MOST_OPEN = 20
"""Operations without an end that one look at a host brings, the newest."""

KEPT_ENDED = 300
"""Operations of an app whose copies a host keeps, the newest; those without an end stay too."""

_LIMIT_S = 20.0
_TAIL_LINES = 60
_TAIL_BYTES = 64 * 1024

# As the owner. $1 folder, $2 operation, $3 and $4 size and SHA-256 of the copy as it is known,
# $5 how many of its bytes stay, $6 how many come behind them, on stdin, $7 how many operations are
# kept: with a new one the oldest that have their end go, and their steps' files. Two writers wait
# for each other where the host has flock; elsewhere the second has the time between its look and
# its rename.
_GROW = """\
umask 027
trim() {
  ls -1r "$ops" | grep -E '^[A-Za-z0-9-]+\\.jsonl$' | tail -n "+$1" | head -n 50 |
    while read -r old; do
      tail -n 1 "$ops/$old" | grep -q '"event":"end"' || continue
      rm -f -- "$folder/steps/${old%.jsonl}-"* "$ops/$old"
    done
}
folder=$1 ops=$1/ops file=$1/ops/$2.jsonl new=$1/ops/.$2.$$
mkdir -p -- "$ops" || exit 73
chmod 0750 "$folder" "$ops" || exit 73
exec 9<"$ops" || exit 73
if command -v flock >/dev/null; then flock -w 10 9 || exit 73; fi
state() {
  if [ -e "$file" ]; then
    set -- "$(wc -c <"$file")" "$(sha256sum <"$file")"
    printf '%s %s\\n' "$((${1}))" "${2%% *}"
  else
    printf '0 %s\\n' e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
  fi
}
is=$(state)
[ -e "$file" ] || trim "$7"
if [ "$is" != "$3 $4" ]; then
  printf '%s\\n' "$is"
  exit 65
fi
{ if [ "$5" != 0 ]; then head -c "$5" "$file"; fi && cat; } >"$new" &&
  [ "$(wc -c <"$new")" -eq "$(($5 + $6))" ] && sync "$new" &&
  mv -f -T -- "$new" "$file" || { rm -f -- "$new"; exit 73; }
state
"""

# As the owner. $1 folder, $2 operation, $3 most bytes.
_READ = """\
[ -e "$1/ops/$2.jsonl" ] || exit 0
head -c "$3" "$1/ops/$2.jsonl"
"""

# As the owner. $1 folder, $2 how many, $3 lines and $4 bytes of each operation's end. An operation
# is three parts between lines of their own: its name, its first record, its last ones.
_LIST = """\
cd "$1/ops" 2>/dev/null || exit 0
seen=0
for file in $(ls -1r | grep -E '^[A-Za-z0-9-]+\\.jsonl$' | head -n 200); do
  if tail -c "$4" "$file" | grep -q '"event":"end"'; then continue; fi
  [ "$seen" -lt "$2" ] || { echo '== more'; break; }
  seen=$((seen + 1))
  printf '== op %s\\n' "${file%.jsonl}"
  head -n 1 "$file" | head -c "$4"
  echo '== end'
  tail -n +2 "$file" | grep -v '"event":"whole"' | tail -n "$3" | tail -c "$4"
done
"""

# As the owner. $1 folder, $2 how many, $3 bytes of a record. Printed as by the one above.
_LIST_ENDED = """\
cd "$1/ops" 2>/dev/null || exit 0
for file in $(ls -1r | grep -E '^[A-Za-z0-9-]+\\.jsonl$' | head -n "$2"); do
  tail -n 1 "$file" | head -c "$3" | grep -q '"event":"end"' || continue
  printf '== op %s\\n' "${file%.jsonl}"
  head -n 1 "$file" | head -c "$3"
  tail -n 1 "$file" | head -c "$3"
done
"""


@dataclass(frozen=True, slots=True)
class CopyState:
    """How long a copy is, and the SHA-256 (hex) of its bytes."""

    size_bytes: int
    digest: str

    @classmethod
    def of(cls, content: bytes) -> CopyState:
        """The state of a copy with this content."""
        return cls(len(content), hashlib.sha256(content).hexdigest())


def grow_copy(app: App, op: str, known: CopyState, keep_bytes: int, more: bytes) -> Command:
    """Make the copy its first `keep_bytes` and `more` (ASCII), if it is as `known`; a change.

    Exit status 0 and the new state on stdout, MOVED and the state it has, UNWRITABLE,
    NOT_ALLOWED (commands/owner.py). ValueError for more than PART_BYTES or an odd name.
    """
    if len(more) > PART_BYTES:
        raise ValueError(f"{len(more)} bytes are too many for one command")
    words = (
        work_folder(app),
        _name(op),
        str(known.size_bytes),
        known.digest,
        str(keep_bytes),
        str(len(more)),
        str(KEPT_ENDED),
    )
    return owner_command(
        app,
        _GROW,
        words,
        feed=more.decode("ascii"),
        effect=Effect.CHANGE,
        timeout_s=_LIMIT_S,
        max_bytes=16 * 1024,
    )


def parse_state(answer: bytes) -> CopyState:
    """The state that the host told; ValueError if it told none."""
    words = answer.decode("ascii", "replace").split()
    if len(words) != 2 or not words[0].isdigit() or len(words[1]) != 64:
        raise ValueError("the host did not say how the copy stands")
    return CopyState(int(words[0]), words[1])


def read_copy(app: App, op: str) -> Command:
    """The content of the copy, nothing if there is none; a read."""
    words = (work_folder(app), _name(op), str(MOST_BYTES))
    return owner_command(app, _READ, words, timeout_s=_LIMIT_S, max_bytes=MOST_BYTES + 4096)


def list_open(app: App) -> Command:
    """The operations on the host whose log has no end, newest first; a read."""
    words = (work_folder(app), str(MOST_OPEN), str(_TAIL_LINES), str(_TAIL_BYTES))
    bound = MOST_OPEN * 2 * (_TAIL_BYTES + 256)
    return owner_command(app, _LIST, words, timeout_s=_LIMIT_S, max_bytes=bound)


def list_ended(app: App, most: int) -> Command:
    """Of the newest `most` operations on the host those that have their end; a read."""
    words = (work_folder(app), str(most), str(_TAIL_BYTES))
    bound = most * 2 * (_TAIL_BYTES + 256)
    return owner_command(app, _LIST_ENDED, words, timeout_s=_LIMIT_S, max_bytes=bound)


@dataclass(frozen=True, slots=True)
class OpenCopy:
    """An operation as a look at a host shows it: the lines of its first record and its last ones,
    in order, without the plan in full; they are parts, and prove nothing."""

    op: str
    lines: tuple[bytes, ...]


def parse_open(answer: bytes) -> tuple[OpenCopy, ...]:
    """The operations that a look brought; what does not look like one is left out."""
    found: list[OpenCopy] = []
    for part in answer.split(b"== op ")[1:]:
        name, _, rest = part.partition(b"\n")
        op = name.decode("ascii", "replace")
        if operation_fits(op):
            lines = tuple(line for line in rest.split(b"\n") if line.startswith(b"{"))
            found.append(OpenCopy(op, lines))
    return tuple(found)


def parts_of(more: bytes) -> Sequence[bytes]:
    """What is to be added, in pieces of which each fits into a command."""
    return [more[at : at + PART_BYTES] for at in range(0, len(more), PART_BYTES)]


def _name(op: str) -> str:
    if not operation_fits(op):
        raise ValueError(f"{op!r} is no name of an operation")
    return op

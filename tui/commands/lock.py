"""The lock of an app on a host: taking it, reading it, giving it back, as the app's owner.

It is one JSON file, written under another name and linked into place: there is never a lock
without its holder, and of two who take it one gets it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from tui.commands.detached_shell import ALIVE
from tui.commands.owner import AS_OWNER, owner_command
from tui.commands.preflight import free_bytes
from tui.commands.work_folder import work_folder
from tui.model.command import Command, Effect
from tui.model.fleet import App
from tui.model.lock import Holder, LockSeen
from tui.model.redact import from_host, redact

HOLDER_VARIABLE = "BEAMDECK_HOLDER"
"""The environment variable with who acts, set by the runner: JSON members, no braces."""

HELD = 75
"""Exit status: the lock is held by another operation; its JSON is on stdout."""

LIMIT_S = 30.0
_MOST_BYTES = 16 * 1024
_ROOM_BYTES = 64 * 1024
_OP = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,80}\Z")

# As the owner. $1 folder, $2 operation, $3 JSON members of the holder, $4 the SSH user, $5 JSON
# members of the plan.
_TAKE = """\
umask 027
folder=$1 op=$2
mkdir -p -- "$folder" && chmod 0750 "$folder" || exit 73
new=$folder/lock.$op
printf '{"op":"%s","ssh_user":"%s","since":%s,%s,%s}\\n' "$op" \\
  "$(printf %s "$4" | tr -cd 'A-Za-z0-9._-')" "$(date +%s)" "$3" "$5" >"$new" &&
  sync "$new" || { rm -f -- "$new"; exit 73; }
if ln -- "$new" "$folder/lock" 2>/dev/null; then
  rm -f -- "$new"
  exit 0
fi
rm -f -- "$new"
[ -e "$folder/lock" ] || exit 73
cat -- "$folder/lock"
exit 75
"""
# $3 the text above, $4 JSON members of the plan.
_TAKE_IT = (
    AS_OWNER
    + """\
op=${BEAMDECK_STEP%-*}
case $op in '' | *[!A-Za-z0-9-]*) no 64 "a lock without an operation is not taken" ;; esac
[ -n "$BEAMDECK_HOLDER" ] || no 64 "a lock without a holder is not taken"
as_owner /bin/sh -c "$3" beamdeck "$root/.beamdeck" "$op" "$BEAMDECK_HOLDER" "$me" "$4"
status=$?
[ "$status" != 73 ] || no 73 "$root/.beamdeck cannot be written"
[ "$status" != 75 ] || no 75 "it is held by somebody else"
exit "$status"
"""
)

# As the owner. $1 folder, $2 operation, $3 a name of this step's own. It is moved aside before
# it is removed: between a look and a removal it could have become somebody else's.
_GIVE = """\
folder=$1 op=$2 aside=$1/lock.gone.$3
mine() { grep -q "^{\\"op\\":\\"$op\\"," "$1"; }
[ -e "$folder/lock" ] || exit 0
mine "$folder/lock" || exit 75
mv -T -- "$folder/lock" "$aside" || exit 73
if mine "$aside"; then
  rm -f -- "$aside"
  exit 0
fi
ln -- "$aside" "$folder/lock" && rm -f -- "$aside"
exit 75
"""
# $3 the text above, $4 the operation whose lock it is, empty for the one that acts.
_GIVE_IT = (
    AS_OWNER
    + """\
op=${4:-${BEAMDECK_STEP%-*}}
case $op in '' | *[!A-Za-z0-9-]*) no 64 "a lock without an operation is not given back" ;; esac
as_owner /bin/sh -c "$3" beamdeck "$root/.beamdeck" "$op" "$BEAMDECK_STEP"
status=$?
[ "$status" != 73 ] || no 73 "$root/.beamdeck cannot be written"
[ "$status" != 75 ] || no 75 "it is not the lock of $op"
exit "$status"
"""
)

# As the owner. $1 folder. Lines of what is known, an empty line, the lock itself.
_READ = (
    ALIVE
    + """\
folder=$1
echo "now=$(date +%s)"
lock=$(cat -- "$folder/lock" 2>/dev/null)
if [ -z "$lock" ]; then
  if [ -e "$folder/lock" ]; then echo held=unreadable; else echo held=no; fi
  d=$folder; [ -d "$d" ] || d=${d%/*}
  if [ -w "$d" ]; then df -Pk -- "$d" | tail -n 1 | sed 's/^/room=/'; else echo read_only=1; fi
  echo
  exit 0
fi
echo held=yes
op=$(printf '%s' "$lock" | sed -n 's/^{"op":"\\([A-Za-z0-9-]*\\)".*/\\1/p' | head -n 1)
if [ -n "$op" ]; then
  for run in "$folder/steps/$op-"*.run; do
    [ -e "$run" ] || continue
    base=${run%.run}
    [ ! -s "$base.exit" ] || continue
    if begins || alive; then echo "live=${base##*/}"; fi
  done
fi
echo
printf '%s\\n' "$lock"
"""
)


def holder_words(user: str, client_host: str, reason: str) -> str:
    """Who acts, from where and why, as JSON members for HOLDER_VARIABLE; one line of ASCII."""
    members = {"user": user, "client_host": client_host, "reason": redact(reason)[:200]}
    return json.dumps(members)[1:-1]


def lock_command(app: App, why: str) -> Command:
    """Take the app's lock on the host for the operation that acts; a change.

    Exit status 0 taken, HELD, 73 if it cannot be written, NOT_ALLOWED (commands/owner.py).
    """
    members = json.dumps({"app": app.name, "unit": app.service, "why": why[:200]})[1:-1]
    words = (app.root, app.owner or "", _TAKE, members)
    return _change(_TAKE_IT, words)


def unlock_command(app: App, op: str = "") -> Command:
    """Give the lock back if it is the acting operation's, or that of `op` if one is named.

    Exit status 0 gone, HELD if it is another's. ValueError if `op` is no name of an operation.
    """
    if op and not operation_fits(op):
        raise ValueError(f"{op!r} is no name of an operation")
    return _change(_GIVE_IT, (app.root, app.owner or "", _GIVE, op))


def _change(script: str, words: tuple[str, ...]) -> Command:
    return Command(
        words, effect=Effect.CHANGE, timeout_s=LIMIT_S, max_bytes=64 * 1024, script=script
    )


def read_lock(app: App, timeout_s: float = 20.0) -> Command:
    """Read the app's lock on the host, and which of its holder's steps are at work; a read."""
    words = (work_folder(app),)
    return owner_command(app, _READ, words, timeout_s=timeout_s, max_bytes=_MOST_BYTES)


def parse_lock(host: str, answer: bytes) -> LockSeen:
    """The lock as a look showed it; what cannot be understood is a lock all the same."""
    head, gap, body = answer.partition(b"\n\n")
    lines = [line.partition("=")[::2] for line in head.decode("ascii", "replace").splitlines()]
    said = dict(lines)
    if not gap or not _number(said.get("now")):
        return LockSeen(host, problem="the host did not say how it stands")
    if said.get("held") == "no":
        return LockSeen(host, cramped=_cramped(said))
    holder = _holder(body)
    if holder is None:
        return LockSeen(host, problem="there is one, and it does not say whose it is")
    age_s = max(0.0, _number(said.get("now")) - holder.since)
    live = tuple(
        value for key, value in lines if key == "live" and value.startswith(f"{holder.op}-")
    )
    return LockSeen(host, holder, age_s=age_s, live=tuple(map(from_host, live)))


def _cramped(said: Mapping[str, str]) -> str:
    """Why nobody could take it there; empty if it can be taken, or that is not known."""
    if "read_only" in said:
        return "its folder cannot be written"
    free = free_bytes(said.get("room", ""))
    return "no space is left on its disk" if free is not None and free < _ROOM_BYTES else ""


def operation_fits(op: str) -> bool:
    """Whether it may be the name of an operation."""
    return _OP.match(op) is not None


def _holder(body: bytes) -> Holder | None:
    try:
        members = json.loads(body)
    except ValueError:
        return None
    if not isinstance(members, dict) or not operation_fits(str(members.get("op", ""))):
        return None

    def text(name: str) -> str:
        return from_host(str(members.get(name, "")), limit=300).replace("\n", " ")

    return Holder(
        op=text("op"),
        user=text("user") or "nobody knows who",
        client_host=text("client_host") or "nobody knows where",
        ssh_user=text("ssh_user"),
        app=text("app"),
        unit=text("unit"),
        since=_number(members.get("since")),
        why=text("why"),
        reason=text("reason"),
    )


def _number(value: object) -> float:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 13:
        return float(value)
    return float(value) if isinstance(value, int) and 0 <= value < 10**12 else 0.0

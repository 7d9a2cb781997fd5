"""Commands as the user who owns an app's files: by sudo, or directly where it is the SSH user.

Never as root: what root writes into a release's folder its owner cannot move or remove any more.
"""

from __future__ import annotations

from tui.model.command import Command, Effect
from tui.model.fleet import App

NOT_ALLOWED = 77
"""Exit status: the SSH user may not act as the owner, or the owner is root; stderr says which."""

# $1 is the release's folder, $2 its owner as configured, if it is. Defines as_owner.
AS_OWNER = """\
root=$1
owner=$2
me=$(id -un)
no() { status=$1; shift; printf '%s\\n' "beamdeck: $*" >&2; exit "$status"; }
as_owner() {
  if [ "$owner" = "$me" ]; then "$@"
  elif [ "$(id -u)" = 0 ]; then runuser -u "$owner" -- "$@"
  else sudo -n -u "$owner" -- "$@"
  fi
}
[ -n "$owner" ] || owner=$(stat -c %U -- "$root" 2>/dev/null)
[ -n "$owner" ] || no 66 "there is no folder $root, or $me may not look at it"
[ "$(id -u -- "$owner" 2>/dev/null)" != 0 ] || owner=root
[ "$owner" != root ] || no 77 "$root belongs to root; nothing is done as root there"
as_owner true </dev/null >/dev/null 2>&1 || no 77 "$me may not act as $owner by sudo"
[ -d "$root" ] || as_owner test -d "$root" || no 66 "there is no folder $root"
"""
_RUN = (
    AS_OWNER
    + """\
inner=$3
shift 3
as_owner /bin/sh -c "$inner" beamdeck "$@"
"""
)
# As above, with $4 on the stdin of `inner`: sudo writes every word of a command into the host's
# log, and cuts it into lines there.
_FEED = (
    AS_OWNER
    + """\
inner=$3
feed=$4
shift 4
printf %s "$feed" | as_owner /bin/sh -c "$inner" beamdeck "$@"
"""
)


def owner_command(
    app: App,
    inner: str,
    words: tuple[str, ...] = (),
    *,
    feed: str | None = None,
    effect: Effect = Effect.READ,
    timeout_s: float = 20.0,
    max_bytes: int = 4 * 1024 * 1024,
) -> Command:
    """`inner` (constant shell text of ours, `words` as $1…) run as the app's owner.

    `feed` is what it finds on its stdin, for what is too long to be a word.
    Without an owner in the configuration it is whoever owns the release's folder. Exit status
    NOT_ALLOWED if that may not be, 66 if there is no such folder.
    """
    return Command(
        (app.root, app.owner or "", inner, *(() if feed is None else (feed,)), *words),
        effect=effect,
        timeout_s=timeout_s,
        max_bytes=max_bytes,
        script=_RUN if feed is None else _FEED,
    )

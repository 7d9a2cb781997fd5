"""Which command a console runs on a host: the release's remote shell, the login shell, or one of
the config. Always for a terminal: without one `remote` opens a throw-away local IEx. Pure.

A terminal's stdin is the operator's, so the script goes in the command line: constant text that
every login shell (fish and csh, too) takes apart the same way, and words checked for it.
"""

from __future__ import annotations

from tui.commands.release_call import node_words
from tui.errors import BeamdeckError
from tui.model.fleet import App, Console, Flavour
from tui.model.names import app_name_fits, path_fits, unit_fits, user_fits
from tui.model.redact import redact
from tui.model.release import ReleaseFacts
from tui.model.terminal import ConsoleKind, TerminalCommand

LONGEST = 4096
"""Bytes of a command line; sshd takes more, not every shell on the way does."""

# $1 folder, $2 owner (empty: whoever owns the folder), $3 what to run then as $0's script.
_AS_OWNER = (
    'r=$1; o=$2; i=$3; shift 3; me=$(id -un); [ -n "$o" ] || o=$(stat -c %U -- "$r" 2>/dev/null); '
    '[ -n "$o" ] || { echo "beamdeck: there is no folder $r, or $me may not look at it"; '
    "exit 66; }; "
    'if [ "$o" = "$me" ]; then exec /bin/sh -c "$i" beamdeck "$r" "$@"; fi; '
    'if [ "$(id -u -- "$o" 2>/dev/null)" = 0 ]; then '
    'echo "beamdeck: $r belongs to root; nothing is run as root there"; exit 77; fi; '
    'if [ "$(id -u)" = 0 ]; then exec runuser -u "$o" -- /bin/sh -c "$i" beamdeck "$r" "$@"; fi; '
    'exec sudo -n -u "$o" -- /bin/sh -c "$i" beamdeck "$r" "$@"'
)
_UTF8 = (
    'cd "$1" || exit 66; case ${LC_ALL:-${LC_CTYPE:-$LANG}} in *[Uu][Tt][Ff]*8) ;; '
    "*) export LC_ALL=C.UTF-8 ;; esac; "
)
# $2 app, $3 remote or remote_console, $4 unit, $5 node, $6 kind of names; both may be empty.
# What the running node was started with says how to reach it, also after a deploy with a new
# cookie; none of it is ever a word of a command.
_REMOTE = (
    _UTF8 + "p=$(systemctl show -p MainPID --value -- $4 2>/dev/null); "
    'e=/proc/${p:-0}/environ; if [ $3 = remote ] && [ -r "$e" ]; then '
    "for k in RELEASE_COOKIE RELEASE_NODE RELEASE_DISTRIBUTION; do "
    'v=$(tr "\\000" "\\n" <"$e" | sed -n "s/^$k=//p"); '
    '[ -z "$v" ] || export "$k=$v"; done; fi; '
    '[ -z "$5" ] || export RELEASE_NODE=$5; [ -z "$6" ] || export RELEASE_DISTRIBUTION=$6; '
    "exec bin/$2 $3"
)
_CONFIGURED = _UTF8 + 'c=$(printf %b "$2"); exec /bin/sh -c "$c"'
_HARD = frozenset("'\\!\n")
"""Signs that login shells differ on, even within single quotes."""


class NoConsole(BeamdeckError):
    """A console that cannot be opened; the detail says why."""

    title = "No console"


def remote_console(app: App, release: ReleaseFacts) -> TerminalCommand:
    """The shell of the running node; NoConsole if this release has none, or is not known."""
    verbs = {Flavour.MIX: "remote", Flavour.DISTILLERY: "remote_console"}
    verb = verbs.get(release.flavour)
    if verb is None:
        known = release.flavour is not Flavour.AUTO
        raise NoConsole(
            f"a {release.flavour} release has no remote shell that is known here"
            if known
            else "which tool built the release is not known yet",
            remedy="Open a shell instead, or set `flavour` in the config.",
        )
    root = release.root or app.root
    if not (app_name_fits(app.name) and path_fits(root) and unit_fits(app.service)):
        raise NoConsole("the app's name, unit or folder is not one that commands are made of")
    node, names = node_words(app, release) if app.node else ("", "")
    line = _line(app, root, _REMOTE, app.name, verb, app.service, node, names)
    return TerminalCommand(ConsoleKind.REMOTE, verb, line, f"bin/{app.name} {verb}")


def login_shell() -> TerminalCommand:
    """The SSH user's own login shell."""
    return TerminalCommand(ConsoleKind.SHELL, "shell", None, "login shell")


def configured_console(app: App, console: Console) -> TerminalCommand:
    """A command of the config: as the app's owner in its folder, or as the SSH user."""
    shown = redact(console.command)
    word = "".join(f"\\0{byte:03o}" for byte in console.command.encode())
    if not console.as_owner:
        line = f"exec /bin/sh -c 'c=$(printf %b \"$1\"); exec /bin/sh -c \"$c\"' beamdeck '{word}'"
        return TerminalCommand(ConsoleKind.COMMAND, console.name, _short(line), shown)
    if not path_fits(app.root):
        raise NoConsole("the app's folder is not one that commands are made of")
    line = _line(app, app.root, _CONFIGURED, word, free=True)
    return TerminalCommand(ConsoleKind.COMMAND, console.name, line, shown)


def _line(app: App, root: str, inner: str, *words: str, free: bool = False) -> str:
    owner = app.owner or ""
    if owner and not user_fits(owner):
        raise NoConsole("the app's owner is not a user name")
    for word in (root, *(() if free else words)):
        if _HARD & set(word):
            raise NoConsole(f"{word!r} cannot be handed to every login shell as it is")
    quoted = " ".join(f"'{word}'" for word in (_AS_OWNER, "beamdeck", root, owner, inner, *words))
    return _short(f"exec /bin/sh -c {quoted}")


def _short(line: str) -> str:
    if len(line) > LONGEST:
        raise NoConsole("the command is too long; put it into a script on the host")
    return line

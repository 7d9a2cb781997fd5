"""A release's own `rpc` and `eval`: as the owner, from its folder, with the right node. Pure.

`rpc` asks the running node; `eval` starts a VM of its own with the code of a release version on
disk, and with the unit's environment. Each is a small BEAM: half a second of CPU.
"""

from __future__ import annotations

from tui.commands.owner import owner_command
from tui.commands.unit_environment import UNIT_ENVIRONMENT
from tui.errors import BeamdeckError
from tui.model.command import Command
from tui.model.fleet import App, Flavour
from tui.model.names import app_name_fits, node_fits, path_fits, release_version_fits, user_fits
from tui.model.release import ReleaseFacts

RPC_TEXT = r"""
r=$1 a=$2 e=$3 n=$4 d=$5
cd "$r" || exit 1
[ -z "$n" ] || export RELEASE_NODE="$n"
[ -z "$d" ] || export RELEASE_DISTRIBUTION="$d"
exec "bin/$a" rpc "$e"
"""
"""$1 root, $2 app, $3 expression, $4 node, $5 kind of names (both may be empty). As the owner."""

_EVAL = r"""
r=$1 a=$2 e=$3 v=$4
cd "$r" || exit 1
[ -z "$v" ] || export RELEASE_VSN="$v" REL_VSN="$v"
exec "bin/$a" eval "$e"
"""
EVAL_TEXT = UNIT_ENVIRONMENT + 'unset LC_ALL\nbeamdeck_environment "$5" "$6"' + _EVAL
"""$1 root, $2 app, $3 expression, $4 release version (empty: what boots next), $5 unit, $6 file."""
EVAL_DETACHED_TEXT = _EVAL
"""The same for a detached step, which gets the unit's environment where it is started."""


class CannotCall(BeamdeckError):
    """Code that cannot be run by this release; the detail says why."""

    title = "The release cannot be asked"


def rpc_words(app: App, release: ReleaseFacts, expression: str) -> tuple[str, ...]:
    """The words of RPC_TEXT; CannotCall if this release has no rpc of that kind."""
    _check(app, release)
    node, names = node_words(app, release)
    return (release.root, app.name, expression, node, names)


def eval_words(
    app: App, release: ReleaseFacts, expression: str, version: str = ""
) -> tuple[str, ...]:
    """The words of EVAL_TEXT, for the code of `version`; CannotCall if it cannot be run."""
    _check(app, release)
    if version and not release_version_fits(version):
        raise CannotCall("that is no release version that commands are made of")
    return (release.root, app.name, expression, version, app.service, app.env_file or "")


def ask_by_rpc(
    app: App, release: ReleaseFacts, expression: str, *, timeout_s: float, max_bytes: int
) -> Command:
    """A read by the running node. What the expression does is the caller's word."""
    words = rpc_words(app, release, expression)
    return owner_command(app, RPC_TEXT, words, timeout_s=timeout_s, max_bytes=max_bytes)


def ask_by_eval(
    app: App,
    release: ReleaseFacts,
    expression: str,
    version: str = "",
    *,
    timeout_s: float,
    max_bytes: int,
) -> Command:
    """A read by a VM of its own, with the code of `version` (empty: what boots next)."""
    words = eval_words(app, release, expression, version)
    return owner_command(app, EVAL_TEXT, words, timeout_s=timeout_s, max_bytes=max_bytes)


def _check(app: App, release: ReleaseFacts) -> None:
    if release.flavour not in (Flavour.MIX, Flavour.DISTILLERY):
        raise CannotCall(f"only mix and Distillery 2 releases can be asked, not {release.flavour}")
    if not (app_name_fits(app.name) and path_fits(release.root)):
        raise CannotCall("the app's name or folder is not one that commands are made of")
    if app.owner and not user_fits(app.owner):
        raise CannotCall("the app's owner is not a user name")
    if app.cookie is not None:
        raise CannotCall("a cookie of the config is not handed on; releases/COOKIE is used")


def node_words(app: App, release: ReleaseFacts) -> tuple[str, str]:
    """(RELEASE_NODE, RELEASE_DISTRIBUTION) for mix releases; empty is the release's own."""
    name = app.node or release.node or ""
    if release.flavour is not Flavour.MIX or not node_fits(name) or "@" not in name:
        return "", ""
    # Only the host of a long name may hold a dot, and it always does.
    return name, "name" if "." in name.partition("@")[2] else "sname"

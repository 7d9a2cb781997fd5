"""Questions that only the running node can answer, asked by the release's own `rpc`. Pure.

Each starts a small BEAM on the host, half a second of CPU: on demand only, never by a probe.
The Elixir lies in files beside this one and travels as base64, so that no shell reads it.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import cache
from importlib import resources

from tui.commands.release import read_name
from tui.errors import BeamdeckError
from tui.model.command import Command, Effect, Outcome, Word
from tui.model.fleet import App, Flavour
from tui.model.names import app_name_fits, node_fits, path_fits, user_fits
from tui.model.redact import from_host
from tui.model.release import ReleaseFacts

# $1 owner, $2 the launcher, $3 the expression, $4 node, $5 kind of names. As the owner itself if
# that is who we are, else by sudo, which asks nothing. env is named only where it is needed:
# sudoers are matched by whole command lines.
_ASK = r"""
o=$1 b=$2 e=$3 n=$4 d=$5
if [ -z "$o" ] || [ "$(id -un)" = "$o" ]; then
  [ -z "$n" ] || export RELEASE_NODE="$n"
  [ -z "$d" ] || export RELEASE_DISTRIBUTION="$d"
  exec "$b" rpc "$e"
fi
[ -n "$n" ] || exec sudo -n -u "$o" -- "$b" rpc "$e"
exec sudo -n -u "$o" -- env RELEASE_NODE="$n" ${d:+RELEASE_DISTRIBUTION="$d"} "$b" rpc "$e"
"""


_STATUSES = ("starting", "started", "stopping")
_YES_NO = {"yes": True, "no": False}


class CannotAsk(BeamdeckError):
    """A question that cannot be put to this release; the detail says why."""

    title = "The node cannot be asked"


@dataclass(frozen=True, slots=True)
class NodeAnswer:
    """The release version that the node was started from; `problem` says why it is not known.

    `app_version` is the app's own, which a hot upgrade changes and a restart does not need.
    `status` is init's word (starting, started, stopping), `app_started` whether the app is among
    the started applications: a node that still starts answers too (facts.md section 3).
    """

    version: str | None = None
    app_version: str | None = None
    problem: str = ""
    status: str = ""
    app_started: bool | None = None


def read_running_by_rpc(
    app: App, release: ReleaseFacts, token: str, *, timeout_s: float = 20.0
) -> Command:
    """Ask the node of `release` for its version; CannotAsk if it is not one that can be asked.

    `token` frames the answer (`[a-z0-9]`, made anew for each question).
    """
    if release.flavour not in (Flavour.MIX, Flavour.DISTILLERY):
        raise CannotAsk(f"only mix and Distillery 2 releases can be asked, not {release.flavour}")
    if not (app_name_fits(app.name) and path_fits(release.root) and token.isalnum()):
        raise CannotAsk("the app's name or folder is not one that commands are made of")
    owner = app.owner or ""
    if owner and not user_fits(owner):
        raise CannotAsk("the app's owner is not a user name")
    if owner and app.cookie is not None:
        raise CannotAsk("a cookie of the config cannot be handed on by sudo; releases/COOKIE can")
    node, names = _node(app, release)
    words: tuple[Word, ...] = (
        owner,
        f"{release.root}/bin/{app.name}",
        _expression("running_version.exs", app.name, token),
        node,
        names,
    )
    cookie = (("RELEASE_COOKIE", app.cookie),) if app.cookie is not None else ()
    return Command(
        words,
        effect=Effect.READ,
        timeout_s=timeout_s,
        max_bytes=64 * 1024,
        script=_ASK,
        env=cookie,
    )


def _node(app: App, release: ReleaseFacts) -> tuple[str, str]:
    """(RELEASE_NODE, RELEASE_DISTRIBUTION) for mix releases; empty is the release's own."""
    name = app.node or release.node or ""
    if release.flavour is not Flavour.MIX or not node_fits(name) or "@" not in name:
        return "", ""
    # Only the host of a long name may hold a dot, and it always does.
    return name, "name" if "." in name.partition("@")[2] else "sname"


def _expression(file: str, app: str, token: str) -> str:
    text = base64.b64encode(_snippet(file)).decode()
    return f'Code.eval_string(Base.decode64!("{text}"), [app: :{app}, mark: "{token}"])'


@cache
def _snippet(file: str) -> bytes:
    return (resources.files("tui.commands") / "elixir" / file).read_bytes()


def parse_running(outcome: Outcome, token: str) -> NodeAnswer:
    """The version between the marks; whatever else stands there is a problem in words."""
    lines = outcome.stdout.split(b"\n")
    began, ended = f"{token} began".encode(), f"{token} ended".encode()
    if not outcome.known:
        return NodeAnswer(problem=f"no answer: {outcome.ended}")
    if began not in lines or ended not in lines[lines.index(began) :]:
        said = (outcome.stderr.strip() or outcome.stdout.strip()).split(b"\n")[0]
        told = from_host(said, limit=200)
        return NodeAnswer(problem=f"the node did not answer: {told or 'nothing was said'}")
    answer = lines[lines.index(began) + 1 : lines.index(ended)]
    release = read_name(answer[0]) if answer else None
    if release is None or release.version is None:
        shown = release.odd if release is not None else ""
        return NodeAnswer(problem=f"the node says what is no release version: {shown}")
    inside = read_name(answer[1]).version if len(answer) > 1 and answer[1] != b"-" else None
    words = [str(from_host(line, limit=40)) for line in answer[2:4]]
    status = words[0] if words and words[0] in _STATUSES else ""
    return NodeAnswer(
        release.version,
        inside,
        status=status,
        app_started=_YES_NO.get(words[1]) if len(words) > 1 else None,
    )

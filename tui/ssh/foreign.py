"""ssh_config files that are not the operator's own must not run commands on this machine.

A configuration may lie in a repository and name an ssh_config beside it. What is in ~/.ssh and
/etc/ssh may use `Match exec` and `ProxyCommand`; any other file that does is refused before ssh
reads it.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from tui.model.host import LinkState
from tui.ssh.failure import LinkFailure

MACHINES_OWN = "/etc/ssh"
DEPTH_LIMIT = 16  # OpenSSH's own limit of nested Include


def check_foreign(files: Sequence[str], home: str) -> None:
    """LinkFailure if one of `files`, or a file it includes, is foreign and would run a command.

    Blocks on reading. A file that cannot be read is left to ssh, which says so.
    """
    for file in files:
        path = _absolute(file, home)
        if not _own(path, home):
            _check(path, home, 0)


def _check(path: str, home: str, depth: int) -> None:
    if depth > DEPTH_LIMIT:
        raise _refused(path, "Include")
    try:
        text = Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for keyword, rest in _directives(text):
        if keyword == "match" and "exec" in rest.lower():
            raise _refused(path, "Match exec")
        if keyword == "proxycommand" and rest.lower() != "none":
            raise _refused(path, "ProxyCommand")
        if keyword == "include":
            for included in _included(rest, path, home):
                if not _own(included, home):
                    _check(included, home, depth + 1)


def _directives(text: str) -> Iterator[tuple[str, str]]:
    """Keyword and the rest of each line. Quotes and backslashes are dropped: ssh lets them stand
    in the middle of a word, and what only looks like `exec` is refused with it."""
    for line in text.splitlines():
        plain = re.sub(r"[\"'\\]", "", line).strip()
        if plain and not plain.startswith("#"):
            keyword, _, rest = re.sub(r"\s*=\s*|\s+", " ", plain, count=1).partition(" ")
            yield keyword.lower(), rest.strip()


def _included(patterns: str, path: str, home: str) -> Iterator[str]:
    for pattern in patterns.split():
        if "%" in pattern or "$" in pattern:  # filled in by ssh: nobody can say here with what
            raise _refused(path, f"Include {pattern}")
        yield from glob.glob(os.path.join(home, ".ssh", _absolute(pattern, home, relative=True)))


def _absolute(path: str, home: str, *, relative: bool = False) -> str:
    if path.startswith("~/"):
        path = home + path[1:]
    return path if relative else os.path.abspath(os.path.expanduser(path))


def _own(path: str, home: str) -> bool:
    """Whether a file lies in ~/.ssh or /etc/ssh; a link there was put there by its owner."""
    own = os.path.join(home, ".ssh")
    named, real = os.path.abspath(path), os.path.realpath(path)
    return any(
        os.path.commonpath((at, place)) == place
        for at in (named, real)
        for place in (own, os.path.realpath(own), MACHINES_OWN)
    )


def _refused(path: str, directive: str) -> LinkFailure:
    return LinkFailure(
        LinkState.NO_ADDRESS,
        f"{path}: {directive} runs a command here; only a file in ~/.ssh or /etc/ssh may",
    )

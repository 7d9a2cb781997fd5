"""What a user may do on a host by sudo, asked without doing it; and the lines that are lacking.

Asking runs nothing: `sudo -n -l -- COMMAND` only answers, and never prompts.
"""

from __future__ import annotations

from dataclasses import dataclass

from tui.model.command import Command
from tui.model.fleet import App
from tui.model.names import user_fits
from tui.model.redact import from_host

# $1 the release's folder, $2 its owner as configured, if it is.
_ASK = """\
me=$(id -un)
owner=$2
[ -n "$owner" ] || owner=$(stat -c %U -- "$1" 2>/dev/null)
echo "user=$me"
echo "owner=$owner"
if [ "$owner" = "$me" ] || [ "$(id -u)" = 0 ]; then echo act=0
else
  sudo -n -l -u "$owner" -- /bin/sh -c true >/dev/null 2>&1
  echo "act=$?"
fi
if ! command -v systemd-run >/dev/null 2>&1; then echo detach=127
elif [ "$(id -u)" = 0 ]; then echo detach=0
else
  sudo -n -l -- systemd-run --unit=beamdeck-asked true >/dev/null 2>&1
  echo "detach=$?"
fi
echo "kills=$(loginctl show-session -p KillUserProcesses --value 2>/dev/null)"
"""


@dataclass(frozen=True, slots=True)
class OwnerRight:
    """What a user may do with an app's files: `acts` as their owner, `detaches` as a unit.

    Without a unit a step that outlives the link is a process of a session of its own; `kills`
    says that the host ends such a one together with the link. `problem`: it could not be asked.
    """

    user: str = ""
    owner: str = ""
    acts: bool = False
    detaches: bool = False
    kills: bool = False
    problem: str = ""

    @property
    def line(self) -> str:
        """The line of /etc/sudoers that lets the user act as the owner; empty if none can."""
        if not self.owner or self.owner == "root" or not user_fits(self.owner):
            return ""
        return f"{self.user or 'USER'} ALL=({self.owner}) NOPASSWD: ALL"


def read_owner_right(app: App, timeout_s: float = 20.0) -> Command:
    """Ask what the SSH user may do as the app's owner; a read."""
    return Command((app.root, app.owner or ""), script=_ASK, timeout_s=timeout_s)


def parse_owner_right(answer: bytes) -> OwnerRight:
    """The right; ValueError if the answer is not one to the question."""
    lines = answer.decode("utf-8", "backslashreplace").splitlines()
    said = dict(line.partition("=")[::2] for line in lines)
    if not said.get("user") or "act" not in said:
        raise ValueError("the host did not say who asks")
    owner = from_host(said.get("owner", ""))
    return OwnerRight(
        user=from_host(said["user"]),
        owner=owner,
        acts=said["act"] == "0" and owner not in ("", "root"),
        detaches=said.get("detach") == "0",
        kills=said.get("kills") == "yes",
    )

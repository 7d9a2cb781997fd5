"""A step that must outlive the link: started on the host under its own name, found again by it.

As a transient unit by `sudo -n systemd-run` where that is allowed, else by `setsid`; in both
forms as the app's owner, with its output and its exit status in files below the release.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tui.commands.detached_shell import BEGIN, CLAIM, LOOK, RUN, START, WITHDRAW
from tui.commands.owner import AS_OWNER, owner_command
from tui.commands.work_folder import work_folder
from tui.model.command import Command, Effect, Outcome
from tui.model.fleet import App
from tui.model.redact import from_host

STEP_VARIABLE = "BEAMDECK_STEP"
"""The environment variable that holds the name of the step, set by the runner."""

ALREADY = 75
"""Exit status of the start: a step of that name was started before, and is not started again."""

START_S = 60.0
"""Seconds within which a start answers; the step itself may take as long as it needs."""

MOST_BYTES = 1024 * 1024
"""Bytes of output that one look brings."""

_STEP = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,100}\Z")


@dataclass(frozen=True, slots=True)
class DetachedState:
    """A detached step as one look at its host shows it: `absent`, `running` or `ended`.

    `exit_status` is None while it runs, and where it ended without leaving one (killed, or the
    host went down). `output` is raw, from the offset asked for; `size_bytes` is all there is.
    """

    word: str
    exit_status: int | None
    output: bytes
    next_offset: int
    size_bytes: int

    @property
    def whole(self) -> bool:
        """Whether the output has been read to its present end."""
        return self.next_offset >= self.size_bytes


def step_name_fits(name: str) -> bool:
    """Whether a step's name may stand in a unit's name and in a file's."""
    return _STEP.match(name) is not None


def detached_command(
    app: App, inner: str, words: tuple[str, ...], *, limit_s: float, environment: bool
) -> Command:
    """Start `inner` (constant shell text of ours, `words` as $1…, no secrets) on its own; a change.

    It runs as the app's owner in the release's folder, with the unit's environment if
    `environment`, under the name that BEAMDECK_STEP gives it, and returns at once: exit status 0
    once it has begun, ALREADY if it was started before, NOT_ALLOWED (commands/owner.py), 73 if
    the release's folder cannot be written, 71 if nothing could start it; stderr says which.
    `limit_s` is written beside it for whoever finds it; nothing ends it when that is over.
    """
    take = "1" if environment else ""
    return Command(
        (
            *(app.root, app.owner or "", CLAIM, BEGIN, WITHDRAW, RUN),
            *(app.service, take, app.env_file or "", f"{limit_s:g}"),
            *(inner, *words),
        ),
        effect=Effect.CHANGE,
        timeout_s=START_S,
        max_bytes=64 * 1024,
        script=AS_OWNER + START,
    )


def start_problem(outcome: Outcome) -> str:
    """What the host said about a start that was none, a line; empty where it began."""
    if outcome.ok:
        return ""
    said = from_host(outcome.stderr).removeprefix("beamdeck: ").strip()
    lines = said.splitlines()
    return lines[-1].removeprefix("beamdeck: ") if lines else f"exit status {outcome.exit_status}"


def read_detached(app: App, step_name: str, offset: int, timeout_s: float = 20.0) -> Command:
    """Look at a detached step and at its output from `offset` bytes on; a read.

    ValueError if that cannot be the name of a step.
    """
    if not step_name_fits(step_name):
        raise ValueError(f"{step_name!r} is no name of a step")
    words = (f"{work_folder(app)}/steps/{step_name}", str(max(0, offset)), str(MOST_BYTES))
    return owner_command(app, LOOK, words, timeout_s=timeout_s, max_bytes=MOST_BYTES + 4096)


def parse_detached(answer: bytes, offset: int) -> DetachedState:
    """The state that a look brought; ValueError if the answer is not one to the question."""
    head, gap, output = answer.partition(b"\n\n")
    said = dict(line.partition("=")[::2] for line in head.decode("ascii", "replace").splitlines())
    word, size = said.get("word", ""), said.get("size", "")
    if not gap or word not in ("absent", "running", "ended") or not _counts(size):
        raise ValueError("the host did not say how the step stands")
    exit_text = said.get("exit", "")
    status = int(exit_text) if word == "ended" and _counts(exit_text) else None
    return DetachedState(word, status, output, offset + len(output), int(size))


def _counts(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 15

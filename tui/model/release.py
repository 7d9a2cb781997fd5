"""A release on a host: which tool built it, which version runs, which would boot next."""

from __future__ import annotations

from dataclasses import dataclass

from tui.model.fleet import Flavour

TRIED = frozenset({Flavour.MIX})
"""The tools whose releases were changed on real hosts, in the lab."""


def untried(flavour: Flavour) -> str:
    """Why plans leave the files and the schema of such a release alone; empty if they need not.

    A release whose tool is not known is judged by what is in its way, not by this.
    """
    if flavour is Flavour.AUTO or flavour in TRIED:
        return ""
    tool = "a Distillery" if flavour is Flavour.DISTILLERY else "a relx"
    return (
        f"it is {tool} release: no real one was changed by this console yet, so that it is only "
        "read, restarted, started and stopped"
    )


@dataclass(frozen=True, slots=True)
class ReleaseFacts:
    """Release versions of an app on a host; None is not known, `""` never stands for a version.

    `runs_by` says how `runs` was learnt: `boot path` (the main process's command line) or `rpc`.
    `ran` is the version last seen running from here, kept while none is. `unusable` are names
    outside the allowlist, (where: `runs`, `boots` or `on disk`; the name as it may be shown):
    no command is ever made of them. `changed` are the files that a start reads (vm.args, …) and
    that were written after the process was started.
    """

    flavour: Flavour = Flavour.AUTO
    root: str = ""
    runs: str | None = None
    runs_by: str = ""
    boots: str | None = None
    boots_erts: str | None = None
    versions: tuple[str, ...] = ()
    node: str | None = None
    ran: str | None = None
    unusable: tuple[tuple[str, str], ...] = ()
    changed: tuple[str, ...] = ()

    @property
    def restart_changes(self) -> bool:
        """Whether a restart would bring up another version than the one that runs."""
        return self.runs is not None and self.boots is not None and self.runs != self.boots

    def unusable_at(self, where: str) -> str:
        """The name at `where` that cannot be used, as it may be shown; empty without one."""
        return next((name for place, name in self.unusable if place == where), "")

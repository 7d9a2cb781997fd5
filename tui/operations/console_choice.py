"""Which consoles an app's hosts have, and the command of each; why one cannot be had."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.commands.console import configured_console, login_shell, remote_console
from tui.errors import BeamdeckError
from tui.model.release import ReleaseFacts
from tui.model.terminal import TerminalCommand

if TYPE_CHECKING:
    from tui.operations.deck import Deck

REMOTE, SHELL = "remote", "shell"


@dataclass(frozen=True, slots=True)
class ConsoleChoice:
    """A console that may be opened: `kind` is remote, shell, or a command's name in the config."""

    host: str
    kind: str
    says: str


def choices_of(deck: Deck) -> tuple[ConsoleChoice, ...]:
    """Every host with every console, hosts in their order."""
    found: list[ConsoleChoice] = []
    for host in deck.sessions:
        found.append(ConsoleChoice(host, REMOTE, "remote   the node's own shell (IEx)"))
        found.append(ConsoleChoice(host, SHELL, "shell    the SSH user's login shell"))
        found += [
            ConsoleChoice(host, console.name, f"{console.name:<8} {console.command}")
            for console in deck.app.consoles
        ]
    return tuple(found)


def command_of(deck: Deck, choice: ConsoleChoice) -> TerminalCommand | str:
    """The command of a console, or why there is none."""
    link = deck.sessions[choice.host].link
    if not link.usable:
        return f"{choice.host} is not connected: {link.state.value}"
    try:
        if choice.kind == REMOTE:
            return remote_console(deck.app, _release(deck, choice.host))
        if choice.kind == SHELL:
            return login_shell()
        console = next(c for c in deck.app.consoles if c.name == choice.kind)
        return configured_console(deck.app, console)
    except BeamdeckError as error:
        return f"{error.detail}\n{error.remedy}".strip()


def _release(deck: Deck, host: str) -> ReleaseFacts:
    for view in deck.board.views:
        if view.host == host and view.snapshot is not None:
            return view.snapshot.release
    return ReleaseFacts(flavour=deck.app.flavour, root=deck.app.root)

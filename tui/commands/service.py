"""Start, stop or restart an app by what keeps it running: systemd, or the release itself. Pure."""

from __future__ import annotations

from tui.commands.release_daemon import daemon_command
from tui.commands.restart import restart_command
from tui.commands.sudo import RestartRight
from tui.model.command import Command
from tui.model.fleet import App, Manager
from tui.model.host import HostSnapshot


def service_command(
    app: App, snapshot: HostSnapshot, right: RestartRight, what: str, limit_s: float
) -> Command:
    """The change as it was found to be allowed; `what` is start, stop or restart."""
    if app.manager is Manager.RELEASE:
        return daemon_command(app, snapshot.release.root, snapshot.release.flavour, what)
    return restart_command(right, limit_s)


def job_words(app: App) -> str:
    """What must be over before the outcome can be told."""
    if app.manager is Manager.RELEASE:
        return f"bin/{app.name} has done its work"
    return "systemd's job is over"

"""What the console keeps on a host: one hidden folder in the app's, the app's user's own.

Names only, so that everybody who looks there looks at the same place.
"""

from __future__ import annotations

from tui.model.fleet import App

FOLDER = ".beamdeck"


def work_folder(app: App) -> str:
    """The folder on the host: in the release's own folder, so that renames from it are atomic."""
    return f"{app.root}/{FOLDER}"


def operation_file(app: App, op: str) -> str:
    """The host's copy of an operation's log."""
    return f"{work_folder(app)}/ops/{op}.jsonl"


def incoming_file(app: App, version: str) -> str:
    """The archive of a release on the host, whole and checked, before it is unpacked."""
    return f"{work_folder(app)}/incoming/{version}.tar.gz"


def upload_folder(app: App) -> str:
    """The SSH user's own folder for uploads, 0700, below their home."""
    return f"{FOLDER}/{app.name}"

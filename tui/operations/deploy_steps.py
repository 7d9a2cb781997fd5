"""The steps that bring a release to a host and let it boot, in their order. Pure."""

from __future__ import annotations

from dataclasses import replace

from tui.commands.install import MOVE_S, UNPACK_S, install, unpack
from tui.commands.sudo import RestartRight
from tui.commands.switch import switch
from tui.commands.upload import HASH_S, hand_over
from tui.model.archive import Archive
from tui.model.fleet import App
from tui.model.host import HostSnapshot
from tui.model.plan import Step
from tui.model.words import size
from tui.operations.deploy_works import HAND_OVER, INSTALL, SWITCH, UNPACK, UPLOAD
from tui.operations.restart import restart_step
from tui.operations.restart_state import restart_facts

SLOWEST = 16 * 1024
"""Bytes a second below which an upload is given up."""


def upload_step(app: App, archive: Archive, host: str) -> Step:
    """Send the archive into the SSH user's own folder."""
    return Step(
        kind=UPLOAD,
        host=host,
        what=f"upload {archive.version}",
        why=f"{size(archive.size_bytes)} by SFTP into ~/.beamdeck/{app.name}, resumed if it broke",
        command=None,
        precondition="there is room for it, and the archive here is the one that was planned with",
        verification=f"its SHA-256 on the host is {archive.sha256[:16]}…",
        undo="the next upload or prune removes it; nothing uses it",
        limit_s=HASH_S + archive.size_bytes / SLOWEST,
        params=(
            ("version", archive.version),
            ("archive", archive.path),
            ("size", str(archive.size_bytes)),
            ("sha256", archive.sha256),
        ),
    )


def hand_over_step(app: App, archive: Archive, host: str) -> Step:
    """Give the archive to the app's owner."""
    return Step(
        kind=HAND_OVER,
        host=host,
        what=f"hand {archive.version} to {app.owner or 'the owner'}",
        why="the app's own user unpacks it; the upload is removed",
        command=hand_over(app, archive.version, archive.sha256),
        precondition="the upload is whole",
        verification=f"its SHA-256 there is {archive.sha256[:16]}…",
        undo="nothing uses it yet",
        limit_s=HASH_S,
        params=(("version", archive.version), ("sha256", archive.sha256)),
    )


def unpack_step(app: App, archive: Archive, host: str) -> Step:
    """Unpack into a staging folder."""
    return Step(
        kind=UNPACK,
        host=host,
        what=f"unpack {archive.version}",
        why=f"{archive.files:,} files, {size(archive.unpacked_bytes)}, beside the release",
        command=unpack(app, archive.version, archive.top, archive.files),
        precondition=f"releases/{archive.version} is not there",
        verification=f"{archive.files} files lie in .beamdeck/staging",
        undo="nothing uses it yet",
        limit_s=UNPACK_S,
        params=(("version", archive.version), ("files", str(archive.files))),
    )


def install_step(app: App, archive: Archive, host: str) -> Step:
    """Move it into its place."""
    folders = tuple(folder for folder, _ in archive.folders if folder.startswith("lib/"))
    return Step(
        kind=INSTALL,
        host=host,
        what=f"install {archive.version}",
        why="lib, erts and releases by rename; what is there already is the same and stays",
        command=install(app, archive.version),
        precondition="it was unpacked, and what boots is as shown",
        verification=f"releases/{archive.version} stands with all {len(folders)} lib folders",
        undo="nothing boots it yet; prune removes it",
        limit_s=MOVE_S,
        params=(
            ("version", archive.version),
            ("erts", f"erts-{archive.erts}" if archive.erts else ""),
            ("folders", " ".join(folders)),
        ),
    )


def switch_step(app: App, host: str, version: str, erts: str, previous: str) -> Step:
    """Let the next start boot a version that is whole on the host."""
    return Step(
        kind=SWITCH,
        host=host,
        what=f"switch to {version}",
        why="start_erl.data by rename; until the restart nothing changes for users",
        command=switch(app, version, erts),
        precondition=f"the next start boots {previous or 'nothing'}",
        verification=f"the next start boots {version}",
        undo=f"switch to {previous}" if previous else "none: there was no release before",
        limit_s=60.0,
        params=(("version", version), ("erts", erts), ("previous", previous)),
    )


def restart_to(app: App, snapshot: HostSnapshot, right: RestartRight, version: str) -> Step:
    """The restart of a host after its switch: it must come up with `version`."""
    switched = replace(snapshot, release=replace(snapshot.release, boots=version))
    step = restart_step(app, switched, right)
    # What the switch has changed by then is expected; what runs until then does not matter.
    expected = tuple(f for f in restart_facts(switched) if not f[0].endswith(" runs"))
    return replace(step, params=(*step.params, *expected))

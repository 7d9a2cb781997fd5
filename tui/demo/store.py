"""The demo fleet's release store: archives as edeliver and `mix release` name them."""

from __future__ import annotations

import os
import time
from pathlib import Path

from tui.demo.tree import APP, BUILT_AGO_S, write_archive


def write_store(folder: Path, cookie: str, other_cookie: str) -> None:
    """Write the store; the newest archive has another cookie than the hosts, as clean builds do."""
    folder.mkdir()
    names = {
        "0.2.0": f"{APP}_0.2.0.release.tar.gz",
        "0.3.0": f"{APP}_0.3.0.release.tar.gz",
        "0.3.1": f"{APP}-0.3.1.tar.gz",
    }
    for version, name in names.items():
        at = float(int(time.time() - BUILT_AGO_S[version]))
        write_archive(folder / name, version, other_cookie if version == "0.3.1" else cookie, at)
        os.utime(folder / name, (at, at))

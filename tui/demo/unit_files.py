"""What systemd knows of its unit files: as they were when it last read them."""

from __future__ import annotations

from tui.demo.sandbox import Sandbox


class UnitFiles:
    """The times of unit files at the last daemon-reload, beside those on disk."""

    def __init__(self, sandbox: Sandbox, *fragments: str) -> None:
        """`fragments` are paths as the host sees them."""
        self._sandbox = sandbox
        self._known: dict[str, int] = dict.fromkeys(fragments, 0)
        self.reload()

    def changed(self, fragment: str) -> bool:
        """Whether the file on disk is another one than systemd has read."""
        return fragment in self._known and self._known[fragment] != self._time(fragment)

    def reload(self) -> None:
        """Read them anew."""
        self._known = {fragment: self._time(fragment) for fragment in self._known}

    def _time(self, fragment: str) -> int:
        try:
            return self._sandbox.real(fragment).stat().st_mtime_ns
        except OSError:
            return 0

"""One tree of errors, each with a title for the screen and a remedy for the operator."""

from __future__ import annotations


class BeamdeckError(Exception):
    """An error with a title (what happened) and a remedy (what to do about it)."""

    title = "beamdeck could not go on"
    remedy = ""

    def __init__(self, detail: str, *, remedy: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        if remedy is not None:
            self.remedy = remedy


class ConfigError(BeamdeckError):
    """The configuration is wrong; the detail names file, key and line where known."""

    title = "The configuration cannot be used"


class NameRefused(BeamdeckError):
    """A name (host, unit, release version) is outside its allowlist; nothing was connected."""

    title = "The name is not allowed"
    remedy = "Names take letters, digits and a few signs; see README, Configuration."


class ChangeRefused(BeamdeckError):
    """A changing command met a locked session; nothing was sent."""

    title = "The session is locked"
    remedy = "Unlock the environment with u and a reason, then ask again."


class NotConnected(BeamdeckError):
    """There is no link to the host now; nothing was sent."""

    title = "The host is not connected"


class RecordUnwritable(BeamdeckError):
    """The operation log or the audit cannot be written; no change may start."""

    title = "Nothing can be written down"
    remedy = "Free space or mend the rights of beamdeck's state folder; viewing goes on meanwhile."

"""Which algorithms are offered, in which order: asyncssh's own choice, only put in order.

None is dropped and the key exchange is left alone, so post-quantum exchange stays first.
"""

from __future__ import annotations

import functools
import platform
from pathlib import Path

from tui.ssh.trust import Known


@functools.cache
def has_aes() -> bool:
    """Whether this machine's processor has AES instructions, as far as it can be told."""
    if platform.system() != "Linux":
        return platform.machine().lower() in ("x86_64", "amd64", "arm64", "aarch64")
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return any(
        "aes" in line.partition(":")[2].split()
        for line in text.splitlines()
        if line.lower().startswith(("flags", "features"))
    )


def encryption_order(defaults: list[str], aes: bool) -> list[str]:
    """AES-GCM first on a processor with AES instructions (two thirds of chacha20's CPU), with
    128 bits before 256, as OpenSSH has them."""
    if not aes:
        return list(defaults)
    return sorted(defaults, key=lambda name: ("-gcm" not in name, "aes256-gcm" in name))


def host_key_order(plain: list[str], certified: list[str], known: Known) -> list[str]:
    """Host key algorithms: those of keys that are known first, then all others.

    All are offered even for a known host, so that a server which now has only another type is
    seen to have changed its key, with its fingerprint. Certificates are asked for only where an
    authority is known, since one of an unknown authority would hide the plain key.
    """
    ours = {name.decode("ascii") for key in known.trusted for name in key.sig_algorithms}
    ordered = sorted(plain, key=lambda name: name not in ours)
    return [*certified, *ordered] if known.authorities else ordered

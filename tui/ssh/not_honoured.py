"""What is security-relevant in ssh_config and not honoured here, in words that name it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

DEFAULT_KNOWN_HOSTS = "~/.ssh/known_hosts"

Directives = Mapping[str, Sequence[str]]
"""Lower-case directive to its values, one per line of `ssh -G`."""

_ALWAYS_CHECKED = "host keys are checked all the same"

_NOT_HONOURED: tuple[tuple[str, frozenset[str], str], ...] = (
    ("stricthostkeychecking", frozenset({"no", "off", "false"}), _ALWAYS_CHECKED),
    ("stricthostkeychecking", frozenset({"accept-new"}), "an unknown key is asked about"),
    ("nohostauthenticationforlocalhost", frozenset({"yes", "true"}), _ALWAYS_CHECKED),
    ("verifyhostkeydns", frozenset({"yes", "ask", "true"}), "keys in DNS are not asked for"),
    ("hostbasedauthentication", frozenset({"yes", "true"}), "keys and agents are used"),
    ("forwardagent", frozenset({"yes", "true"}), "the agent is never forwarded"),
    ("permitlocalcommand", frozenset({"yes", "true"}), "no local command is run"),
)
_NAMED_FILES = {
    "revokedhostkeys": "keys revoked there are NOT refused; use @revoked lines in known_hosts",
    "knownhostscommand": "its keys are not known here",
    "pkcs11provider": "use the agent for its keys",
    "localcommand": "no local command is run",
    "remotecommand": "it is not run",
}


_ALGORITHMS = (
    "ciphers",
    "macs",
    "kexalgorithms",
    "hostkeyalgorithms",
    "pubkeyacceptedalgorithms",
    "casignaturealgorithms",
    "requiredrsasize",
)


def narrowed(found: Directives, defaults: Directives) -> tuple[str, ...]:
    """A warning if ssh_config narrows algorithms: `defaults` is what OpenSSH says without it."""
    changed = [n for n in _ALGORITHMS if n in found and found[n] != defaults.get(n, found[n])]
    if not changed:
        return ()
    return (f"{', '.join(changed)} are not honoured: beamdeck offers its own algorithms",)


def warnings_of(found: Directives) -> tuple[str, ...]:
    """What is security-relevant in ssh_config and not honoured, a sentence each."""
    said = []
    for directive, values, meaning in _NOT_HONOURED:
        value = (found.get(directive) or [""])[0].lower()
        if value in values:
            said.append(f"{directive} {value} is not honoured: {meaning}")
    for directive, meaning in _NAMED_FILES.items():
        value = (found.get(directive) or ["none"])[0]
        if value.lower() not in ("none", ""):
            said.append(f"{directive} is not honoured: {meaning}")
    for value in found.get("userknownhostsfile", ()):
        words = value.lower().split()
        if words and all(w in ("none", os.devnull) for w in words):
            said.append(
                f"userknownhostsfile {words[0]} is not honoured: {DEFAULT_KNOWN_HOSTS} is used, "
                f"{_ALWAYS_CHECKED}"
            )
    return tuple(said)

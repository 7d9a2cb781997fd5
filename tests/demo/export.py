"""A reader of `journalctl -o export`, of our own: the tests must not share beamdeck's."""

from __future__ import annotations

from pathlib import Path

TRANSCRIPTS = Path(__file__).parents[1] / "transcripts"


def parse_export(data: bytes) -> list[dict[str, bytes]]:
    """Entries as fields; of a repeated field the last."""
    entries: list[dict[str, bytes]] = []
    entry: dict[str, bytes] = {}
    at = 0
    while at < len(data):
        end = data.index(b"\n", at)
        line, at = data[at:end], end + 1
        if not line:
            entries.append(entry)
            entry = {}
        elif b"=" in line:
            name, _, value = line.partition(b"=")
            entry[name.decode()] = value
        else:
            size = int.from_bytes(data[at : at + 8], "little")
            entry[line.decode()] = data[at + 8 : at + 8 + size]
            at += 8 + size + 1
    return entries if not entry else [*entries, entry]


def transcript(name: str) -> list[dict[str, bytes]]:
    """The entries of a recorded journal."""
    return parse_export((TRANSCRIPTS / f"journal_{name}.export").read_bytes())

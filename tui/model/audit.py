"""Audit records and the chain of hashes that ties records to the ones before them. Pure.

A line is canonical JSON of its record and of `hash`, SHA-256 over the previous hash and the
record. A chain shows every changed, lost, added or moved line but the last ones cut off.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tui.model.plan import canonical_json

GENESIS = "0" * 64
SCHEMA = 1


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """What happened, as the caller knows it; who, when and where from is added by the log.

    `event` is plan, confirm, break-glass, begin, end, unknown, resolved, refused, left, lock,
    unlock, console, console-line or console-end.
    `before` and `after` are facts read from the host (InvocationID, main PID, boot id, …);
    `exit_status` is a number or `unknown`, empty where nothing ran. `oldest` and `ticked` are what
    was typed and ticked of what goes; `break_glass` is why `policy` was broken all the same.
    """

    event: str
    environment: str = ""
    app: str = ""
    op: str = ""
    plan_hash: str = ""
    step: int | None = None
    host: str = ""
    host_key: str = ""
    ssh_user: str = ""
    unit: str = ""
    command: str = ""
    command_sha256: str = ""
    before: tuple[tuple[str, str], ...] = ()
    after: tuple[tuple[str, str], ...] = ()
    exit_status: str = ""
    stdout_sha256: str = ""
    stderr_sha256: str = ""
    shown: str = ""
    typed: str = ""
    oldest: str = ""
    ticked: str = ""
    reason: str = ""
    policy: str = ""
    break_glass: str = ""
    detail: str = ""

    def body(self) -> dict[str, object]:
        """The record as JSON values; what is empty is left out."""
        values: dict[str, object] = {}
        for name in self.__slots__:
            value = getattr(self, name)
            if isinstance(value, tuple):
                value = dict(value)
            if value not in ("", {}, None):
                values[name] = value
        return values


def chained(body: Mapping[str, object], seq: int, prev_hash: str) -> tuple[bytes, str]:
    """The line of record number `seq` (from 1), newline included, and its hash (hex)."""
    record = {**body, "schema": SCHEMA, "seq": seq, "prev_hash": prev_hash}
    digest = _digest(record, prev_hash)
    return canonical_json({**record, "hash": digest}) + b"\n", digest


def _digest(record: Mapping[str, object], prev_hash: str) -> str:
    return hashlib.sha256(prev_hash.encode() + canonical_json(record)).hexdigest()


def parse_line(line: bytes) -> dict[str, object]:
    """The record of one line (no newline), its own hash checked; ValueError says what is wrong."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("this is not JSON") from None
    if not isinstance(record, dict) or not isinstance(record.get("hash"), str):
        raise ValueError("this is not a record")
    if canonical_json(record) != line:
        # Blanks, other escapes or a doubled key: the same values, but not the bytes written.
        raise ValueError("its bytes are not those that were written")
    said = record.pop("hash")
    if _digest(record, str(record.get("prev_hash"))) != said:
        raise ValueError("its content does not fit its hash")
    return {**record, "hash": said}


def check_chain(lines: Iterable[bytes]) -> str:
    """What is first wrong with the lines (newlines included), as `line 3: …`; empty: whole."""
    seq, prev_hash = 0, GENESIS
    for number, line in enumerate(lines, start=1):
        if not line.endswith(b"\n"):
            return f"line {number}: it was never written to its end"
        try:
            record = parse_line(line[:-1])
        except ValueError as error:
            return f"line {number}: {error}"
        if record.get("seq") != seq + 1 or record.get("prev_hash") != prev_hash:
            return f"line {number}: it does not follow the line before it"
        seq, prev_hash = seq + 1, str(record["hash"])
    return ""

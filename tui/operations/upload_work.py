"""The upload of an archive as a step: resumed where an earlier try ended, judged by its hash."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

from tui.commands.answer import Said, first
from tui.commands.preflight import free_bytes
from tui.commands.upload import (
    drop_part,
    finish_upload,
    look_at_upload,
    part_path,
    prepare_upload,
)
from tui.model.command import Ended, Outcome
from tui.model.fleet import App
from tui.model.gate import Grant
from tui.model.plan import Facts, Step, StepState
from tui.model.words import size
from tui.operations.held import now
from tui.operations.look_work import Looks, LookWork, ask, said_on
from tui.operations.ports import Session
from tui.operations.steps import Finding, Say


class UploadWork(LookWork):
    """Sends the archive into the SSH user's own folder; the file has its name once it is whole."""

    def __init__(self, step: Step, session: Session, facts: Facts, app: App) -> None:
        self._app = app
        self._version = step.param("version")
        self._local = Path(step.param("archive"))
        self._size = int(step.param("size"))
        self._sha256 = step.param("sha256")
        self._line = ""
        looks = Looks(
            lambda step: look_at_upload(app, step.param("version")), self._refusal, self._truth
        )
        super().__init__(step, session, facts, looks)

    def _refusal(self, step: Step, said: Said, facts: Facts) -> str:
        if not self._local.is_file():
            return f"{self._local} is gone"
        if self._local.stat().st_size != self._size:
            return f"{self._local} is not the file that was planned with"
        free = free_bytes(first(said, "space"))
        part = int((first(said, "part") or "0").split()[0])
        if first(said, "whole") != self._sha256 and free is not None:
            need = self._size - part
            if free < need:
                return f"only {size(free)} are free for the upload, {size(need)} are needed"
        return ""

    async def progress(self) -> str:
        """Share, rate and what is left."""
        return self._line

    async def act(self, grant: Grant, say: Say) -> Outcome:
        """Prepare the folder, send what is missing, compare on the host, give it its name."""
        local = await asyncio.to_thread(_sha256, self._local, None)
        if local != self._sha256:
            said = b"the archive on this machine has changed since the plan was made"
            return Outcome(Ended.EXITED, 1, stderr=said)
        prepared = await self.session.run(prepare_upload(self._app), grant)
        if not prepared.ok:
            return prepared
        looked, problem = await ask(self.session, look_at_upload(self._app, self._version))
        if problem:
            return Outcome(Ended.EXITED, 1, stderr=problem.encode())
        if first(looked, "whole") == self._sha256:
            return Outcome(Ended.EXITED, 0)
        offset = await self._offset(first(looked, "part"))
        if offset == 0 and "part" in looked:
            dropped = await self.session.run(drop_part(self._app, self._version), grant)
            if not dropped.ok:
                return dropped
        sent = await self._send(offset, grant, say)
        if not sent.ok:
            return sent
        finish = finish_upload(self._app, self._version, self._sha256)
        return await self.session.run(finish, grant)

    async def _offset(self, part: str) -> int:
        """Where to go on: behind the part that is there, if it is the beginning of this file."""
        count, _, digest = part.partition(" ")
        if not count.isdigit() or not 0 < int(count) <= self._size:
            return 0
        mine = await asyncio.to_thread(_sha256, self._local, int(count))
        return int(count) if mine == digest else 0

    async def _send(self, offset: int, grant: Grant, say: Say) -> Outcome:
        began = now()

        def progress(count: int) -> None:
            rate = (count - offset) / max(0.001, now() - began)
            left = (self._size - count) / rate if rate else 0.0
            bar = "█" * (count * 20 // max(1, self._size))
            self._line = (
                f"{bar:░<20} {count * 100 // max(1, self._size)}% of {size(self._size)}, "
                f"{size(rate)}/s, {left:.0f} s left"
            )

        if offset:
            say(StepState.RUNNING, f"going on behind {size(offset)} of an earlier try")
        remote = part_path(self._app, self._version)
        return await self.session.upload(self._local, remote, offset, progress, grant)

    def _truth(self, step: Step, said: Said, outcome: Outcome | None) -> Finding | None:
        if first(said, "whole") == self._sha256:
            return Finding(StepState.DONE, f"{size(self._size)}, checksum compared on the host")
        part = (first(said, "part") or "0").split()[0]
        free = free_bytes(first(said, "space"))
        why = said_on(outcome) if outcome is None or outcome.known else str(outcome.ended)
        why = why or "it was not sent to its end"
        if free is not None and free < 1024 * 1024:
            why = "no space is left on the host"
        kept = f"~/{part_path(self._app, self._version)}"
        rest = f"; {size(int(part))} of it stay in {kept} for the next try" if part != "0" else ""
        return Finding(StepState.FAILED, f"{why}{rest}")


def _sha256(path: Path, count: int | None) -> str:
    """SHA-256, hex, of the file or of its first `count` bytes."""
    sha, left = hashlib.sha256(), count
    with path.open("rb") as file:
        while left is None or left > 0:
            piece = file.read(1024 * 1024 if left is None else min(1024 * 1024, left))
            if not piece:
                break
            sha.update(piece)
            left = None if left is None else left - len(piece)
    return sha.hexdigest()

"""Build a release by the app's own command, on this machine; its archive then is in the store."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import signal

from tui.model.command import Ended, Outcome
from tui.model.gate import Grant
from tui.model.plan import Facts, Plan, PlanRefused, Step, StepState, Tier, Verdict, VerdictKind
from tui.model.redact import from_host
from tui.model.release_store import StoredArchive
from tui.model.words import size
from tui.operations.context import PlanContext
from tui.operations.held import now
from tui.operations.here import HERE
from tui.operations.ports import Session
from tui.operations.release_store import StoreUnreadable, list_store
from tui.operations.steps import Finding, Ready, Say, StepKind, StepWork

KIND = "build"
LIMIT_S = 3600.0
_KEPT_BYTES = 64 * 1024
_ENDING_S = 5.0


async def build(context: PlanContext, params: Facts) -> Plan:
    """The plan to run the app's build command; PlanRefused says what the config lacks."""
    app, environment = context.app, context.environment
    words = shlex.split(app.build or "")
    if not words:
        raise PlanRefused(f"the config names no build command of {app.name}")
    if not app.build_in:
        raise PlanRefused("the config names no folder to build in (build_in)")
    folder = _folder(app.build_in)
    if not app.release_store:
        raise PlanRefused("the config names no release store: what is built would not be found")
    step = Step(
        kind=KIND,
        host=HERE,
        what=f"{shlex.join(words)}   (in {folder})",
        why="it runs here, with nothing on its stdin and without VERSION; its output is followed",
        command=None,
        precondition=f"{folder} is there, and the store can be listed",
        verification="the command ends with 0 and the store holds a new archive",
        undo="remove the archive from the store",
        limit_s=LIMIT_S,
        params=(("words", shlex.join(words)), ("folder", folder)),
    )
    return Plan(
        kind=KIND,
        title=f"build {app.name} on {HERE}",
        environment=environment.name,
        production=environment.production,
        app=app.name,
        tier=Tier.PRODUCTION if environment.production else Tier.REVERSIBLE,
        steps=(step,),
        facts=(("store", app.release_store),),
        verdicts=_verdicts(words),
        undo="remove the archive from the store; no host is changed",
    )


def _folder(given: str) -> str:
    return os.path.expanduser(given)


def _verdicts(words: list[str]) -> tuple[Verdict, ...]:
    if "edeliver" not in " ".join(words):
        return ()
    found = [
        Verdict(
            VerdictKind.WARN,
            "edeliver",
            "it force-pushes to the build host and cleans its folder there; commits that were "
            "never pushed are built too",
        )
    ]
    if not {"-P", "--plain"}.intersection(words):
        told = "without -P it asks the terminal for colours; there is none"
        found.append(Verdict(VerdictKind.WARN, "edeliver", told))
    return tuple(found)


def kinds(context: PlanContext) -> dict[str, StepKind]:
    """How a build step is carried out."""

    def work(step: Step, _session: Session, _facts: Facts) -> StepWork:
        return BuildWork(step, context)

    return {KIND: work}


class BuildWork:
    """One run of a build command; what came of it is read from the store."""

    def __init__(self, step: Step, context: PlanContext) -> None:
        self._step = step
        self._context = context
        self._line = ""

    async def judge(self) -> Ready:
        """The folder is there; what the store holds before is written down."""
        folder = self._step.param("folder")
        if not await asyncio.to_thread(os.path.isdir, folder):
            return Ready(refused=f"{folder} is not there")
        try:
            known = await self._stored()
        except StoreUnreadable as error:
            return Ready(refused=f"the store cannot be listed: {error.detail}")
        return Ready((("known", " ".join(_mark(archive) for archive in known)),))

    async def progress(self) -> str:
        """The last line of the command's output."""
        return self._line

    async def act(self, grant: Grant, say: Say) -> Outcome:
        """Run the command to its end; past its limit, or if this is given up, it is ended."""
        began = now()
        environment = {k: v for k, v in os.environ.items() if k != "VERSION"}
        try:
            child = await asyncio.create_subprocess_exec(
                *shlex.split(self._step.param("words")),
                cwd=self._step.param("folder"),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            return Outcome(Ended.EXITED, 127, stderr=str(error).encode())
        said = bytearray()
        try:
            async with asyncio.timeout(self._step.limit_s):
                await self._follow(child, said)
                status = await child.wait()
        except TimeoutError:
            await _end(child)
            return Outcome(Ended.TIMED_OUT, None, stderr=bytes(said), duration_s=now() - began)
        except BaseException:
            await _end(child)
            raise
        return Outcome(Ended.EXITED, status, stderr=bytes(said), duration_s=now() - began)

    async def _follow(self, child: asyncio.subprocess.Process, said: bytearray) -> None:
        while child.stdout is not None and (block := await child.stdout.read(16 * 1024)):
            said += block
            del said[:-_KEPT_BYTES]
            lines = bytes(said[-4096:]).strip().splitlines()
            self._line = str(from_host(lines[-1], limit=200)) if lines else ""

    async def find_out(self, before: Facts, outcome: Outcome | None, say: Say) -> Finding:
        """Done if the store holds an archive that was not there before, and the command says so."""
        try:
            stored = await self._stored()
        except StoreUnreadable as error:
            detail = f"the store cannot be listed: {error.detail}"
            return Finding(StepState.UNKNOWN, detail, open=True)
        known = set(dict(before).get("known", "").split())
        new = [archive for archive in stored if _mark(archive) not in known]
        what = ", ".join(f"{a.version} ({a.path}, {size(a.size_bytes)})" for a in new)
        facts = tuple(("built", archive.version) for archive in new)
        if outcome is None:
            told = f"this console did not see its end; {f'new is {what}' if what else 'no archive'}"
            state = StepState.DONE if new else StepState.FAILED
            return Finding(state, told, warning=bool(new), facts=facts)
        if outcome.ok and new:
            return Finding(StepState.DONE, f"built {what}", facts=facts)
        lines = from_host(outcome.stderr, limit=4000).strip().splitlines()[-3:]
        end = "it ended well" if outcome.ok else f"exit status {outcome.exit_status}"
        end = end if outcome.known else str(outcome.ended)
        there = f"new in the store is {what}" if what else "no new archive is in the store"
        return Finding(StepState.FAILED, "; ".join([end, there, *lines]), facts=facts)

    async def _stored(self) -> tuple[StoredArchive, ...]:
        return await list_store(self._context.app, self._context)


def _mark(archive: StoredArchive) -> str:
    """An archive as it is now: one that is built again counts as new."""
    name = archive.path.rpartition("/")[2]
    return f"{name}@{archive.mtime:.6f}@{archive.size_bytes}"


async def _end(child: asyncio.subprocess.Process) -> None:
    """End the command and what it started: they have a session of their own."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, number)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_ENDING_S):
                await child.wait()
                return

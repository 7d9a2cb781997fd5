"""How the steps of a deploy are judged: handed over, unpacked, installed, switched."""

from __future__ import annotations

from tui.commands.answer import Said, first
from tui.commands.install import look_at_installed, look_at_staged
from tui.commands.preflight import free_bytes
from tui.commands.switch import look_at_switch
from tui.commands.upload import look_at_incoming
from tui.model.command import Outcome
from tui.model.fleet import App
from tui.model.plan import Facts, Step, StepState
from tui.operations.context import PlanContext
from tui.operations.look_work import Looks, LookWork, said_on
from tui.operations.ports import Session
from tui.operations.steps import Finding, StepKind, StepWork
from tui.operations.upload_work import UploadWork

UPLOAD, HAND_OVER, UNPACK = "upload", "hand_over", "unpack"
INSTALL, SWITCH = "install", "switch"
_LITTLE = 1024 * 1024


def kinds(context: PlanContext) -> dict[str, StepKind]:
    """How every step that brings a release to a host is carried out."""
    app = context.app

    def upload(step: Step, session: Session, facts: Facts) -> StepWork:
        return UploadWork(step, session, facts, app)

    def looking(looks: Looks) -> StepKind:
        def work(step: Step, session: Session, facts: Facts) -> StepWork:
            return LookWork(step, session, facts, looks)

        return work

    return {
        UPLOAD: upload,
        HAND_OVER: looking(_hand_over(app)),
        UNPACK: looking(_unpack(app)),
        INSTALL: looking(_install(app)),
        SWITCH: looking(_switch(app)),
    }


def _why(outcome: Outcome | None, said: Said, otherwise: str) -> str:
    free = free_bytes(first(said, "space"))
    if free is not None and free < _LITTLE:
        return "no space is left on the host"
    told = said_on(outcome) or "; ".join(said.get("said", ()))
    return f"{otherwise}: {told}" if told else otherwise


def _hand_over(app: App) -> Looks:
    def refusal(step: Step, said: Said, facts: Facts) -> str:
        return "it is being handed over already" if "working" in said else ""

    def truth(step: Step, said: Said, outcome: Outcome | None) -> Finding | None:
        if first(said, "whole") == step.param("sha256"):
            return Finding(StepState.DONE, "the owner has it, checksum compared again")
        if "working" in said:
            # Its client is gone; what the host itself copies goes on. A part without it is dead.
            return None
        why = _why(outcome, said, "it did not arrive at the app's owner")
        left = "; a part is left in .beamdeck/incoming" if "part" in said else ""
        return Finding(StepState.FAILED, f"{why}{left}")

    return Looks(lambda step: look_at_incoming(app, step.param("version")), refusal, truth)


def _unpack(app: App) -> Looks:
    def refusal(step: Step, said: Said, facts: Facts) -> str:
        if "there" in said:
            return f"releases/{step.param('version')} is there by now"
        return "it is being unpacked already" if "working" in said else ""

    def truth(step: Step, said: Said, outcome: Outcome | None) -> Finding | None:
        if first(said, "staged") == step.param("files"):
            return Finding(StepState.DONE, f"{step.param('files')} files in the staging folder")
        if "working" in said:
            return None
        why = _why(outcome, said, "it could not be unpacked")
        partial = first(said, "partial")
        left = f"; what is left of it lies in {partial}" if partial else "; nothing of it is left"
        return Finding(StepState.FAILED, f"{why}{left}")

    return Looks(lambda step: look_at_staged(app, step.param("version")), refusal, truth)


def _install(app: App) -> Looks:
    def look_words(step: Step) -> tuple[str, str, tuple[str, ...]]:
        return step.param("version"), step.param("erts"), tuple(step.param("folders").split())

    def refusal(step: Step, said: Said, facts: Facts) -> str:
        if "there" in said:
            return f"releases/{step.param('version')} is there by now"
        if "working" in said:
            return "it is being moved into its place already"
        return "" if "staged" in said else "what was unpacked is gone"

    def truth(step: Step, said: Said, outcome: Outcome | None) -> Finding | None:
        missing = said.get("missing", ())
        if "there" in said and not missing:
            boots = first(said, "boots")
            told = f"; the next start still boots {boots}" if boots else ""
            return Finding(StepState.DONE, f"in its place, whole{told}")
        if "working" in said:
            return None
        if outcome is None or not outcome.known:
            # Not at work: it died in between, or it never began.
            note = "it did not come to its end"
        else:
            note = _why(outcome, said, "it could not be moved into its place")
        lacks = f"; missing: {', '.join(missing[:5])}" if missing else ""
        return Finding(StepState.FAILED, f"{note}{lacks}; what boots is untouched")

    return Looks(lambda step: look_at_installed(app, *look_words(step)), refusal, truth)


def _switch(app: App) -> Looks:
    def refusal(step: Step, said: Said, facts: Facts) -> str:
        if "missing" in said:
            return f"{first(said, 'missing')} is missing"
        # Distillery 2.1 boots what var's file names (facts.md section 2); beside a mix release it
        # is only a leftover. Which of them counts was judged when the plan was made.
        named = {first(said, key) for key in ("boots", "var") if first(said, key)} or {""}
        if not named & {step.param("previous"), step.param("version")}:
            boots = _named(said) or "nothing boots"
            return f"{boots} by now, not what was shown"
        return ""

    def truth(step: Step, said: Said, outcome: Outcome | None) -> Finding | None:
        version, boots, var = step.param("version"), first(said, "boots"), first(said, "var")
        if boots == version and var in ("", version):
            return Finding(StepState.DONE, f"the next start boots {version}")
        why = said_on(outcome)
        told = f" ({why})" if why else ""
        left = "".join(f"; {path} is left" for path in said.get("left", ()))
        return Finding(StepState.FAILED, f"{_named(said) or 'nothing boots'}{told}{left}")

    return Looks(lambda step: look_at_switch(app, step.param("version")), refusal, truth)


def _named(said: Said) -> str:
    """What the files that decide on the next start name; empty if there is none."""
    files = (("releases/start_erl.data", "boots"), ("var/start_erl.data", "var"))
    return ", ".join(f"{file} names {first(said, key)}" for file, key in files if first(said, key))

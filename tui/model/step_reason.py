"""Why a step stands in its plan, and what to do if it goes wrong, by its kind. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from tui.model.plan import Plan, Step

WRONG: Mapping[str, str] = {
    "lock": "Nothing was changed yet. Whoever holds it is named: wait for them; a lock that was "
    "left over is cleared by a plan of its own (beamdeck plan unlock).",
    "unlock": "Only the lock stays, and keeps other plans out: clear it by a plan of its own "
    "(beamdeck plan unlock). What was done before is done.",
    "clear_lock": "The lock stays as it was. Look at the host: whoever holds it may be at work.",
    "restart": "It is looked at until its limits are over, and never sent again. v reads it again; "
    "the journal (3) says why it does not come up; B opens the way back of this host. The hosts "
    "after it have not been touched.",
    "start": "It is down as it was before. The journal (3) says why it does not come up; "
    "v reads it again.",
    "stop": "systemd goes on stopping it by its own limits. v reads it again; a plan to start "
    "it brings it back. The hosts after it have not been touched.",
    "daemon_reload": "systemd uses the unit file that it had; the app was not touched. Mend the "
    "file (systemd-analyze verify) and ask for the plan again.",
    "task": "What it did until then is the app's own, and it is not run again. Its output is "
    "below; v reads it again, in case it is still at work.",
    "migrate_down": "What was undone before it stays undone, and the migrations (4) show what is "
    "applied. A migration in a transaction leaves nothing half done. v reads the status again; "
    "the way back is to apply what was undone, M there.",
    "migrate_up": "What was applied before it stays applied, and the migrations (4) show what is. "
    "A migration in a transaction leaves nothing half done. v reads the status again; then mend "
    "what it names and deploy again, or undo what was applied, M there.",
    "upload": "Nothing uses what was sent. Ask for the plan again: the upload goes on where it "
    "broke off.",
    "hand_over": "Nothing uses it yet. Look at the room and the rights on the host, and ask for "
    "the plan again.",
    "unpack": "Nothing uses it yet: it lies beside the release. Look at the room on the host, and "
    "ask for the plan again.",
    "install": "Nothing boots it yet. What was moved stays and is the same next time: ask for the "
    "plan again.",
    "switch": "Users see nothing of it: what runs, runs on until a restart. Place 1 shows what "
    "the host would boot; v reads it again; its undo is a switch back.",
    "build": "No host was touched. Its output is below; mend what it names, and ask for the plan "
    "again.",
    "prune": "What runs and what boots is never removed. What is still there is shown among the "
    "releases (2); ask for the plan again.",
}
"""Kind of step -> what to do if it does not come out well."""


def if_wrong(step: Step) -> str:
    """What to do if the step goes wrong, in a sentence or two."""
    told = WRONG.get(step.kind, "Nothing is sent again. v reads it again, l leaves it as it is.")
    if step.kind == "switch" and step.undo.startswith("none"):
        return told.removesuffix("; its undo is a switch back.") + "."
    return told


def why_of(plan: Plan, step: Step) -> str:
    """Why the step stands where it does in this plan."""
    target = plan.param("version") or dict(plan.facts).get("version", "")
    if step.kind == "migrate_down" and plan.kind == "rollback":
        return (
            f"{target} does not know it and could not undo it. Now {step.param('release')} is "
            f"there, which has its file. {step.why}"
        )
    if step.kind == "migrate_down":
        return f"It was named to be undone; it goes before any older one. {step.why}"
    if step.kind == "migrate_up" and plan.kind == "deploy":
        return f"{target} brings it and expects it to be applied. {step.why}"
    if step.kind == "migrate_up":
        return f"It is pending, and comes before any newer one. {step.why}"
    if step.kind == "restart" and plan.kind in ("deploy", "rollback"):
        return f"Only a start brings {target} up on {step.host}. {step.why}"
    if step.kind in ("upload", "hand_over", "unpack", "install"):
        return (
            f"{target} is not on {step.host} yet, and nothing uses it before it boots. {step.why}"
        )
    return step.why

"""An install that is at work on the host is waited for, and not begun a second time."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.operations.demo_bench import LIMITS
from tui.commands.answer import parse_said
from tui.commands.install import look_at_installed
from tui.model.command import Command
from tui.model.fleet import App, Environment
from tui.model.plan import Step, StepState
from tui.operations.context import PlanContext
from tui.operations.deploy_works import INSTALL, kinds
from tui.operations.here import Here
from tui.operations.look_work import LookWork

STEP = Step(
    kind=INSTALL,
    host="web1",
    what="install 0.3.0",
    why="",
    command=Command(("true",)),
    precondition="",
    verification="",
    undo="",
    limit_s=60.0,
    params=(("version", "0.3.0"), ("erts", ""), ("folders", "lib/billing-0.3.0")),
)


def looked(app: App) -> dict[str, tuple[str, ...]]:
    command = look_at_installed(app, "0.3.0", "", ("lib/billing-0.3.0",))
    # The text that the owner's shell gets: whoever runs the tests may be root, who owns nothing.
    _root, _owner, inner, *words = map(str, command.argv)
    argv = ["/bin/sh", "-c", inner, "beamdeck", *words]
    done = subprocess.run(argv, capture_output=True, check=True)
    return dict(parse_said(done.stdout))


def test_it_is_told_by_its_process_and_waited_for(tmp_path: Path) -> None:
    app = App("billing", deliver_to=str(tmp_path))
    staging = tmp_path / ".beamdeck/staging"
    (staging / "0.3.0").mkdir(parents=True)
    environment = Environment("staging", apps=(app,))

    async def nobody(_host: str) -> None:
        return None

    context = PlanContext(environment, app, {}, nobody, LIMITS, lambda: 0.0)
    work = kinds(context)[INSTALL](STEP, Here(), ())
    assert isinstance(work, LookWork)
    judge, truth = work._looks.refusal, work._looks.truth
    idle = looked(app)
    assert "working" not in idle
    assert judge(STEP, idle, ()) == ""
    gone = truth(STEP, idle, None)
    assert gone is not None
    assert gone.state is StepState.FAILED
    (staging / "0.3.0.pid").write_text(f"{os.getpid()}\n")
    busy = looked(app)
    assert judge(STEP, busy, ()) == "it is being moved into its place already"
    assert truth(STEP, busy, None) is None
    with subprocess.Popen(["/bin/true"]) as ended:
        ended.wait()
    (staging / "0.3.0.pid").write_text(f"{ended.pid}\n")
    assert "working" not in looked(app), "a process id of one that is gone says nothing"

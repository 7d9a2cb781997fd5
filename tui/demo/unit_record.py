"""A unit's record: its state with its times, and what systemd writes into the journal about it."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from tui.demo.unit_model import Settings, State, Value, World

if TYPE_CHECKING:
    from tui.demo.unit import Unit

STARTING = "7d4958e842da4a758f6c1cdc7b36dcc5"
STARTED = "39f53479d3a045ac8e11786248231fbf"
START_FAILED = "be02cf6855d2428ba40df7e9d022f03d"
STOPPING = "de5b426a63be47a7b6ac3eaac82e2f6f"
STOPPED = "9d1aaa27d60140bd96365438aad20286"
RESTARTING = "5eb03494b6584870a536b337290809b3"
_EXITED = "98e322203f7a4ed290d09fe03c09fe15"
_FAILED = "d9b373ed55a64feb8242e02dbe79a49c"
_SUCCESS = "7ad2d189f7e94e70a38c781354912448"
# What systemd takes for a clean end beside exit status 0.
_CLEAN = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGPIPE)
_EXIT_WORDS = {
    1: "FAILURE",
    2: "INVALIDARGUMENT",
    3: "NOTIMPLEMENTED",
    4: "NOPERMISSION",
    5: "NOTINSTALLED",
    6: "NOTCONFIGURED",
    7: "NOTRUNNING",
    203: "EXEC",
}


class UnitRecord:
    """State and messages of one unit; the life itself is in unit.py."""

    def __init__(self, settings: Settings, world: World) -> None:
        self.settings = settings
        self.state = State()
        self.ended: Callable[[], None] = lambda: None
        self._world = world

    @property
    def name(self) -> str:
        """The unit's full name."""
        return self.settings.name

    @property
    def title(self) -> str:
        """The unit as systemd's messages call it."""
        return f"{self.name} - {self.settings.description}"

    @property
    def timeout_stop_s(self) -> float:
        """TimeoutStopSec=."""
        given = self.settings.timeout_stop_s
        return self._world.timing.timeout_stop_s if given is None else given

    @property
    def restart_s(self) -> float:
        """RestartSec=."""
        given = self.settings.restart_s
        return self._world.timing.restart_s if given is None else given

    def put(self, **changes: object) -> None:
        """Change the state."""
        self.state = replace(self.state, **changes)  # type: ignore[arg-type]  # names of State

    def stamp(self) -> tuple[int, int]:
        """Now: µs since the epoch, µs monotonic."""
        return self._world.clock.now_us(), self._world.clock.monotonic_us()

    def enter(self, active: str, sub: str) -> None:
        """Go over into another state, and note when."""
        before = self.state.active
        stamp = self.stamp()
        self.put(active=active, sub=sub, changed=stamp)
        was_down, is_down = before in ("inactive", "failed"), active in ("inactive", "failed")
        if was_down and not is_down:
            self.put(inactive_exit=stamp)
        if is_down and not was_down:
            self.put(inactive_enter=stamp)
        if active == "active" and before != "active":
            self.put(active_enter=stamp)
        if before == "active" and active != "active":
            self.put(active_exit=stamp)

    def says(self, priority: int, text: str, extra: Mapping[str, Value] | None = None) -> None:
        """A message about the unit, its name in front."""
        self._world.unit_says(cast("Unit", self), priority, f"{self.name}: {text}", extra or {})

    def says_begin(self, verb: str, message_id: str, kind: str) -> None:
        """A message about a job's begin: Starting, Stopping."""
        extra = {"JOB_TYPE": kind, "MESSAGE_ID": message_id}
        self._world.unit_says(cast("Unit", self), 6, f"{verb} {self.title}...", extra)

    def says_job(self, verb: str, message_id: str, kind: str, result: str) -> None:
        """A message about a job's end: Started, Stopped."""
        extra = {"JOB_TYPE": kind, "JOB_RESULT": result, "MESSAGE_ID": message_id}
        self._world.unit_says(cast("Unit", self), 6, f"{verb} {self.title}.", extra)

    def note_exit(self, code: int) -> bool:
        """Take down how the main process ended and log an unclean end; whether it was clean."""
        killed = code < 0
        status = -code if killed else code
        self.put(
            main_pid=0,
            exec_code=2 if killed else 1,
            exec_status=status,
            exec_exit=self.stamp(),
        )
        if code == 0 or (killed and status in _CLEAN):
            return True
        kind = "killed" if killed else "exited"
        word = signal.Signals(status).name[3:] if killed else _EXIT_WORDS.get(status, "n/a")
        self.says(
            4 if killed else 5,
            f"Main process exited, code={kind}, status={status}/{word}",
            {"MESSAGE_ID": _EXITED, "EXIT_CODE": kind, "EXIT_STATUS": status},
        )
        return False

    def die(self, result: str, *, again: bool = False) -> None:
        """The end of a run: what it came to, and the state after it; `again` if it is restarted."""
        self.put(result=result, main_pid=0)
        if result == "success":
            self.says(6, "Deactivated successfully.", {"MESSAGE_ID": _SUCCESS})
        else:
            extra = {"MESSAGE_ID": _FAILED, "UNIT_RESULT": result}
            self.says(4, f"Failed with result '{result}'.", extra)
        if not again:
            self.enter(
                "inactive" if result == "success" else "failed",
                "dead" if result == "success" else "failed",
            )
            self.ended()

"""`systemctl show`: a unit's properties in systemd's own order and forms. Pure."""

from __future__ import annotations

from tui.demo import moments
from tui.demo.timing import Timing
from tui.demo.unit_model import Job, Settings, State

EMPTY_LISTS = frozenset({"ExecStart", "ExecStop", "EnvironmentFiles"})
"""Properties of which nothing at all is printed when they have no item."""

_NOT_SET = "[not set]"
_TIMES = {
    "ExecMainStartTimestamp": "exec_start",
    "ExecMainExitTimestamp": "exec_exit",
    "StateChangeTimestamp": "changed",
    "InactiveExitTimestamp": "inactive_exit",
    "ActiveEnterTimestamp": "active_enter",
    "ActiveExitTimestamp": "active_exit",
    "InactiveEnterTimestamp": "inactive_enter",
}


def properties(
    settings: Settings | None, name: str, state: State, job: Job | None, timing: Timing, style: str
) -> dict[str, str]:
    """Every property this machine knows, in order; empty values are not printed by show."""
    loaded = settings is not None
    given = settings or Settings(name, name, ())
    stop_s = timing.timeout_stop_s if given.timeout_stop_s is None else given.timeout_stop_s
    restart_s = timing.restart_s if given.restart_s is None else given.restart_s
    times = _times(state, style)
    return {
        **_service(
            given, state, loaded, (moments.span(restart_s if loaded else 0.1), stop_s), timing
        ),
        **{key: times[key] for name in list(_TIMES)[:2] for key in _pair(name)},
        **_execution(given, name, state, loaded),
        **_unit(given, name, state, loaded),
        **{key: times[key] for name in list(_TIMES)[2:] for key in _pair(name)},
        "CanStart": "yes" if loaded else "no",
        "CanStop": "yes" if loaded else "no",
        "Job": str(job.number) if job is not None else "",
        "NeedDaemonReload": "no",
        "StartLimitIntervalUSec": moments.span(timing.limit_interval_s),
        "StartLimitBurst": str(timing.limit_burst),
        "Transient": "yes" if given.transient else "no",
        "InvocationID": state.invocation,
    }


def _service(
    given: Settings, state: State, loaded: bool, spans: tuple[str, float], timing: Timing
) -> dict[str, str]:
    restart, stop_s = spans
    return {
        "Type": given.type if loaded else "",
        "Restart": given.restart if loaded else "no",
        "NotifyAccess": "none",
        "RestartUSec": restart,
        "TimeoutStartUSec": moments.span(timing.timeout_start_s),
        "TimeoutStopUSec": moments.span(stop_s),
        "RemainAfterExit": "yes" if given.remain else "no",
        "MainPID": str(state.main_pid),
        "ControlPID": str(state.control_pid),
        "Result": state.result,
        "UID": _NOT_SET,
        "GID": _NOT_SET,
        "NRestarts": str(state.restarts),
        "OOMPolicy": "stop",
    }


def _execution(given: Settings, name: str, state: State, loaded: bool) -> dict[str, str]:
    return {
        "ExecMainPID": str(state.exec_pid),
        "ExecMainCode": str(state.exec_code),
        "ExecMainStatus": str(state.exec_status),
        "ExecStart": _exec(given.argv, state),
        "ExecStop": _exec(tuple(given.exec_stop.split()), State()) if given.exec_stop else "",
        "Slice": "system.slice" if loaded else "",
        "ControlGroup": f"/system.slice/{name}" if state.main_pid else "",
        "MemoryCurrent": _NOT_SET,
        "CPUUsageNSec": _NOT_SET,
        "TasksCurrent": _NOT_SET,
        "Environment": " ".join(given.environment),
        "WorkingDirectory": given.working_directory,
        "User": given.user,
        "KillMode": "control-group",
        "KillSignal": "15",
    }


def _unit(given: Settings, name: str, state: State, loaded: bool) -> dict[str, str]:
    return {
        "Id": name,
        "Names": name,
        "Description": given.description,
        "LoadState": "loaded" if loaded else "not-found",
        "ActiveState": state.active,
        "FreezerState": "running",
        "SubState": state.sub,
        "FragmentPath": given.fragment,
        "DropInPaths": "",
        "UnitFileState": _file_state(given, loaded),
        "UnitFilePreset": "enabled" if loaded and not given.transient else "",
    }


def _pair(name: str) -> tuple[str, str]:
    return name, f"{name}Monotonic"


def _times(state: State, style: str) -> dict[str, str]:
    shown = {}
    for name, attribute in _TIMES.items():
        realtime, monotonic = getattr(state, attribute)
        shown[name] = moments.stamp(realtime, style)
        shown[f"{name}Monotonic"] = str(monotonic)
    return shown


def _file_state(settings: Settings, loaded: bool) -> str:
    if not loaded:
        return ""
    return "transient" if settings.transient else "enabled"


def _exec(argv: tuple[str, ...], state: State) -> str:
    if not argv:
        return ""
    start = f"[{moments.stamp(state.exec_start[0], 'pretty')}]" if state.exec_start[0] else "[n/a]"
    stop = f"[{moments.stamp(state.exec_exit[0], 'pretty')}]" if state.exec_exit[0] else "[n/a]"
    code = {0: "(null)", 1: "exited", 2: "killed"}[state.exec_code]
    return (
        f"{{ path={argv[0]} ; argv[]={' '.join(argv)} ; ignore_errors=no ; start_time={start} ; "
        f"stop_time={stop} ; pid={state.exec_pid} ; code={code} ; "
        f"status={state.exec_status}/{'0' if not state.exec_code else state.exec_status} }}"
    )

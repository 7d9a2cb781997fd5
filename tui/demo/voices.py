"""Who writes into a host's journal: systemd about units, services on stdout, journald itself."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

from tui.demo.hostclock import HostClock
from tui.demo.journal import Field, Journal, Source, fields_of
from tui.demo.unit import Unit
from tui.demo.unit_model import Value


@dataclass(frozen=True, slots=True)
class Speaker:
    """Whose stdout it is: the journal's identifier and the command line behind it."""

    identifier: str
    argv: tuple[str, ...]


class Voices:
    """The writers of one host, with the fields that journald gives each."""

    def __init__(self, name: str, clock: HostClock, rng: random.Random) -> None:
        self._name = name
        self._clock = clock
        self.journal = _new_journal(name, clock, rng)
        self._systemd = Source(self._systemd_fields(), self.journal.system_file)
        self._stdout: dict[tuple[str, str, int, int], Source] = {}

    def _systemd_fields(self) -> tuple[Field, ...]:
        return fields_of(
            {
                "_HOSTNAME": self._name,
                "SYSLOG_IDENTIFIER": "systemd",
                "SYSLOG_FACILITY": 3,
                "_TRANSPORT": "journal",
                "_PID": 1,
                "_UID": 0,
                "_GID": 0,
                "_COMM": "systemd",
                "_EXE": "/usr/lib/systemd/systemd",
                "_CMDLINE": "/sbin/init",
                "_SYSTEMD_CGROUP": "/init.scope",
                "_SYSTEMD_UNIT": "init.scope",
                "_SYSTEMD_SLICE": "-.slice",
                "_MACHINE_ID": self.journal.machine_id,
                "_RUNTIME_SCOPE": "system",
            }
        )

    def systemd(self, unit: Unit, priority: int, message: str, extra: Mapping[str, Value]) -> None:
        """A message of PID 1 about a unit."""
        values: dict[str, Value] = {"PRIORITY": priority, "UNIT": unit.name, **extra}
        values |= {"MESSAGE": message, "INVOCATION_ID": unit.state.invocation}
        values["_SOURCE_REALTIME_TIMESTAMP"] = self._clock.now_us() - 40
        self.journal.append(self._systemd, fields_of(values))

    def stdout(self, unit: Unit, speaker: Speaker, priority: int = 6) -> Source:
        """The writer that a unit's stdout is, in its present run."""
        state = unit.state
        key = (unit.name, state.invocation, state.exec_pid, priority)
        if key not in self._stdout:
            self._stdout[key] = self._new_stdout(unit, speaker, priority)
        return self._stdout[key]

    def _new_stdout(self, unit: Unit, speaker: Speaker, priority: int) -> Source:
        user = 1001 if unit.settings.user else 0
        values: dict[str, Value] = {
            "_TRANSPORT": "stdout",
            "PRIORITY": priority,
            "SYSLOG_FACILITY": 3,
            "SYSLOG_IDENTIFIER": speaker.identifier,
            "_PID": unit.state.exec_pid,
            "_UID": user,
            "_GID": user,
            "_COMM": speaker.argv[0].rsplit("/", 1)[-1][:15],
            "_EXE": speaker.argv[0],
            "_CMDLINE": " ".join(speaker.argv),
            "_CAP_EFFECTIVE": "0",
            "_SYSTEMD_CGROUP": f"/system.slice/{unit.name}",
            "_SYSTEMD_UNIT": unit.name,
            "_SYSTEMD_SLICE": "system.slice",
            "_SYSTEMD_INVOCATION_ID": unit.state.invocation,
            "_MACHINE_ID": self.journal.machine_id,
            "_HOSTNAME": self._name,
            "_RUNTIME_SCOPE": "system",
            "_STREAM_ID": self.journal.new_id(),
        }
        file = self.journal.user_file if user else self.journal.system_file
        return Source(fields_of(values), file)


def _new_journal(name: str, clock: HostClock, rng: random.Random) -> Journal:
    journal = Journal(clock, rng)
    journal.set_driver(
        fields_of(
            {
                "SYSLOG_IDENTIFIER": "systemd-journald",
                "_TRANSPORT": "driver",
                "PRIORITY": 6,
                "_PID": 18,
                "_UID": 0,
                "_SYSTEMD_UNIT": "systemd-journald.service",
                "_SYSTEMD_INVOCATION_ID": journal.new_id(),
                "_HOSTNAME": name,
            }
        )
    )
    return journal

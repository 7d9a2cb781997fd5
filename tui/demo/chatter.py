"""What the demo's app logs: two lines a second, the odd error, a trace, a colour now and then."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tui.demo.hostclock import Boot

if TYPE_CHECKING:
    from tui.demo.machine import Machine

_PAST_S = 20 * 60
_STEP_S = 0.5
_TRACES = (
    (
        "[error] GenServer Billing.Mailer terminating",
        "** (stop) exited in: GenServer.call(Billing.Smtp, {:deliver, 4711}, 5000)",
        "    ** (EXIT) time out",
        "    (elixir 1.14.0) lib/gen_server.ex:1027: GenServer.call/3",
        "    (billing 0.2.0) lib/billing/mailer.ex:48: Billing.Mailer.handle_info/2",
        "    (stdlib 4.2) gen_server.erl:1123: :gen_server.try_dispatch/4",
        "Last message: {:deliver, 4711}",
    ),
    (
        "[error] #PID<0.2841.0> running Billing.Endpoint (connection #PID<0.2840.0>) terminated",
        "Server: billing.example:80 (http)",
        "Request: POST /v1/invoices",
        "** (exit) an exception was raised:",
        "    ** (DBConnection.ConnectionError) connection not available and request was dropped "
        "from queue after 2990ms",
        "        (ecto_sql 3.11.3) lib/ecto/adapters/sql.ex:1054: "
        "Ecto.Adapters.SQL.raise_sql_call_error/1",
        "        (billing 0.2.0) lib/billing/invoices.ex:112: Billing.Invoices.create/2",
    ),
)


class Lines:
    """The lines of one VM's life, decided by a seed; a request id from 0 on."""

    def __init__(self, rng: random.Random, first: int = 0) -> None:
        self._rng = rng
        self._request = first

    def next(self) -> Iterator[str]:
        """One request, and what goes wrong with it."""
        number = self._request
        self._request += 1
        took = number * 7 % 90
        yield f"[info] request_id={number} GET /v1/users/{number % 17} Sent 200 in {took}ms"
        chance = self._rng.random()
        if chance < 0.012:
            yield f"[error] upstream timed out request_id={number}"
        elif chance < 0.022:
            yield f'\x1b[33m[warning] slow query {1100 + took}ms source="invoices"\x1b[0m'
        elif chance < 0.025:
            yield from self._rng.choice(_TRACES)


class Chatter:
    """The app of one machine, talking."""

    def __init__(self, machine: Machine, seed: str) -> None:
        self._machine = machine
        self._rng = random.Random(f"{seed}:chatter:{machine.name}")  # noqa: S311 - not a secret
        self._task: asyncio.Task[None] | None = None
        self._lines = Lines(self._rng)
        self._vm = 0

    def remember_boot(self) -> None:
        """A boot before this one, with its end: `-b -1` has something to show."""
        machine, clock = self._machine, self._machine.clock
        begun = clock.boot.offset_us - 3600 * 10**6
        with clock.at(begun, Boot(machine.new_id(), begun - 9 * 10**6)):
            machine.unit_says(machine.unit, 6, f"Started {machine.unit.title}.", {})
            for _ in range(40):
                self._say()
            machine.unit_says(machine.unit, 6, f"Stopping {machine.unit.title}...", {})

    def remember(self) -> None:
        """The last minutes of the running app."""
        machine, clock = self._machine, self._machine.clock
        now = clock.now_us()
        begun = max(machine.unit.state.exec_start[0] + 2 * 10**6, now - _PAST_S * 10**6)
        self._lines = Lines(self._rng, first=self._rng.randrange(2000, 4000))
        self._vm = machine.unit.state.main_pid
        with clock.at(begun):
            while clock.now_us() < now - _STEP_S * 10**6:
                self._say()

    def _say(self) -> None:
        for line in self._lines.next():
            self._machine.beam.say(line)
            self._machine.clock.pass_time(0.00004)
        self._machine.clock.pass_time(_STEP_S * self._rng.uniform(0.99, 1.01))

    def start(self) -> None:
        """Talk from now on, whenever the app serves."""
        self._task = asyncio.get_running_loop().create_task(self._talk())

    async def _talk(self) -> None:
        machine = self._machine
        while True:
            await asyncio.sleep(machine.timing.chatter_s)
            if not machine.beam.serving:
                continue
            if machine.unit.state.main_pid != self._vm:
                self._vm = machine.unit.state.main_pid
                self._lines = Lines(self._rng)
            for line in self._lines.next():
                machine.beam.say(line)

    def close(self) -> None:
        """Fall silent."""
        if self._task is not None:
            self._task.cancel()

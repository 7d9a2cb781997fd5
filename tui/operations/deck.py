"""The services of an open environment (`Site`) and of one app in it (`Deck`).

A site holds the links, the gate and the records; the apps of one environment share it, so that
a host has one connection however many apps it runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tui.model.host import HostView, LinkState

if TYPE_CHECKING:
    from tui.model.fleet import App, Config, Environment
    from tui.model.migration_views import MigrationsSeen
    from tui.model.notice import Notice
    from tui.model.pending import Pending
    from tui.operations.audit_log import AuditLog
    from tui.operations.console import ConsoleRun
    from tui.operations.context import PlanContext
    from tui.operations.diagnosis import Diagnosis
    from tui.operations.follow import JournalFeed
    from tui.operations.oplog import OpLog
    from tui.operations.ports import Session
    from tui.operations.snapshot import Board
    from tui.operations.store import JournalStore
    from tui.ssh.fleet import Fleet
    from tui.ssh.gate import Gate


@dataclass(slots=True)
class Site:
    """An open environment: its links, its gate, its records.

    `recordings` is the folder of its consoles' recordings; None: none are made. `spilled` is that
    of the journal's unnamed files; None: it is held in memory.
    """

    config: Config
    environment: Environment
    fleet: Fleet
    gate: Gate
    oplog: OpLog
    audit: AuditLog
    clock: Callable[[], float]
    recordings: Path | None = None
    spilled: Path | None = None
    _started: bool = False

    def start(self) -> None:
        """Begin connecting to every host in the background, once."""
        if not self._started:
            self._started = True
            self.fleet.start()

    async def close(self) -> None:
        """End the links; what runs on the hosts is left alone."""
        await self.fleet.close()


@dataclass(slots=True)
class Deck:
    """One app of an open environment: probes and journal. Started and closed once.

    `migrations` is what a person had read of them last; nothing reads them by itself. `consoles`
    are those that were opened and not closed, live or ended. `left_out` is what plans left
    hosts out of, as of the last `read_left_out`. `asked` are the journal's queries of this run, the
    last one at the end.
    """

    site: Site
    app: App
    sessions: Mapping[str, Session]
    board: Board
    store: JournalStore
    feed: JournalFeed
    diagnosis: Diagnosis
    migrations: MigrationsSeen | None = None
    consoles: list[ConsoleRun] = field(default_factory=list)
    left_out: tuple[Pending, ...] = ()
    asked: list[str] = field(default_factory=list)
    on_failure: Callable[[BaseException], None] = field(default=lambda error: _unhandled(error))
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def key(self) -> str:
        """What tells this deck from others: `environment/app`."""
        return f"{self.environment.name}/{self.app.name}"

    @property
    def config(self) -> Config:
        """The whole configuration."""
        return self.site.config

    @property
    def environment(self) -> Environment:
        """The environment it belongs to."""
        return self.site.environment

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names of the hosts that run the app, in configured order."""
        return tuple(self.sessions)

    @property
    def fleet(self) -> Fleet:
        """The environment's links, this app's hosts and others."""
        return self.site.fleet

    @property
    def gate(self) -> Gate:
        """Who may change, until when."""
        return self.site.gate

    @property
    def oplog(self) -> OpLog:
        """The write-ahead log of operations."""
        return self.site.oplog

    @property
    def audit(self) -> AuditLog:
        """The audit log."""
        return self.site.audit

    @property
    def clock(self) -> Callable[[], float]:
        """Unix seconds; a test may freeze it."""
        return self.site.clock

    @property
    def context(self) -> PlanContext:
        """What plans of this app are built from and carried out with."""
        from tui.operations.context import PlanContext

        return PlanContext(
            self.environment,
            self.app,
            self.sessions,
            self.board.refresh,
            self.config.limits,
            self.clock,
            self.fleet.sessions,
        )

    def notices(self) -> tuple[Notice, ...]:
        """What the console noticed about the hosts, worst first."""
        from tui.model.card_notice import card_notices, rule_notices
        from tui.model.notice import notices
        from tui.model.pending import pending_notices

        views, now = self.board.views, self.clock()
        found = (
            # What a card says of a failure says more than that there is one.
            *card_notices(self.diagnosis.cards, views, now),
            *notices(views, now),
            *pending_notices(self.left_out, views, now),
            *rule_notices(self.diagnosis.warnings),
        )
        return tuple(sorted(found, key=lambda notice: notice.severity))

    async def read_left_out(self) -> None:
        """Look up here and on the hosts who was left out of what was done to the others."""
        from tui.operations.pending import read_pending

        self.left_out = await read_pending(self.context, self.oplog)

    def start(self, *, journal: bool = True) -> None:
        """Connect, probe and follow in the background; returns at once."""
        self.site.start()
        self._keep(self.board.run(), f"board {self.key}")
        if journal:
            self.board.watch(self._note_clocks)
            self._keep(self._follow(), f"journal {self.key}")

    async def _follow(self) -> None:
        """Follow the journal once it is known what its lines may mean."""
        from tui.diagnosis_rules import load_rules

        loaded = await asyncio.to_thread(load_rules)
        self.diagnosis.use(loaded.rules, loaded.warnings)
        await self.feed.run()

    def _note_clocks(self) -> None:
        self.diagnosis.tick()
        for view in self.board.views:
            snapshot = view.snapshot
            if snapshot is not None and snapshot.machine.skew_s is not None:
                self.feed.note_clock(view.host, snapshot.machine.skew_s, snapshot.rtt_s)

    def _keep(self, work: Coroutine[object, object, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._ended)
        self._tasks.append(task)

    def _ended(self, task: asyncio.Task[None]) -> None:
        # These run for ever. One that dies would leave a screen that looks alive and is not.
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.on_failure(error)

    async def settled(self, timeout_s: float) -> bool:
        """Wait until every host has answered or is known to be unable to; False if time is up."""
        changed = asyncio.Event()
        stop = self.board.watch(changed.set)
        try:
            async with asyncio.timeout(timeout_s):
                while not all(_settled(view) for view in self.board.views):
                    changed.clear()
                    await changed.wait()
        except TimeoutError:
            return False
        finally:
            stop()
        return True

    async def close(self) -> None:
        """End probes, followers and consoles."""
        for console in self.consoles:
            await console.close()
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            # What it died of was told to on_failure when it did.
            await asyncio.wait([task])
        self._tasks.clear()


def _unhandled(error: BaseException) -> None:
    told = {"message": "a service of the console died", "exception": error}
    asyncio.get_running_loop().call_exception_handler(told)


def _settled(view: HostView) -> bool:
    state = view.link.state
    shut = state.final or state in (LinkState.UNREACHABLE, LinkState.NO_ADDRESS)
    return shut or view.snapshot is not None or bool(view.trouble)


def open_site(
    config: Config, environment: Environment, clock: Callable[[], float], state_folder: Path
) -> Site:
    """Build the services of an environment; nothing is connected yet."""
    from tui.operations.audit_log import AuditLog
    from tui.operations.oplog import OpLog
    from tui.ssh.fleet import Fleet
    from tui.ssh.gate import Gate

    gate = Gate(environment.production, config.limits.unlock_minutes * 60, clock)
    fleet = Fleet(environment, config.limits, gate, ssh_config=config.ssh_config, clock=clock)
    return Site(
        config,
        environment,
        fleet,
        gate,
        OpLog(state_folder / "ops", clock),
        AuditLog(state_folder / "audit" / "audit.jsonl", clock),
        clock,
        state_folder / "recordings",
        state_folder / "spilled",
    )


def open_deck(site: Site, app: App) -> Deck:
    """Build the services of an app in an open environment."""
    from tui.operations.diagnosis import Diagnosis
    from tui.operations.follow import JournalFeed
    from tui.operations.snapshot import Board
    from tui.operations.store import MIB, JournalStore

    limits = site.config.limits
    names = [host.name for host in site.environment.hosts_of(app)]
    sessions = {name: site.fleet.sessions[name] for name in names}
    store = JournalStore(
        limits.journal_lines, site.clock, limits.journal_disk_mib * MIB, site.spilled
    )
    board = Board(sessions, app, limits, site.clock)
    diagnosis = Diagnosis(site.clock)
    feed = JournalFeed(sessions, app, limits, store, site.clock, diagnosis)
    return Deck(site, app, sessions, board, store, feed, diagnosis)

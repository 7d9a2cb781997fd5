"""What plans are built from and carried out with, whatever their kind."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from tui.model.fleet import App, Environment, Limits
from tui.model.host import HostSnapshot
from tui.operations.ports import Session

Refresh = Callable[[str], Awaitable[HostSnapshot | None]]
"""Probes a host anew; None if it gave no answer."""


@dataclass(frozen=True, slots=True)
class PlanContext:
    """An app of an environment, the links to its hosts, a fresh look at them, and the time.

    `clock` is Unix seconds. `every` are the links to all hosts of the environment, also to those
    that do not run the app: a host that builds may keep the release store.
    """

    environment: Environment
    app: App
    sessions: Mapping[str, Session]
    refresh: Refresh
    limits: Limits
    clock: Callable[[], float]
    every: Mapping[str, Session] = field(default_factory=dict)

    def link_to(self, name: str) -> Session | None:
        """The link to a host by its name or its address; None if the environment has none."""
        links = {**self.every, **self.sessions}
        found = (link for link in links.values() if name in (link.host.name, link.host.address))
        return links.get(name) or next(found, None)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names of the hosts that run the app, in configured order."""
        return tuple(host.name for host in self.environment.hosts_of(self.app))

    @property
    def migration_host(self) -> str:
        """The one host that runs migrations; empty if the app has no host."""
        return self.app.migration_host or next(iter(self.hosts), "")
